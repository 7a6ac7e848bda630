"""A store that takes every connection and never answers: the daemon ends all the same when it is told to."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from builders import an_arrival, an_assignment
from ledgers import TEXT
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from running import Site, eventually, make_site

HANDS = 4
FOR_EVER = "ocr_inbox.s3.store:_READ_SECONDS=3600"


@pytest.fixture
def silence() -> Iterator[int]:
    """The port of somebody who never says a word: the kernel accepts for them."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def hanging(tmp_path: Path, silence: int) -> Site:
    """Documents in a silent store which have their sidecar, so that every hand has only the store to do with."""
    key = tmp_path / "key"
    key.write_text("key", encoding="ascii")
    store = {"name": "near", "endpoint_url": f"http://127.0.0.1:{silence}", "addressing": "path"}
    store |= {"access_key_file": str(key), "secret_key_file": str(key)}
    rules = [{"match": "**", "pipeline": "text"}]
    bucket = {"name": "scans", "store": "near", "bucket": "silent", "prefix": "in/", "after": "delete", "rules": rules}
    site = make_site(tmp_path, inboxes=(), stores=[store], buckets=[bucket], top={"grace_seconds": 0.5})
    site.state.mkdir()
    with Database(site.ledger) as database:
        ledger = Ledger(database, time.time)
        ledger.enqueue([(an_arrival(f"{number}.png", version="etag-1-1"), an_assignment()) for number in range(8)])
        for job in ledger.claim(TEXT, "the daemon before", 8):
            ledger.note_sidecar(job, f"s3://silent/in/{job.document.key}.ocr.json", 1)
        ledger.release()
    return site


def test_what_hangs_in_a_store_holds_up_no_end_and_uses_up_no_attempt(hanging: Site) -> None:
    with hanging.serving(SET=FOR_EVER) as daemon:
        eventually(lambda: sum(job.state is JobState.RUNNING for job in hanging.jobs()) == HANDS + 1)
        assert daemon.stop() == 0
    assert {(job.state, job.attempts_allowed - job.attempts) for job in hanging.jobs()} == {(JobState.WAITING, 3)}
    assert {job.code for job in hanging.jobs()} == {"stopping"}
    assert "Traceback" not in hanging.log.read_text(encoding="utf-8")
