"""A daemon that drains: the doors close, what was meant is read, and it ends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from builders import an_arrival, an_assignment
from ledgers import TEXT, Clock, claimed, enqueued, keys_of
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import DrainScope
from ocr_inbox.retreat import Admission, Retreat

pytestmark = pytest.mark.timeout(60)
PATIENCE = 30.0


@dataclass
class Running:
    """A retreat in a thread of its own."""

    retreat: Retreat
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def _running(chronicle: Chronicle) -> Iterator[Running]:
    running = Running(Retreat(chronicle=chronicle, served=[TEXT], closed=threading.Event()))
    thread = threading.Thread(target=running.retreat.run, args=(running.stop,))
    thread.start()
    try:
        yield running
    finally:
        running.stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()


def _retreat(chronicle: Chronicle) -> Retreat:
    return Retreat(chronicle=chronicle, served=[TEXT], closed=threading.Event())


def test_without_an_order_nothing_ends_and_the_doors_stay_open(ledger: Ledger, chronicle: Chronicle) -> None:
    retreat = _retreat(chronicle)
    assert not retreat._is_over()
    enqueued(ledger, "a")
    assert not retreat._is_over()
    assert not retreat.closed.is_set()


def test_an_idle_daemon_ends_at_once(ledger: Ledger, chronicle: Chronicle) -> None:
    with _running(chronicle) as running:
        ledger.drain(DrainScope.HAND)
        assert running.stop.wait(PATIENCE)
        assert running.retreat.closed.wait(PATIENCE)


def test_what_is_in_hand_is_finished_and_what_waits_is_left(ledger: Ledger, chronicle: Chronicle) -> None:
    job, retreat = claimed(ledger, "a"), _retreat(chronicle)
    enqueued(ledger, "b")
    ledger.drain(DrainScope.HAND)
    assert not retreat._is_over()
    assert retreat.closed.is_set()
    assert ledger.claim(TEXT, "lane", 1) == []
    ledger.finish(job)
    assert retreat._is_over()


def test_an_upload_that_was_accepted_is_in_hand_too(ledger: Ledger, chronicle: Chronicle) -> None:
    retreat = _retreat(chronicle)
    ledger.enqueue([(an_arrival("upload", inbox="uploads"), an_assignment()), (an_arrival("scan"), an_assignment())])
    ledger.drain(DrainScope.HAND)
    assert not retreat._is_over()
    (job,) = ledger.claim(TEXT, "lane", 9)
    assert job.document.key == "upload"
    ledger.finish(job)
    assert retreat._is_over()


def test_with_the_queue_everything_is_read_that_can_be(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    retreat = _retreat(chronicle)
    enqueued(ledger, "a", "b")
    ledger.enqueue([(an_arrival("held", inbox="mail"), an_assignment())])
    ledger.pause("mail", None)
    ledger.drain(DrainScope.QUEUE)
    assert not retreat._is_over()
    first, second = ledger.claim(TEXT, "lane", 9)
    assert keys_of([first, second]) == ["a", "b"]
    ledger.put_off(first, "inbox_unavailable", "the disk is full", not_before=clock.now)
    ledger.finish(second)
    assert retreat._is_over()


def test_the_second_order_counts(ledger: Ledger, chronicle: Chronicle) -> None:
    enqueued(ledger, "a")
    ledger.drain(DrainScope.QUEUE)
    assert ledger.due(TEXT)
    ledger.drain(DrainScope.HAND)
    assert not ledger.due(TEXT)
    assert _retreat(chronicle)._is_over()


def test_a_stop_closes_the_doors_too(chronicle: Chronicle) -> None:
    with _running(chronicle) as running:
        running.stop.set()
        assert running.retreat.closed.wait(PATIENCE)


@dataclass
class Doorkeeper:
    """A loop that lets things in until it is told to stop."""

    name: str = "doorkeeper"
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self, stop: threading.Event) -> None:
        stop.wait()
        self.ended.set()


def test_who_lets_things_in_ends_when_the_doors_close_and_everything_else_goes_on() -> None:
    keeper, closed, stop = Doorkeeper(), threading.Event(), threading.Event()
    admission = Admission(loop=keeper, closed=closed)
    assert admission.name == "doorkeeper"
    thread = threading.Thread(target=admission.run, args=(stop,))
    thread.start()
    closed.set()
    assert keeper.ended.wait(PATIENCE)
    thread.join(PATIENCE)
    assert not stop.is_set()
