"""What stores post: who may, what is taken, and what is refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

import event_bodies as bodies
from api_client import the_failure
from api_daemon import Daemon, serving
from ocr_inbox.objects import EVENT_MAX
from ocr_inbox_api.events import PATH
from ocr_inbox_api.parts import ApiOptions

KEY = "let-me-tell-you"
BEARER = {"Authorization": f"Bearer {KEY}"}
OPTIONS = ApiOptions(keys=("for-people",), event_keys=(KEY, "schlüssel"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that wants what lies in bucket `scans`."""
    with serving(tmp_path_factory.mktemp("events"), OPTIONS) as daemon:
        yield daemon


def post(daemon: Daemon, body: bytes | Iterator[bytes], headers: Mapping[str, str] = BEARER) -> httpx.Response:
    return daemon.client.post(PATH, content=body, headers=headers)


@pytest.mark.parametrize(
    "given",
    [
        {"headers": BEARER},
        {"headers": {"Authorization": "Bearer wrong", "X-API-Key": KEY}},
        {"headers": {"X-API-Key": "schlüssel".encode()}},
        {"params": {"key": KEY}},
        {"params": {"key": "schlüssel"}},
        {"params": {"key": KEY}, "headers": {"X-API-Key": "wrong"}},
    ],
)
def test_a_store_says_its_key_in_whichever_way_it_can(told: Daemon, given: Any) -> None:
    before = len(told.audience.keys())
    response = told.client.post(PATH, content=bodies.SEAWEEDFS, **given)
    assert (response.status_code, response.json()) == (200, {"success": True, "wanted": True})
    assert told.audience.keys()[before:] == ["in/a b+c.pdf"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"headers": {"X-API-Key": "wrong"}},
        {"headers": {"Authorization": "Bearer for-people"}},
        {"params": {"key": "wrong"}},
        {"params": {"key": ""}},
        {"params": {"key": b"\xff\xfe"}},
    ],
)
def test_whoever_has_no_key_for_events_tells_nothing(told: Daemon, given: Any) -> None:
    before = told.audience.keys()
    body = the_failure(told.client.post(PATH, content=bodies.SEAWEEDFS, **given), 401, "Unauthorized")
    assert KEY not in body["detail"]
    assert told.audience.keys() == before


def test_a_key_for_events_opens_nothing_else(told: Daemon) -> None:
    the_failure(told.client.get("/api/v1/jobs", headers=BEARER), 401, "Unauthorized")


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b'{"Records":[{"eventName":7}]}', b"[" * 100_000])
def test_what_nobody_can_understand_is_refused_with_the_reason(told: Daemon, body: bytes) -> None:
    failure = the_failure(post(told, body), 400, "Event not understood")
    assert failure["detail"].startswith("cannot understand the event: ")


def test_what_concerns_no_inbox_is_taken_and_not_wanted(told: Daemon) -> None:
    response = post(told, bodies.MINIO_WEBHOOK)
    assert (response.status_code, response.json()) == (200, {"success": True, "wanted": False})


def test_an_event_may_be_as_large_as_any_is_and_no_larger(told: Daemon) -> None:
    body = b'{"Records":[]' + b" " * EVENT_MAX
    assert post(told, body[: EVENT_MAX - 1] + b"}").status_code == 200
    failure = the_failure(post(told, body), 413, "Event is too large")
    assert f"{EVENT_MAX} bytes" in failure["detail"]


def test_an_event_that_does_not_say_how_large_it_is_is_refused_all_the_same(told: Daemon) -> None:
    the_failure(post(told, iter([b" " * (EVENT_MAX // 2)] * 3)), 413, "Event is too large")


def test_without_a_key_for_events_there_is_no_such_door(standing: Daemon) -> None:
    the_failure(standing.client.post(PATH, content=bodies.SEAWEEDFS), 404, "Not found")
