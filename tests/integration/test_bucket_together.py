"""Several daemons on one bucket: what two read at once is harmless, and the newest version has the last word."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import pytest

from buckets import JSON, KEY, BucketSite, a_bucket_inbox, a_document, a_scan, assert_read
from ocr_inbox.database import Database
from ocr_inbox.errors import InboxUnavailableError, SourceChangedError
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Document, JobState, Output
from ocr_inbox.reading import Deliverable
from ocr_inbox.s3 import BucketInbox
from running import eventually
from stores import Store

SIDECAR = "in/scan.png.ocr.json"
OLD, NEW = (Deliverable(output=Output.JSON, content=content) for content in (b'{"of": "old"}', b'{"of": "new"}'))
WITH_AND_WITHOUT_CONDITIONS = pytest.mark.parametrize("store", ["bucket", "minio_bucket"], indirect=True)


def an_inbox(store: Store, folder: Path) -> BucketInbox:
    return a_bucket_inbox(store.settings(folder), store.bucket)


@WITH_AND_WITHOUT_CONDITIONS
@pytest.mark.parametrize("after", ["leave", "archive"])
def test_two_daemons_leave_one_right_sidecar_for_each_of_fifty_objects(
    store: Store, tmp_path: Path, after: Literal["leave", "archive"]
) -> None:
    contents = {f"in/{number:02}.png": a_scan(number) for number in range(50)}
    with ThreadPoolExecutor(8) as people:
        list(people.map(store.put, contents, contents.values()))
    with ExitStack() as stack:
        sites = [
            BucketSite(
                store,
                a_bucket_inbox(store.settings(tmp_path), store.bucket, after=after, reconcile_seconds=0.5),
                Ledger(stack.enter_context(Database(tmp_path / f"{name}.sqlite")), lambda: 0.0),
            )
            for name in ("one", "other")
        ]
        for site in sites:
            stack.enter_context(site.working())
        if after == "leave":
            jobs = [job for site in sites for job in site.until(50, 120)]
        else:  # what one has taken away, the other may never see
            eventually(lambda: len(store.keys("in/archive/")) == 50 and len(store.keys()) == 100, 120)
            jobs = [job for site in sites for job in site.ended()]
    assert {job.state for job in jobs} <= {JobState.DONE, JobState.SKIPPED}
    assert_read(store, contents)


@pytest.mark.parametrize("before", [True, False])
def test_an_older_version_never_writes_over_the_sidecar_of_a_newer_one(
    bucket: Store, tmp_path: Path, *, before: bool
) -> None:
    """It looked at its source a moment too early."""
    bucket.put(KEY, b"pixels")
    if before:
        bucket.put(SIDECAR, b'{"of": "the one before"}')
    slow, quick = an_inbox(bucket, tmp_path), an_inbox(bucket, tmp_path)
    older = a_document(slow)
    slow.locate(older)

    def the_other_is_quicker(**_: object) -> None:
        if bucket.get(KEY) == b"pixels":
            bucket.put(KEY, b"others")
            quick.deliver(a_document(quick), [NEW])

    slow._connection.client().meta.events.register("before-call.s3.PutObject", the_other_is_quicker)
    with pytest.raises(SourceChangedError):
        slow.deliver(older, [OLD])
    assert bucket.get(SIDECAR) == NEW.content


def test_who_finds_the_same_document_read_meanwhile_writes_over_it_knowingly(bucket: Store, tmp_path: Path) -> None:
    bucket.put(KEY, b"pixels")
    one, other = an_inbox(bucket, tmp_path), an_inbox(bucket, tmp_path)
    document = a_document(one)
    one.locate(document)
    puts: list[object] = []

    def the_other_is_quicker(params: dict[str, object], **_: object) -> None:
        puts.append(params["headers"])
        if len(puts) == 1:
            other.deliver(document, [OLD])

    one._connection.client().meta.events.register("before-call.s3.PutObject", the_other_is_quicker)
    one.deliver(document, [NEW])
    assert bucket.get(SIDECAR) == NEW.content
    assert [sorted({"If-None-Match", "If-Match"} & set(headers)) for headers in puts] == [
        ["If-None-Match"],
        ["If-Match"],
    ]  # type: ignore[call-overload] # what botocore hands on


def test_a_sidecar_that_others_write_all_the_time_is_left_to_them(bucket: Store, tmp_path: Path) -> None:
    bucket.put(KEY, b"pixels")
    inbox = an_inbox(bucket, tmp_path)
    document = a_document(inbox)
    inbox.locate(document)
    numbers = iter(range(100))

    def another_again(**_: object) -> None:
        bucket.put(SIDECAR, b"%d" % next(numbers))

    inbox._connection.client().meta.events.register("before-call.s3.PutObject", another_again)
    with pytest.raises(InboxUnavailableError, match="others write it all the time"):
        inbox.deliver(document, [JSON])


@WITH_AND_WITHOUT_CONDITIONS
def test_a_sidecar_that_somebody_deletes_meanwhile_is_written_all_the_same(store: Store, tmp_path: Path) -> None:
    store.put(KEY, b"pixels")
    store.put(SIDECAR, OLD.content)
    inbox = an_inbox(store, tmp_path)
    document = a_document(inbox)
    inbox.locate(document)
    inbox._connection.client().meta.events.register(
        "before-call.s3.PutObject", lambda **_: store.delete(SIDECAR) if SIDECAR in store.keys("in/") else None
    )
    inbox.deliver(document, [NEW])
    assert store.get(SIDECAR) == NEW.content


@WITH_AND_WITHOUT_CONDITIONS
def test_two_who_archive_one_document_at_once_leave_one_copy(store: Store, tmp_path: Path) -> None:
    inboxes = [a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive") for _ in range(4)]
    for number in range(5):
        store.put(KEY, b"pixels %d" % number)
        document = a_document(inboxes[0])
        start = threading.Barrier(len(inboxes))

        def archive(inbox: BucketInbox, document: Document = document, start: threading.Barrier = start) -> None:
            start.wait()
            inbox.archive(document)

        with ThreadPoolExecutor(len(inboxes)) as daemons:
            list(daemons.map(archive, inboxes))
        assert KEY not in store.keys("in/")
    archived = store.keys("in/archive/")
    assert sorted(map(store.get, archived)) == [b"pixels %d" % number for number in range(5)]
