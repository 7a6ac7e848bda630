"""The stores that other tests stand on: each starts, stores, and has its objects again after it was killed."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from running import eventually
from stores import Store, juicefs, microburst, ministack, seaweedfs
from stores.microburst import Fault
from stores.server import Server, program

Serving = Callable[[Path], AbstractContextManager[Server]]

everywhere = pytest.mark.parametrize("serving", [seaweedfs.serving, juicefs.serving, ministack.serving])


@everywhere
def test_a_store_that_is_killed_comes_back_with_its_objects(serving: Serving, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        store = server.store.fresh()
        store.put("in/scan 1.png", b"pixels")
        server.kill()
        assert server.pids() == []
        with pytest.raises(BotoCoreError):
            store.client(attempts=1).list_objects_v2(Bucket=store.bucket)
        server.start()
        assert store.get("in/scan 1.png") == b"pixels"
        assert store.keys() == ["in/scan 1.png"]


@everywhere
def test_a_store_that_is_paused_keeps_who_asks_waiting(serving: Serving, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.store.put("scan.png", b"pixels")
        server.pause()
        asked = threading.Thread(target=server.store.get, args=("scan.png",))
        asked.start()
        asked.join(0.3)
        assert asked.is_alive()
        server.resume()
        asked.join()


def test_a_store_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from stores import juicefs
        with juicefs.serving(Path(sys.argv[1])) as server:
            print(server.pids()[0], flush=True)
            sys.stdin.read()
    """
    tests = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with tests:
        assert tests.stdout is not None
        pid = int(tests.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        tests.send_signal(signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{pid}").exists())


def test_a_store_that_cannot_start_says_what_its_log_says(tmp_path: Path) -> None:
    nobody = Store(endpoint="http://127.0.0.1:9", access_key="", secret_key="", bucket="ready")
    server = Server(nobody, ["weed", "no-such-thing"], folder=tmp_path)
    with pytest.raises(AssertionError, match=r"(?s)cannot start .*weed: it ended by itself.*no-such-thing"):
        server.start()


def test_a_program_that_is_missing_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="not-there: it is not installed; the dev extra has it"):
        program("not-there")


def test_a_bucket_of_one_s_own_is_empty(bucket: Store, minio_bucket: Store, sqs_bucket: Store) -> None:
    for store in (bucket, minio_bucket, sqs_bucket):
        assert store.keys() == []
        store.put("scan.png", b"pixels")
        store.delete("scan.png")
        assert store.keys() == []


def test_the_proxy_fails_as_it_is_told_and_then_no_more(bucket: Store, faulty_bucket: Store) -> None:
    microburst.tell(faulty_bucket, Fault(operation="PutObject", error="SlowDown", status=503, times=2))
    faulty_bucket.put("scan.png", b"pixels")  # boto3 tries three times
    assert microburst.fired(faulty_bucket) == ["PutObject", "PutObject"]
    assert bucket.get("scan.png") == b"pixels"


@pytest.mark.parametrize("fault", [Fault(cut_answer_after=1000), Fault(reset=True), Fault(corrupt_bytes=3)])
def test_the_proxy_spoils_a_download(faulty_bucket: Store, fault: Fault) -> None:
    faulty_bucket.put("scan.png", bytes(100_000))
    microburst.tell(faulty_bucket, fault)
    with pytest.raises(BotoCoreError):
        faulty_bucket.get("scan.png")


def test_the_proxy_leaves_signatures_to_the_store(faulty_bucket: Store) -> None:
    stranger = replace(faulty_bucket, secret_key=faulty_bucket.access_key)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.put("scan.png", b"pixels")


@contextmanager
def listening(events: "Queue[tuple[str, Any]]") -> Iterator[str]:
    """The address of a server that puts what it is told, and by what token, into the queue."""

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            events.put((self.headers["Authorization"], json.loads(content)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/events"
        finally:
            server.shutdown()
            thread.join()


def test_events_of_a_bucket_are_posted_and_survive_a_kill(tmp_path: Path) -> None:
    events: Queue[tuple[str, Any]] = Queue()
    word = "open sesame"
    with listening(events) as url, juicefs.serving(tmp_path, webhook=url, token=word) as server:
        store = server.store.fresh()
        juicefs.tell_webhook(store)
        server.kill()
        server.start()

        def event_of_another() -> tuple[str, Any] | None:
            """A server that has just started serves before it tells of anything."""
            store.put("in/a+b c.png", b"pixels")
            with suppress(Empty):
                return events.get(timeout=5)
            return None

        authorization, event = eventually(event_of_another)
    assert authorization == f"Bearer {word}"
    assert event["EventName"] == "s3:ObjectCreated:Put"
    assert event["Records"][0]["s3"]["object"]["key"] == "in%2Fa%2Bb+c.png"


def test_events_of_a_bucket_reach_a_queue_in_three_envelopes(sqs_bucket: Store) -> None:
    direct, topic, bus = (ministack.a_queue(sqs_bucket) for _ in range(3))
    ministack.tell_queue(direct)
    sqs_bucket.put("in/a+b c.png", b"pixels")
    test, created = direct.bodies(2)
    assert test["Event"] == "s3:TestEvent"
    assert created["Records"][0]["s3"]["object"]["key"] == "in/a%2Bb+c.png"
    ministack.tell_queue_by_topic(topic)
    sqs_bucket.put("in/a.png", b"pixels")
    enveloped = [json.loads(body["Message"]) for body in topic.bodies(2)]
    assert enveloped[1]["Records"][0]["s3"]["object"]["key"] == "in/a.png"
    ministack.tell_queue_by_bus(bus)
    sqs_bucket.put("in/a b.png", b"pixels")
    (event,) = bus.bodies(1)
    assert event["detail"]["object"]["key"] == "in/a b.png"
