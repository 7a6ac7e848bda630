"""Hearing of new objects by a real queue, as AWS has them."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from audience import PATIENCE, Audience, running
from ocr_inbox.hearing.sqs import SqsListener
from running import eventually
from stores import Store, microburst, ministack
from stores.microburst import Fault
from stores.ministack import Queue, a_queue
from stores.server import Server, free_ports

AWKWARD = ["in/a b+c.png", "in/%2B%20.jpg", "in/ünï/📄.png", "in/new\nline.png", "/lead.png", "a//b.png"]
Route = Callable[[Queue], None]


def a_listener(queue: Queue, audience: Audience, *, hidden_seconds: int = 60) -> SqsListener:
    client = queue.store.client("sqs", attempts=1)
    return SqsListener("queue", queue.url, lambda: client, audience.tell, time.time, hidden_seconds=hidden_seconds)


def an_event(bucket: str, key: str) -> str:
    s3 = {"bucket": {"name": bucket}, "object": {"key": key}}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3", "s3": s3}]})


def answer_all(queue: Queue, audience: Audience) -> None:
    """Until nothing is left, also of what came again because this machine was busy."""

    def nothing_left() -> bool:
        audience.answer()
        return queue.left() == (0, 0)

    eventually(nothing_left, PATIENCE)


@pytest.fixture
def queue(sqs_bucket: Store) -> Queue:
    return a_queue(sqs_bucket)


@pytest.fixture
def audience(sqs_bucket: Store) -> Audience:
    return Audience(sqs_bucket.bucket)


@pytest.fixture(scope="module")
def _proxy(tmp_path_factory: pytest.TempPathFactory, _ministack: Server) -> Iterator[Store]:
    with microburst.serving(tmp_path_factory.mktemp("proxy"), _ministack.store, free_ports(1)[0]) as server:
        yield server.store


@pytest.fixture
def faulty(queue: Queue, _proxy: Store) -> Iterator[Queue]:
    """The same queue by way of a proxy which fails as it is told."""
    yield Queue(store=queue.store.by_way_of(_proxy), url=queue.url, arn=queue.arn)
    microburst.tell(_proxy)


@pytest.mark.parametrize("route", [ministack.tell_queue, ministack.tell_queue_by_topic, ministack.tell_queue_by_bus])
def test_an_upload_is_told_and_its_message_is_deleted_once_it_is_acknowledged_and_not_before(
    route: Route, queue: Queue, audience: Audience
) -> None:
    listener = a_listener(queue, audience)
    route(queue)
    with running(listener):
        for key in AWKWARD:
            queue.store.put(key, b"pixels")
        audience.wait(*AWKWARD)
        eventually(lambda: queue.left() == (0, len(AWKWARD)), PATIENCE)
        audience.answer()
        eventually(lambda: queue.left() == (0, 0), PATIENCE)
    vitals = listener.vitals()
    assert sorted(audience.keys()) == sorted(AWKWARD)
    assert (vitals.told, vitals.unwanted, vitals.not_understood) == (len(AWKWARD), 0, 0)
    assert vitals.deleted == vitals.received >= len(AWKWARD)  # a test event came before, from some
    assert vitals.problem is None
    assert vitals.heard_at is not None


def test_what_comes_five_times_is_told_and_deleted_five_times(queue: Queue, audience: Audience) -> None:
    with running(a_listener(queue, audience)):
        queue.send(*[an_event(queue.store.bucket, "scan.png")] * 5)
        eventually(lambda: audience.keys() == ["scan.png"] * 5, PATIENCE)
        audience.answer()
        eventually(lambda: queue.left() == (0, 0), PATIENCE)


def test_a_hundred_uploads_are_answered_in_batches(queue: Queue, audience: Audience) -> None:
    keys = [f"{number}.png" for number in range(100)]
    listener = a_listener(queue, audience)
    queue.send(*[an_event(queue.store.bucket, key) for key in keys])
    with running(listener):
        audience.wait(*keys)
        audience.answer()
        eventually(lambda: queue.left() == (0, 0), PATIENCE)
    assert listener.vitals().deleted == 100


def test_what_nobody_understands_is_said_once_and_goes_the_way_of_dead_letters(
    sqs_bucket: Store, audience: Audience
) -> None:
    dead = a_queue(sqs_bucket)
    queue = a_queue(sqs_bucket, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "2"}))
    listener = a_listener(queue, audience, hidden_seconds=1)
    with capture_logs() as logs, running(listener):
        queue.send("hello?", an_event(sqs_bucket.bucket, "scan.png"))
        audience.wait("scan.png")
        audience.answer()
        eventually(lambda: "hello?" in [message["Body"] for message in dead.receive()], PATIENCE)
    (line,) = [line for line in logs if line["event"] == "event_not_understood"]
    assert "cannot understand the event: it is not JSON" in line["reason"]
    assert line["reason"].endswith("; it is left to the queue's own dead-letter policy")
    assert listener.vitals().not_understood == 1
    assert listener.vitals().received > 2


def test_what_concerns_no_inbox_is_left_counted_and_said_once_for_its_bucket(queue: Queue, audience: Audience) -> None:
    listener = a_listener(queue, audience)
    with capture_logs() as logs, running(listener):
        queue.send(an_event("elsewhere", "a.png"), an_event("elsewhere", "b.png"))
        eventually(lambda: listener.vitals().unwanted == 2, PATIENCE)
        assert queue.left() == (0, 2)
    (line,) = [line for line in logs if line["event"] == "event_unwanted"]
    assert "bucket elsewhere" in line["reason"]
    assert (listener.vitals().told, listener.vitals().deleted) == (0, 0)


def test_a_message_stays_hidden_from_others_for_as_long_as_it_is_worked_on(queue: Queue, audience: Audience) -> None:
    extended: list[Any] = []
    client = queue.store.client("sqs", attempts=1)
    client.meta.events.register(
        "before-call.sqs.ChangeMessageVisibilityBatch", lambda **_: extended.append(1), unique_id="extended"
    )
    try:
        with running(a_listener(queue, audience, hidden_seconds=2)):
            queue.send(an_event(queue.store.bucket, "scan.png"))
            eventually(lambda: len(extended) >= 3, PATIENCE)
            answer_all(queue, audience)
    finally:
        client.meta.events.unregister("before-call.sqs.ChangeMessageVisibilityBatch", unique_id="extended")


def test_a_message_that_is_no_longer_ours_is_let_go(queue: Queue, audience: Audience) -> None:
    listener = a_listener(queue, audience, hidden_seconds=2)
    with running(listener):
        queue.send(an_event(queue.store.bucket, "gone.png"))
        audience.wait("gone.png")
        queue.store.client("sqs").purge_queue(QueueUrl=queue.url)
        audience.answer()
        queue.send(an_event(queue.store.bucket, "next.png"))
        audience.wait("next.png")
        answer_all(queue, audience)
    assert listener.vitals().problem is None


def test_stopping_does_not_wait_for_messages_and_gives_back_what_is_in_hand(queue: Queue, audience: Audience) -> None:
    queue.send(an_event(queue.store.bucket, "scan.png"))
    with running(a_listener(queue, audience)) as stop:
        audience.wait("scan.png")
        began = time.monotonic()
        stop.set()
    assert time.monotonic() - began < 10  # the wait for messages takes 20
    assert [json.loads(message["Body"]) for message in queue.receive()] == [
        json.loads(an_event(queue.store.bucket, "scan.png"))
    ]


def test_what_comes_while_stopping_is_given_back(queue: Queue, audience: Audience) -> None:
    polls: list[Any] = []
    client = queue.store.client("sqs", attempts=1)
    client.meta.events.register("before-call.sqs.ReceiveMessage", lambda **_: polls.append(1), unique_id="polls")
    with running(a_listener(queue, audience)):
        eventually(lambda: polls, PATIENCE)
    client.meta.events.unregister("before-call.sqs.ReceiveMessage", unique_id="polls")
    queue.send(an_event(queue.store.bucket, "late.png"))  # the poll that nobody waits for may take it
    eventually(queue.receive, PATIENCE)
    assert audience.keys() == []


def test_a_queue_that_goes_away_is_said_once_and_heard_again_when_it_is_back(tmp_path: Path) -> None:
    with ministack.serving(tmp_path) as server:
        queue = a_queue(server.store)
        audience = Audience(server.store.bucket)
        listener = a_listener(queue, audience)
        with capture_logs() as logs, running(listener):
            server.stop()
            eventually(lambda: listener.vitals().problem, PATIENCE)
            eventually(lambda: _failures(listener) >= 3, PATIENCE)
            server.start()
            queue.send(an_event(server.store.bucket, "scan.png"))
            audience.wait("scan.png")
            assert listener.vitals().problem is None
    said = [line["event"] for line in logs if line.get("listener") == "queue"]
    assert said == ["hearing_troubled", "hearing_again"]


def _failures(listener: SqsListener) -> int:
    return listener._hearing._failures


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDenied", "allow sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the queue"),
        ("ExpiredToken", "the credentials have expired; renew them"),
        ("InvalidClientTokenId", "the access key is not known there"),
        ("RequestExpired", "set the clock"),
        ("QueueDoesNotExist", "correct the queue's URL or `region`"),
    ],
)
def test_a_refusal_says_what_to_do_and_ends_nothing(code: str, advice: str, faulty: Queue, audience: Audience) -> None:
    listener = a_listener(faulty, audience)
    microburst.tell(faulty.store, Fault(service="sqs", operation="ReceiveMessage", error=code, status=403, times=2))
    with capture_logs() as logs, running(listener):
        faulty.send(an_event(faulty.store.bucket, "scan.png"))
        audience.wait("scan.png")
    said = [line for line in logs if line.get("listener") == "queue"]
    assert [line["event"] for line in said] == ["hearing_troubled", "hearing_again"]
    assert said[0]["code"] == code
    assert said[0]["reason"].startswith(f"cannot hear queue {faulty.url}: ")
    assert advice in said[0]["reason"]


def test_an_answer_that_fails_is_given_again_and_hearing_goes_on(faulty: Queue, audience: Audience) -> None:
    listener = a_listener(faulty, audience)
    microburst.tell(
        faulty.store,
        Fault(service="sqs", operation="DeleteMessageBatch", error="AccessDenied", status=403, times=1),
        Fault(service="sqs", operation="DeleteMessageBatch", reset=True, times=1),
    )
    with capture_logs() as logs, running(listener):
        faulty.send(an_event(faulty.store.bucket, "a.png"))
        audience.wait("a.png")
        audience.answer()
        eventually(lambda: listener.vitals().problem, PATIENCE)
        faulty.send(an_event(faulty.store.bucket, "b.png"))
        audience.wait("b.png")
        audience.answer()
        eventually(lambda: listener.vitals().deleted == 2, PATIENCE)
        eventually(lambda: listener.vitals().problem is None, PATIENCE)
    assert faulty.left() == (0, 0)
    assert next(line["code"] for line in logs if line["event"] == "hearing_troubled") == "AccessDenied"
