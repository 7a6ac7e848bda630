"""Listings find everything; what others tell only makes it sooner, and is answered when the ledger has it."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from buckets import a_bucket_inbox, requests_made
from listening import listening
from ocr_inbox.model import Arrival
from ocr_inbox.objects import ObjectName
from ocr_inbox.s3 import BucketInbox, hearsay, lookout
from running import eventually
from stores import Store, microburst
from stores.microburst import Fault

Batch = Sequence[Arrival]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "_FIRST_PAUSE", 0.2)


class Told:
    """Hints about objects of a bucket, and which of them were answered."""

    def __init__(self, store: Store, inbox: BucketInbox) -> None:
        self.answered: list[str] = []
        self._store = store
        self._inbox = inbox

    def tell(self, *keys: str) -> bool:
        names = [ObjectName(bucket=self._store.bucket, key=key) for key in keys]
        return self._inbox.hear(names, lambda: self.answered.append(keys[0]))


def scanned(inbox: BucketInbox) -> None:
    eventually(lambda: inbox.vitals().last_scan_at)


def keys_of(batch: Batch) -> list[str]:
    return [arrival.document.key for arrival in batch]


def next_with_something(batches: Iterator[Batch]) -> Batch:
    return next(batch for batch in batches if batch)


def test_what_is_told_arrives_at_once_and_is_answered_when_it_is_noted(bucket: Store, tmp_path: Path) -> None:
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket)
    told, batches = Told(bucket, inbox), inbox.arrivals(threading.Event())
    bucket.put("in/before.png", b"pixels")
    assert keys_of(next_with_something(batches)) == ["before.png"]
    bucket.put("in/scan.png", b"pixels")
    assert told.tell("in/scan.png")
    (arrival,) = next_with_something(batches)
    assert (arrival.document.key, arrival.size, arrival.by_event, told.answered) == ("scan.png", 6, True, [])
    assert told.tell("in/before.png")
    assert keys_of(next_with_something(batches)) == ["before.png"]
    assert told.answered == ["in/scan.png"]
    assert inbox.vitals().heard == 2


def test_an_event_and_a_listing_mean_the_same_document(bucket: Store, minio_bucket: Store, tmp_path: Path) -> None:
    for store in (bucket, minio_bucket):
        inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket)
        store.put("in/scan.png", b"pixels")
        with listening(inbox) as listener:
            first = listener.expect("scan.png")
            scanned(inbox)
            listener.forget()
            Told(store, inbox).tell("in/scan.png")
            second = listener.expect("scan.png")
        assert (first.by_event, second.by_event) == (False, True)
        assert first.document == second.document


def test_what_is_gone_empty_or_no_document_is_answered_and_does_not_arrive(bucket: Store, tmp_path: Path) -> None:
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket)
    told = Told(bucket, inbox)
    bucket.put("in/empty.png", b"")
    keys = ["in/gone.png", "in/empty.png", "in/.hidden", "in/scan.png.ocr.json", "in/archive/scan.png", "out/scan.png"]
    with listening(inbox) as listener:
        scanned(inbox)
        assert all(told.tell(key) for key in keys)
        eventually(lambda: set(told.answered) == set(keys))
        assert listener.seen() == set()


def test_the_same_told_five_times_and_out_of_order_is_one_document(bucket: Store, tmp_path: Path) -> None:
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket)
    told = Told(bucket, inbox)
    with listening(inbox) as listener:
        scanned(inbox)
        for key in ["b", "a"] * 5:
            bucket.put(f"in/{key}.png", b"pixels")
            told.tell(f"in/{key}.png")
        eventually(lambda: len(told.answered) == 10)
        assert listener.seen() == {"a.png", "b.png"}


def test_what_was_told_while_the_store_was_away_is_kept(bucket: Store, faulty_bucket: Store, tmp_path: Path) -> None:
    inbox = a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket, reconcile_seconds=600)
    told = Told(bucket, inbox)
    with listening(inbox) as listener:
        scanned(inbox)
        bucket.put("in/scan.png", b"pixels")
        microburst.tell(faulty_bucket, Fault(error="InternalError", status=500))
        told.tell("in/scan.png")
        assert "cannot look at in/scan.png" in (eventually(lambda: inbox.vitals().problem) or "")
        assert told.answered == []
        microburst.tell(faulty_bucket)
        assert listener.expect("scan.png").by_event
        eventually(lambda: told.answered)
        eventually(lambda: inbox.vitals().problem is None)


def test_trouble_with_one_object_does_not_list_all_of_them_again(
    bucket: Store, faulty_bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That may be a million, and takes minutes."""
    asked = requests_made(monkeypatch)
    inbox = a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket, reconcile_seconds=600)
    told = Told(bucket, inbox)
    with listening(inbox) as listener:
        scanned(inbox)
        bucket.put("in/scan.png", b"pixels")
        microburst.tell(faulty_bucket, Fault(operation="HeadObject", error="InternalError", status=500, times=6))
        told.tell("in/scan.png")
        listener.expect("scan.png")
        eventually(lambda: inbox.vitals().problem is None)
    assert Counter(asked) == {"ListObjectsV2": 2, "HeadObject": 2}  # the proxy leaves out how long an object is


def test_what_nobody_may_look_at_arrives_all_the_same(bucket: Store, faulty_bucket: Store, tmp_path: Path) -> None:
    """The job then waits and says why, and other hints do not wait behind this one."""
    inbox = a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket, reconcile_seconds=600)
    with listening(inbox) as listener:
        scanned(inbox)
        bucket.put("in/scan.png", b"pixels")
        microburst.tell(faulty_bucket, Fault(operation="HeadObject", error="AccessDenied", status=403))
        Told(bucket, inbox).tell("in/scan.png")
        assert listener.expect("scan.png").by_event


def test_more_than_can_be_kept_is_refused_and_everything_is_listed(
    bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearsay, "_MOST", 2)
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, reconcile_seconds=600)
    told, batches = Told(bucket, inbox), inbox.arrivals(threading.Event())
    bucket.put("in/a.png", b"pixels")
    assert keys_of(next_with_something(batches)) == ["a.png"]
    assert [told.tell(f"in/{key}.png") for key in ("b", "c", "d")] == [True, True, False]
    for key in ("b", "c", "d"):
        bucket.put(f"in/{key}.png", b"pixels")
    found: list[str] = []
    while "d.png" not in found:
        found += keys_of(next(batches))
    assert told.answered == ["in/b.png", "in/c.png"]


def test_what_lay_there_before_is_left_alone_whoever_tells_of_it(bucket: Store, tmp_path: Path) -> None:
    bucket.put("in/old.png", b"pixels")
    old = bucket.client().head_object(Bucket=bucket.bucket, Key="in/old.png")["LastModified"].timestamp()
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, not_before=old + 1.5, reconcile_seconds=0.2)
    told = Told(bucket, inbox)
    number = iter(range(1000))
    with listening(inbox) as listener:
        told.tell("in/old.png")
        eventually(lambda: told.answered)
        eventually(lambda: bucket.put(f"in/{next(number)}.png", b"pixels") and listener.seen())
        assert "old.png" not in listener.seen()


def test_a_scan_that_is_wished_for_during_another_follows_it(bucket: Store, tmp_path: Path) -> None:
    bucket.put("in/a.png", b"pixels")
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, reconcile_seconds=600)
    batches = inbox.arrivals(threading.Event())
    assert keys_of(next_with_something(batches)) == ["a.png"]
    bucket.put("in/b.png", b"pixels")
    inbox.rescan()
    assert keys_of(next_with_something(batches)) == ["a.png", "b.png"]


def test_an_inbox_that_was_listened_to_before_begins_with_a_scan(bucket: Store, tmp_path: Path) -> None:
    bucket.put("in/a.png", b"pixels")
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, reconcile_seconds=600)
    for _ in range(2):
        with listening(inbox) as listener:
            listener.expect("a.png")


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        ("PermanentRedirect", 301, "the bucket is in another region; correct `region`"),
        ("TemporaryRedirect", 307, "TemporaryRedirect"),
        ("AllAccessDisabled", 403, "access denied; the bucket is closed to everybody"),
        ("Teapot", 418, "Teapot"),
        ("NotModified", 304, "304"),
    ],
)
def test_whatever_a_store_answers_the_inbox_waits_and_says_why(
    faulty_bucket: Store, tmp_path: Path, error: str, status: int, reason: str
) -> None:
    microburst.tell(faulty_bucket, Fault(operation="ListObjectsV2", error=error, status=status))
    inbox = a_bucket_inbox(faulty_bucket.settings(tmp_path), faulty_bucket.bucket)
    with listening(inbox):
        problem = eventually(lambda: inbox.vitals().problem) or ""
        assert problem.startswith(f"cannot list bucket {faulty_bucket.bucket}: ")
        assert reason in problem
        microburst.tell(faulty_bucket)
        scanned(inbox)


def test_a_bucket_on_a_store_that_nobody_reaches_is_no_end_of_the_daemon(bucket: Store, tmp_path: Path) -> None:
    settings = replace(bucket.settings(tmp_path), endpoint_url="http://127.0.0.1:9")
    inbox = a_bucket_inbox(settings, bucket.bucket)
    with listening(inbox):
        assert "Could not connect to the endpoint URL" in (eventually(lambda: inbox.vitals().problem, 60) or "")
