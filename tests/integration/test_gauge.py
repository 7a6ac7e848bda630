"""How much is open is counted, and a ledger that nobody can write is noticed."""

import sqlite3
import threading
from contextlib import closing

import pytest

from ledgers import Clock, claimed, enqueued
from ocr_inbox import database as module
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.gauge import Gauge
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Counts
from ocr_inbox.pulse import Pulse


@pytest.fixture
def gauge(chronicle: Chronicle, clock: Clock) -> Gauge:
    gauge = Gauge(chronicle, pulse=Pulse(clock))
    gauge.pulse.expect(120.0)
    return gauge


def silent(gauge: Gauge, clock: Clock) -> bool:
    """Whether nothing was heard of it since the clock was set."""
    return bool(gauge.pulse.silences("ledger", clock.now + 1))


def test_what_is_open_and_what_ended_is_counted(gauge: Gauge, ledger: Ledger) -> None:
    ledger.heard.append(gauge.hear)
    ledger.finish(claimed(ledger, "a"))
    ledger.bury(claimed(ledger, "b"), "unreadable", "why")
    claimed(ledger, "c")
    enqueued(ledger, "d", "e")
    gauge.look()
    assert gauge.counts == Counts(waiting=2, running=1, done=1, buried=1)


def test_a_job_that_waits_again_has_not_ended(gauge: Gauge, ledger: Ledger) -> None:
    ledger.heard.append(gauge.hear)
    ledger.retry(claimed(ledger), "crashed", "why", not_before=0.0)
    assert gauge.counts == Counts()


def test_looking_writes_nothing(gauge: Gauge, ledger: Ledger) -> None:
    enqueued(ledger, "a")
    log = ledger.database.path.with_name("ledger.sqlite-wal")
    gauge.look()
    before = log.stat()
    for _ in range(50):
        gauge.look()
    assert (log.stat().st_size, log.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_looking_is_a_sign_of_life(gauge: Gauge, clock: Clock) -> None:
    clock.now += 120.0
    assert silent(gauge, clock)
    gauge.look()
    assert not silent(gauge, clock)


def test_a_ledger_that_stays_locked_is_silence(
    gauge: Gauge, clock: Clock, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.02)
    clock.now += 120.0
    with closing(sqlite3.connect(ledger.database.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=gauge.look)  # a connection of its own, with less patience
        thread.start()
        thread.join()
    assert "is locked" in (gauge.problem or "")
    assert silent(gauge, clock)
    gauge.look()
    assert gauge.problem is None


def test_a_ledger_on_a_broken_disk_is_a_problem_but_no_silence(gauge: Gauge, clock: Clock, ledger: Ledger) -> None:
    """A restart would not mend the disk, and everything that is in hand would be lost."""
    clock.now += 120.0
    with ledger.database.transaction() as connection:
        connection.execute("ALTER TABLE jobs RENAME TO elsewhere")
    gauge.look()
    assert gauge.problem is not None
    assert not silent(gauge, clock)


def test_it_ends_when_it_is_told_to(gauge: Gauge) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=gauge.run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
