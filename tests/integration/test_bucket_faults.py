"""Stores fail, hang, go away and come back: nothing is lost, nothing is read twice, and the reason is there to read."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import botocore.auth
import pytest
import structlog.testing

from buckets import BucketSite, a_bucket_inbox, a_scan, assert_read, requests_made
from listening import listening
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from ocr_inbox.objects import ObjectName
from ocr_inbox.s3 import BucketInbox, lookout
from running import eventually
from stores import Store, microburst, seaweedfs
from stores.microburst import Fault

MANY = 40
AWAY_SECONDS = 1.0


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "_FIRST_PAUSE", 0.2)


def put_many(store: Store, count: int = MANY) -> dict[str, bytes]:
    contents = {f"in/{number:04}.png": a_scan(number) for number in range(count)}
    with ThreadPoolExecutor(8) as people:
        list(people.map(store.put, contents, contents.values()))
    return contents


def problem_of(inbox: BucketInbox) -> str:
    return eventually(lambda: inbox.vitals().problem) or ""


def assert_well_again(inbox: BucketInbox) -> None:
    eventually(lambda: inbox.vitals().problem is None)


def test_half_of_all_requests_may_be_turned_away(
    bucket: Store, faulty_bucket: Store, ledger: Ledger, tmp_path: Path
) -> None:
    """A second is lost with each of them on average, and not one reading."""
    contents = put_many(bucket, MANY // 10)
    microburst.tell(faulty_bucket, Fault(error="SlowDown", status=503, probability=0.5))
    site = BucketSite(bucket, a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket), ledger)
    with site.working():
        jobs = site.until(len(contents), 250)
    assert {job.state for job in jobs} == {JobState.DONE}
    assert {job.attempts - (job.attempts_allowed - 3) for job in jobs} == {1}  # none was the document's fault
    assert_read(bucket, contents)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(probability=0.15, reset=True),
        Fault(operation="PutObject", cut_upload_after=100, fails=1, passes=1),
        Fault(probability=0.15, error="InternalError", status=500),
        Fault(operation="GetObject", cut_answer_after=20, fails=1, passes=1),
        Fault(operation="HeadObject", cut_answer_after=20, fails=1, passes=1),
        Fault(probability=0.15, cut_answer_after=20),
    ],
)
def test_what_breaks_off_is_done_again(
    bucket: Store, faulty_bucket: Store, ledger: Ledger, tmp_path: Path, fault: Fault
) -> None:
    contents = put_many(bucket, 10)
    microburst.tell(faulty_bucket, fault)
    site = BucketSite(bucket, a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket), ledger)
    with site.working():
        jobs = site.until(len(contents), 120)
    assert {job.state for job in jobs} == {JobState.DONE}
    assert microburst.fired(faulty_bucket) != []
    assert_read(bucket, contents)


def test_a_store_that_is_killed_while_many_are_read_costs_nothing_but_time(ledger: Ledger, tmp_path: Path) -> None:
    with seaweedfs.serving(tmp_path) as server:
        store = server.store.fresh()
        contents = put_many(store)
        inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="tag", reconcile_seconds=0.5)
        site = BucketSite(store, inbox, ledger)
        with site.working():
            site.until(MANY // 4, 120)
            server.kill()
            assert "list bucket" in problem_of(inbox) or site.until_one_waits().code == "inbox_unavailable"
            time.sleep(AWAY_SECONDS)
            server.start()
            jobs = site.until(MANY, 300)
            assert_well_again(inbox)
        assert {job.state for job in jobs} == {JobState.DONE}
        assert len(jobs) == MANY
        assert_read(store, contents)


def test_a_store_that_is_not_there_yet_is_waited_for(ledger: Ledger, tmp_path: Path) -> None:
    with seaweedfs.serving(tmp_path) as server:
        store = server.store.fresh()
        contents = put_many(store, 2)
        server.kill()
        site = BucketSite(store, a_bucket_inbox(store.settings(tmp_path), store.bucket), ledger)
        with structlog.testing.capture_logs() as logs, site.working():
            assert problem_of(site.inbox).startswith(f"cannot list bucket {store.bucket}: Could not connect to")
            server.start()
            site.until(2)
            assert_well_again(site.inbox)
        assert_read(store, contents)
    assert [line["event"] for line in logs if line["event"].startswith("inbox_")] == ["inbox_troubled", "inbox_watched"]


def test_a_bucket_that_is_deleted_pauses_the_inbox_and_what_waits_in_it_waits_on(
    bucket: Store, ledger: Ledger, tmp_path: Path
) -> None:
    """Nobody can tell whether its objects are gone for good."""
    contents = put_many(bucket, 2)
    client, inbox = bucket.client(), a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, reconcile_seconds=0.2)
    site = BucketSite(bucket, inbox, ledger)
    site.readers.turn.acquire()
    with site.working():
        eventually(lambda: inbox.vitals().last_scan_at)
        for key in contents:
            bucket.delete(key)
        client.delete_bucket(Bucket=bucket.bucket)
        assert (
            problem_of(inbox)
            == f"cannot list bucket {bucket.bucket}: there is no such bucket; make it, or correct its name"
        )
        site.readers.turn.release()
        waiting = site.until_one_waits()
        assert (waiting.code, site.ended()) == ("inbox_unavailable", [])
        client.create_bucket(Bucket=bucket.bucket)
        for key, content in contents.items():
            bucket.put(key, content)
        eventually(lambda: len(bucket.keys()) == 2 * len(contents), 60)
        assert_well_again(inbox)
    assert_read(bucket, contents)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(operation="ListObjectsV2", error="InternalError", status=500),
        Fault(operation="ListObjectsV2", short_answer_after=2000),
        Fault(operation="ListObjectsV2", cut_answer_after=2000),
    ],
)
def test_a_listing_that_breaks_off_is_no_end_of_the_bucket(
    bucket: Store, faulty_bucket: Store, tmp_path: Path, fault: Fault
) -> None:
    contents = put_many(bucket, 1010)
    inbox = a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket)
    microburst.tell(faulty_bucket, replace(fault, passes=1, fails=7))
    with listening(inbox) as listener:
        assert problem_of(inbox).startswith(f"cannot list bucket {bucket.bucket}: ")
        assert inbox.vitals().last_scan_at is None
        microburst.tell(faulty_bucket)
        listener.wait(lambda: len(listener.seen()) == len(contents))
        assert_well_again(inbox)
        assert inbox.vitals().last_scan_at is not None
        assert inbox.vitals().listed == len(contents)


def test_what_is_no_object_store_is_said_so(tmp_path: Path, bucket: Store) -> None:
    with a_web_page() as endpoint:
        settings = replace(bucket.settings(tmp_path), endpoint_url=endpoint)
        inbox = a_bucket_inbox(settings, bucket.bucket)
        with listening(inbox):
            assert problem_of(inbox).endswith("no object store answers so; correct its URL")


@contextmanager
def a_web_page() -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html><p>Welcome</p></html>")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("request_name", ["ListObjectsV2", "HeadObject"])
def test_an_inbox_stops_at_once_whatever_hangs(
    tmp_path: Path, request_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requests_made(monkeypatch)
    with seaweedfs.serving(tmp_path) as server, ExitStack() as stack:
        server.store.put("in/scan.png", b"pixels")
        inbox = a_bucket_inbox(server.store.settings(tmp_path), server.store.bucket)
        stack.enter_context(listening(inbox))
        eventually(lambda: inbox.vitals().last_scan_at)
        server.pause()
        asked.clear()
        if request_name == "HeadObject":
            assert inbox.hear([ObjectName(bucket=server.store.bucket, key="in/scan.png")], lambda: None)
        else:
            inbox.rescan()
        eventually(lambda: request_name in asked)
        began = time.monotonic()
        stack.close()
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(("minutes", "well"), [(10, True), (20, False), (-20, False)])
def test_a_clock_that_is_off_is_said_so_once_the_store_minds(
    bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, minutes: int, well: bool
) -> None:
    """Stores mind from a quarter of an hour on."""
    bucket.put("in/scan.png", b"pixels")
    off, now = timedelta(minutes=minutes), botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *arguments: now(*arguments) + off)
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket)
    with listening(inbox) as listener:
        if well:
            listener.expect("scan.png")
        else:
            assert problem_of(inbox).endswith(
                "this machine's clock and the store's differ too much; set the clock (timedatectl)"
            )
