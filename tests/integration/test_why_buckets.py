"""`why` about objects: asked of the store itself, whether a daemon runs or not."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bucket_sites import store_keys
from builders import an_assignment
from configurations import write_configuration
from ocr_inbox.bookmarks import Bookmarks
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.dossier import Dossier, gathered
from ocr_inbox.explanation import explained
from ocr_inbox.ledger import Ledger
from ocr_inbox.lookup import meant_by
from ocr_inbox.model import Arrival, Document, PipelineName
from ocr_inbox.places import place_of
from ocr_inbox.settings import Settings, load_settings
from stores import Store

KEY = "text/münchen 1+.png"


@pytest.fixture
def chronicle(tmp_path: Path) -> Iterator[Chronicle]:
    with Database(tmp_path / "ledger.sqlite") as database:
        yield Chronicle(database)


def _settings(folder: Path, store: Store, **bucket: Any) -> Settings:
    inbox = {"name": "scans", "store": "near", "bucket": store.bucket, "prefix": "in/", **bucket}
    write_configuration(folder / "ocr-inbox.toml", 0, inboxes=(), stores=[store_keys(store, folder)], buckets=[inbox])
    return load_settings(folder / "ocr-inbox.toml")


def _dossier(settings: Settings, chronicle: Chronicle, asked: str) -> Dossier:
    return gathered(settings, chronicle, meant_by(settings, chronicle, asked), runs=True, health=None)


def _noted(settings: Settings, chronicle: Chronicle) -> Document:
    place = place_of(settings, "scans")
    assert place is not None
    document = Document(inbox="scans", key=KEY, version=place.look(KEY).version or "")
    Ledger(chronicle.database, time.time).enqueue([(Arrival(document=document, size=6), an_assignment())])
    return document


def test_an_object_is_found_as_it_is_called_and_as_sidecars_call_it(
    tmp_path: Path, bucket: Store, chronicle: Chronicle
) -> None:
    settings = _settings(tmp_path, bucket)
    bucket.put(f"in/{KEY}", b"pixels")
    _noted(settings, chronicle)
    uri = _dossier(settings, chronicle, "1").uri
    assert uri == f"s3://{bucket.bucket}/in/text/m%C3%BCnchen%201%2B.png"
    for asked in (uri, f"s3://{bucket.bucket}/in/{KEY}", KEY):
        dossier = _dossier(settings, chronicle, asked)
        assert dossier.present.size == 6
        assert explained(dossier).answer == "It waits for its turn, and it is the next."


def test_what_lay_there_before_it_was_watched_names_the_backfill(
    tmp_path: Path, bucket: Store, chronicle: Chronicle
) -> None:
    settings = _settings(tmp_path, bucket, existing="leave")
    bucket.put(f"in/{KEY}", b"pixels")
    uri = f"s3://{bucket.bucket}/in/{KEY}"
    Bookmarks(chronicle.database, lambda: time.time() + 3600).watched_since("scans")
    told = explained(_dossier(settings, chronicle, uri))
    assert told.answer == 'It lay there before the bucket was watched, and existing = "leave".'
    assert told.remedy.startswith("`ocr-inbox backfill scans`")


def test_what_was_moved_is_found_at_the_failed_place_with_its_sidecar(
    tmp_path: Path, bucket: Store, chronicle: Chronicle
) -> None:
    settings = _settings(tmp_path, bucket, after_failure="move")
    bucket.put(f"in/{KEY}", b"pixels")
    document = _noted(settings, chronicle)
    bucket.delete(f"in/{KEY}")
    bucket.put(f"failed/{KEY}", b"pixels")
    sidecar = {"status": "error", "source": {"version": document.version}, "engine": {"config_digest": "c0ffee"}}
    bucket.put(f"failed/{KEY}.ocr.json", json.dumps(sidecar).encode())
    ledger = Ledger(chronicle.database, time.time)
    ledger.bury(ledger.claim(PipelineName.TEXT, "lane", 1)[0], "unreadable", "why")
    dossier = _dossier(settings, chronicle, KEY)
    assert list(dossier.aside) == ["failed"]
    assert dossier.left is not None
    assert (dossier.left.status, dossier.left.version) == ("error", document.version)
    assert "put it back into the inbox (s3://" in explained(dossier).remedy


def test_a_store_that_does_not_answer_leaves_a_gap_that_says_why(
    tmp_path: Path, bucket: Store, chronicle: Chronicle
) -> None:
    settings = _settings(tmp_path, bucket)
    bucket.put(f"in/{KEY}", b"pixels")
    _noted(settings, chronicle)
    gone = _settings(tmp_path, replace(bucket, bucket="a-bucket-that-never-was"))
    dossier = _dossier(gone, chronicle, KEY)
    assert "there is no such bucket" in (dossier.present.problem or "")
    assert dossier.current is not None
    assert explained(dossier).answer == "It waits for its turn, and it is the next."
