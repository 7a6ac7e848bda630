"""Clients that hang up, played at the ASGI interface: there, the moment they do is certain."""

import asyncio
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


def scope() -> Scope:
    return {
        "type": "http",
        "method": "POST",
        "path": TEXT,
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=frontier")],
    }


def called(daemon: Daemon, *messages: Message) -> list[Message]:
    """What the application sends to a client that says this and no more."""
    rest = list(messages)
    sent: list[Message] = []

    async def receive() -> Message:
        return rest.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    app = create_app(daemon.parts(), ApiOptions())
    asyncio.run(asyncio.wait_for(app(scope(), receive, send), 10))
    return sent


BODY = multipart(part("file", PNG))
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
