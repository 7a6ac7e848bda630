"""What queues answer that are not well, or are no queues: real answers on a socket, and boto3 to read them."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from structlog.testing import capture_logs
from urllib3.exceptions import ProtocolError

from audience import PATIENCE, Audience, running
from ocr_inbox.errors import InboxUnavailableError
from ocr_inbox.hearing.answers import Answered, delete, hide
from ocr_inbox.hearing.letters import Letter
from ocr_inbox.hearing.sqs import SqsListener
from running import eventually

LETTERS = [Letter(id=f"id-{number}", handle=f"handle-{number}") for number in range(12)]


class Played:
    """What it answers, and what it was asked."""

    def __init__(self) -> None:
        self.answers = [b"{}"]
        self.asked: list[dict[str, Any]] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/0/queue"

    def client(self) -> Any:
        return boto3.session.Session("a", "b", region_name="us-east-1").client(
            "sqs",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )


@pytest.fixture
def played() -> Iterator[Played]:
    played = Played()

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            played.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = played.answers.pop(0) if len(played.answers) > 1 else played.answers[0]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        played.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield played
        server.shutdown()
        thread.join()


def failing(*numbers: int, ours: bool, code: str = "InternalError") -> bytes:
    return json.dumps({"Failed": [{"Id": str(it), "SenderFault": ours, "Code": code} for it in numbers]}).encode()


def test_messages_are_deleted_by_tens_and_each_has_a_fate_of_its_own(played: Played) -> None:
    played.answers = [failing(3, ours=True), failing(0, ours=False)]
    first, second = delete(played.client(), played.url, LETTERS)
    assert first == Answered(done=tuple(LETTERS[:3] + LETTERS[4:10]), refused=(LETTERS[3],), failure=None)
    assert second == Answered(done=(LETTERS[11],), refused=(), failure=("InternalError", ""))
    assert [len(asked["Entries"]) for asked in played.asked] == [10, 2]


def test_hiding_says_for_how_long(played: Played) -> None:
    (answered,) = hide(played.client(), played.url, LETTERS[:1], 60)
    assert answered.done == (LETTERS[0],)
    assert played.asked[0]["Entries"] == [{"Id": "0", "ReceiptHandle": "handle-0", "VisibilityTimeout": 60}]


@pytest.mark.parametrize("body", [b"[]", b"null", b"\xff", b'{"Failed":5}', b'{"Failed":[null]}'])
def test_an_answer_that_no_queue_gives_has_a_name(played: Played, body: bytes) -> None:
    played.answers = [body]
    with pytest.raises(InboxUnavailableError, match="does not answer as SQS does; correct the queue's URL"):
        list(delete(played.client(), played.url, LETTERS))


def test_a_listener_at_the_wrong_address_says_so_and_neither_ends_nor_hurries(played: Played) -> None:
    played.answers = [
        b"[]",
        b'{"Messages":[null]}',
        b'{"Messages":[{}]}',
        b'{"Messages":[{"Body":"\\ud800"}]}',
        b"hello",
    ]
    client = played.client()
    listener = SqsListener("queue", played.url, lambda: client, Audience().tell, time.time)
    began = time.monotonic()
    with capture_logs() as logs, running(listener):
        eventually(lambda: len(played.asked) >= 7, PATIENCE)
    assert time.monotonic() - began > 2  # two pauses after failures, two between answers without messages
    assert logs[0]["event"] == "hearing_troubled"
    assert "does not answer as SQS does" in logs[0]["reason"]
    assert [line["event"] for line in logs[1:]] == ["hearing_again", *["event_not_understood"] * 2]


def test_a_connection_that_breaks_in_a_way_boto3_has_no_name_for_is_a_problem_and_not_the_end() -> None:
    def connect() -> None:
        raise ProtocolError("Connection broken: InvalidChunkLength")

    listener = SqsListener("queue", "http://127.0.0.1:9/0/queue", connect, Audience().tell, time.time)
    with running(listener):
        problem = eventually(lambda: listener.vitals().problem, PATIENCE)
    assert problem == "cannot hear queue http://127.0.0.1:9/0/queue: Connection broken: InvalidChunkLength"
