"""Clients that hang up, played at the ASGI interface: there, the moment they do is certain."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import Message, Scope

from api_client import TEXT, multipart, part
from api_daemon import PNG, Daemon, leave_it, serving
from ocr_inbox_api.app import create_app
from ocr_inbox_api.parts import ApiOptions


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with serving(tmp_path, act=leave_it) as running:
        yield running


def scope(path: str) -> Scope:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=frontier")],
    }


def called(daemon: Daemon, *messages: Message, path: str = TEXT) -> list[Message]:
    """What the application sends to a client that says this and no more."""
    rest = list(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        return rest.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    app = create_app(daemon.parts(), ApiOptions())
    asyncio.run(asyncio.wait_for(app(scope(path), receive, send), 10))
    return sent


BODY = multipart(part("file", PNG))
MANY = multipart(*[part("files", PNG)] * 3)
BATCH = "/api/v1/ocr/batch"
GONE: Message = {"type": "http.disconnect"}


def test_half_an_upload_leaves_nothing(daemon: Daemon) -> None:
    sent = called(daemon, {"type": "http.request", "body": BODY[:1000], "more_body": True}, GONE)

    assert sent[0]["status"] == 499
    assert list(daemon.uploads.iterdir()) == []
    assert daemon.chronicle.queues() == []


def test_a_job_goes_on_when_nobody_waits_any_more(daemon: Daemon) -> None:
    sent = called(daemon, {"type": "http.request", "body": BODY}, GONE)

    assert sent[0]["status"] == 499
    assert sum(queue.waiting + queue.running for queue in daemon.chronicle.queues()) == 1
    assert len(list(daemon.uploads.glob("*.upload"))) == 1


def test_half_a_batch_leaves_nothing(daemon: Daemon) -> None:
    body = MANY[: len(PNG) * 5 // 2]
    sent = called(daemon, {"type": "http.request", "body": body, "more_body": True}, GONE, path=BATCH)

    assert sent[0]["status"] == 499
    assert list(daemon.uploads.iterdir()) == []
    assert daemon.chronicle.queues() == []


def test_the_jobs_of_a_batch_go_on_when_nobody_waits_any_more(daemon: Daemon) -> None:
    sent = called(daemon, {"type": "http.request", "body": MANY}, GONE, path=BATCH)

    assert sent[0]["status"] == 499
    assert sum(queue.waiting + queue.running for queue in daemon.chronicle.queues()) == 3
    assert len(list(daemon.uploads.glob("*.upload"))) == 3


def test_who_waits_for_a_batch_is_told_that_the_daemon_stops(daemon: Daemon) -> None:
    app = create_app(daemon.parts(), ApiOptions())
    sent: list[Message] = []

    async def receive() -> Message:
        if daemon.chronicle.open_jobs("uploads") < 3:
            return {"type": "http.request", "body": MANY}
        app.state.end_waiting()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(asyncio.wait_for(app(scope(BATCH), receive, send), 10))
    body = json.loads(sent[1]["body"])
    assert (sent[0]["status"], body["success"]) == (200, False)
    assert {line["error_code"] for line in body["results"]} == {"stopping"}
    assert len({line["url"] for line in body["results"]}) == 3
