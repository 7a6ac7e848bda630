"""Results of uploads are kept as long as promised, and forgotten with their files."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import structlog.testing

from builders import an_arrival, an_assignment
from folders import put, tree
from ledgers import TEXT, Clock, keys_of
from ocr_inbox import database as module
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Job
from ocr_inbox.upkeep import Upkeep


def _upkeep(chronicle: Chronicle, clock: Clock, remove: Callable[[Job], None]) -> Upkeep:
    return Upkeep(inbox="uploads", chronicle=chronicle, remove=remove, keep_seconds=100.0, clock=clock)


def _noted(ledger: Ledger, *keys: str, inbox: str = "uploads") -> None:
    ledger.enqueue([(an_arrival(key, inbox=inbox), an_assignment()) for key in keys])


def _finished(ledger: Ledger, *keys: str, inbox: str = "uploads") -> None:
    _noted(ledger, *keys, inbox=inbox)
    while jobs := ledger.claim(TEXT, "lane", 50):
        for job in jobs:
            ledger.finish(job)


def test_only_finished_jobs_of_its_inbox_that_are_old_enough_are_forgotten(
    ledger: Ledger, chronicle: Chronicle, clock: Clock, tmp_path: Path
) -> None:
    for key in ("old", "young", "open", "scan"):
        put(tmp_path / "uploads", key)
    _finished(ledger, "old")
    _finished(ledger, "scan", inbox="scans")
    _noted(ledger, "open")
    clock.now += 50
    (still_open,) = ledger.claim(TEXT, "lane", 1)
    _finished(ledger, "young")
    clock.now += 60
    upkeep = _upkeep(chronicle, clock, lambda job: (tmp_path / "uploads" / job.document.key).unlink())
    assert upkeep.sweep() == 1
    assert sorted(tree(tmp_path / "uploads")) == ["open", "scan", "young"]
    assert keys_of(chronicle.jobs(Selection())) == ["young", "open", "scan"]
    assert chronicle.job(still_open.id) == still_open
    assert upkeep.sweep() == 0


def test_a_long_absence_is_made_up_for_in_one_sweep(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    _finished(ledger, *[f"{number}" for number in range(501)])
    clock.now += 101
    assert _upkeep(chronicle, clock, lambda _: None).sweep() == 501


def test_a_job_is_forgotten_only_when_its_files_are_gone(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    """Killed in between, the daemon does it again; the other way round the files would stay for ever."""
    _finished(ledger, "a", "b")
    clock.now += 101

    def refuse(job: Job) -> None:
        if job.document.key == "b":
            raise PermissionError(13, "Permission denied", "/var/lib/ocr-inbox/uploads/b")

    with structlog.testing.capture_logs() as logs:
        assert _upkeep(chronicle, clock, refuse).sweep() == 1
    assert keys_of(chronicle.jobs(Selection())) == ["b"]
    assert [(line["event"], line["reason"]) for line in logs] == [
        ("upkeep_paused", "cannot remove a document: Permission denied")
    ]
    assert _upkeep(chronicle, clock, lambda _: None).sweep() == 1


def test_a_ledger_that_cannot_be_written_leaves_it_for_the_next_time(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.02)
    path = tmp_path / "short.sqlite"
    with Database(path) as database, closing(sqlite3.connect(path)) as other:
        upkeep = _upkeep(Chronicle(database), clock, lambda _: None)
        _finished(Ledger(database, clock), "a")
        clock.now += 101
        other.execute("BEGIN IMMEDIATE")
        with structlog.testing.capture_logs() as logs:
            assert upkeep.sweep() == 0
        assert [line["event"] for line in logs] == ["upkeep_paused"]
        other.rollback()
        assert upkeep.sweep() == 1


def test_it_ends_when_it_is_told_to(chronicle: Chronicle, clock: Clock) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=_upkeep(chronicle, clock, lambda _: None).run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
