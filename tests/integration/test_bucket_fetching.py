"""A reader fetches an object itself: whole, in the version that was asked for, and not for ever."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from buckets import KEY, BucketSite, LoadedReaders, a_bucket_inbox, a_scan, assert_read, requests_made
from engines import ObedientEngine
from ocr_inbox.errors import (
    AccessDeniedError,
    InboxAwayError,
    InboxUnavailableError,
    SourceChangedError,
    SourceGoneError,
    TooLargeError,
)
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from ocr_inbox.objects import ObjectName, ObjectSource
from ocr_inbox.objects import Store as StoreSettings
from ocr_inbox.ports import Outcome
from ocr_inbox.processes import Care
from ocr_inbox.processes.reader import Reader
from ocr_inbox.pulse import Pulse
from ocr_inbox.reading import Limits, Window
from ocr_inbox.s3 import fetching
from ocr_inbox.s3 import store as connecting
from ocr_inbox.s3.fetching import Fetcher
from pages import tiff_of
from stores import Store, microburst
from stores.microburst import Fault

MEBIBYTE = 1 << 20


def a_source(store: Store, folder: Path, content: bytes) -> ObjectSource:
    """Where a reader finds this content, which is there."""
    etag = store.put(KEY, content).strip('"')
    name = ObjectName(bucket=store.bucket, key=KEY)
    return ObjectSource(store=store.settings(folder), name=name, etag=etag, size=len(content))


def test_an_object_is_fetched_whole(bucket: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    assert Fetcher().fetch(a_source(bucket, tmp_path, content), len(content)) == content


def test_five_gigabytes_are_refused_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = requests_made(monkeypatch)
    nowhere = ObjectName(bucket="nowhere", key=KEY)
    source = ObjectSource(store=StoreSettings(endpoint_url="http://127.0.0.1:9"), name=nowhere, etag="0", size=5 << 30)
    with pytest.raises(TooLargeError, match="5368709120 bytes and 268435456 are allowed"):
        Fetcher().fetch(source, Limits().max_bytes)
    assert asked == []


def test_an_object_over_the_limit_is_buried_and_never_fetched(
    bucket: Store, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requests_made(monkeypatch)
    bucket.put(KEY, a_scan() + bytes(MEBIBYTE))
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, after_failure="move")
    site = BucketSite(bucket, inbox, ledger, LoadedReaders(Limits(max_bytes=MEBIBYTE)))
    with site.working():
        (job,) = site.until(1)
    assert (job.state, job.code, site.readers.engine.read_so_far) == (JobState.BURIED, "too_large", 0)
    assert bucket.keys() == ["in/failed/scan.png", "in/failed/scan.png.ocr.json"]
    assert asked.count("GetObject") == 1  # whether there is a sidecar


@pytest.mark.parametrize("store", ["bucket", "minio_bucket"], indirect=True)
def test_another_version_is_not_fetched(store: Store, tmp_path: Path) -> None:
    source = a_source(store, tmp_path, b"pixels")
    store.put(KEY, b"others")
    with pytest.raises(SourceChangedError):
        Fetcher().fetch(source, MEBIBYTE)
    store.delete(KEY)
    with pytest.raises(SourceGoneError) as failure:
        Fetcher().fetch(source, MEBIBYTE)
    assert failure.value.code == "vanished"


def test_what_is_replaced_between_being_located_and_fetched_is_read_in_its_new_version(
    bucket: Store, ledger: Ledger, tmp_path: Path
) -> None:
    """The first version is let go; nothing of it is left."""

    class Replacing(LoadedReaders):
        def read(self, batch: list[Window]) -> list[Outcome]:
            if self.engine.read_so_far == 0 and bucket.get(KEY) == a_scan(1):
                bucket.put(KEY, a_scan(2))
            return list(super().read(batch))

    bucket.put(KEY, a_scan(1))
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, reconcile_seconds=0.2)
    site = BucketSite(bucket, inbox, ledger, Replacing())
    with site.working():
        first, second = site.until(2)
    assert (first.state, first.code) == (JobState.SKIPPED, "superseded")
    assert (second.state, second.document.key) == (JobState.DONE, first.document.key)
    assert site.readers.engine.read_so_far == 1
    assert_read(bucket, {KEY: a_scan(2)})


def test_the_windows_of_one_document_fetch_it_once(
    bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requests_made(monkeypatch)
    source = a_source(bucket, tmp_path, tiff_of([Image.new("RGB", (40, 40))] * 3))
    readers = LoadedReaders()
    for page in range(3):
        readers.read([Window(source=source, first_page=page, page_count=1)])
    assert (readers.engine.read_so_far, asked) == (3, ["GetObject"])


@pytest.mark.parametrize(
    "fault",
    [
        Fault(operation="GetObject", reset=True, times=2),
        Fault(operation="GetObject", cut_answer_after=100_000, times=2),
        Fault(operation="GetObject", short_answer_after=100_000, times=2),
        Fault(operation="GetObject", error="SlowDown", status=503, times=2),
        Fault(operation="GetObject", error="InternalError", status=500, times=2),
    ],
)
def test_a_download_that_breaks_off_is_begun_again(faulty_bucket: Store, tmp_path: Path, fault: Fault) -> None:
    content = bytes(range(256)) * 10_000
    source = a_source(faulty_bucket, tmp_path, content)
    microburst.tell(faulty_bucket, fault)
    assert Fetcher().fetch(source, len(content)) == content
    assert len(microburst.fired(faulty_bucket)) == 2


def test_a_download_that_always_breaks_off_is_the_store_s_fault(faulty_bucket: Store, tmp_path: Path) -> None:
    source = a_source(faulty_bucket, tmp_path, bytes(500_000))
    microburst.tell(faulty_bucket, Fault(operation="GetObject", cut_answer_after=100_000))
    with pytest.raises(InboxUnavailableError):
        Fetcher().fetch(source, MEBIBYTE)
    assert len(microburst.fired(faulty_bucket)) == 3


def test_a_download_that_is_refused_is_not_tried_again(faulty_bucket: Store, tmp_path: Path) -> None:
    source = a_source(faulty_bucket, tmp_path, b"pixels")
    microburst.tell(faulty_bucket, Fault(operation="GetObject", error="AccessDenied", status=403))
    with pytest.raises(AccessDeniedError, match="cannot read the object: access denied"):
        Fetcher().fetch(source, MEBIBYTE)
    assert len(microburst.fired(faulty_bucket)) == 1


def test_a_slow_store_is_waited_for(faulty_bucket: Store, tmp_path: Path) -> None:
    source = a_source(faulty_bucket, tmp_path, b"pixels")
    microburst.tell(faulty_bucket, Fault(operation="GetObject", delay_ms=700))
    assert Fetcher().fetch(source, MEBIBYTE) == b"pixels"


def test_a_silent_store_is_asked_once_and_then_left(
    faulty_bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for an answer five times waits for minutes, and a reader is killed meanwhile."""
    monkeypatch.setattr(connecting, "_READ_SECONDS", 0.3)
    source = a_source(faulty_bucket, tmp_path, b"pixels")
    microburst.tell(faulty_bucket, Fault(operation="GetObject", delay_ms=5000))
    with pytest.raises(InboxUnavailableError, match="Read timeout"):
        Fetcher().fetch(source, MEBIBYTE)
    assert len(microburst.fired(faulty_bucket)) == 1


def test_a_download_that_takes_for_ever_is_given_up_before_the_reader_is(
    bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ObjectSource, "fetch_seconds", -1.0)
    monkeypatch.setattr(fetching, "_CHUNK", 1000)
    source = a_source(bucket, tmp_path, bytes(2000))
    with pytest.raises(InboxUnavailableError, match="sent 1000 of 2000 bytes in time"):
        Fetcher().fetch(source, MEBIBYTE)


def test_a_reader_has_time_for_fetching_beside_reading(bucket: Store, tmp_path: Path) -> None:
    """Otherwise a slow store would cost a document its attempts."""
    reader = Reader(ObedientEngine, Care(preload="string", page_seconds=10.0), Pulse())
    source = replace(a_source(bucket, tmp_path, b"pixels"), size=256 * MEBIBYTE)
    window = Window(source=source, first_page=0, page_count=2)
    assert reader._limit([window, window]) == 2 * (20.0 + 150.0 + 1024.0)


def test_a_bucket_that_is_gone_is_none_whose_objects_are_gone(
    bucket: Store, faulty_bucket: Store, tmp_path: Path
) -> None:
    """There are stores that say of its objects that they are not there."""
    source = a_source(faulty_bucket, tmp_path, b"pixels")
    microburst.tell(faulty_bucket, Fault(operation="GetObject", error="NoSuchKey", status=404))
    with pytest.raises(SourceGoneError):
        Fetcher().fetch(source, MEBIBYTE)
    bucket.delete(source.name.key)
    bucket.client().delete_bucket(Bucket=bucket.bucket)
    with pytest.raises(InboxAwayError, match="there is no such bucket"):
        Fetcher().fetch(source, MEBIBYTE)


def test_a_store_that_is_not_there_is_unavailable(bucket: Store, tmp_path: Path) -> None:
    source = a_source(bucket, tmp_path, b"pixels")
    gone = replace(source, store=replace(source.store, endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(InboxUnavailableError, match="Could not connect"):
        Fetcher().fetch(gone, MEBIBYTE)
