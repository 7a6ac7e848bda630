"""Results of uploads are kept as long as promised, and forgotten with their files."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
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
from ocr_inbox.upkeep import Upkeep
from ocr_inbox_api.uploads import remove_upload, stored


def _upkeep(
    chronicle: Chronicle,
    clock: Clock,
    remove: Callable[[str], None] = lambda _: None,
    stored: Callable[[], Iterable[tuple[str, float]]] = lambda: (),
) -> Upkeep:
    return Upkeep(
        inbox="uploads",
        chronicle=chronicle,
        remove=remove,
        stored=stored,
        keep_seconds=100.0,
        clock=clock,
    )


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
    upkeep = _upkeep(chronicle, clock, lambda key: (tmp_path / "uploads" / key).unlink())
    assert upkeep.sweep() == 1
    assert sorted(tree(tmp_path / "uploads")) == ["open", "scan", "young"]
    assert keys_of(chronicle.jobs(Selection())) == ["young", "open", "scan"]
    assert chronicle.job(still_open.id) == still_open
    assert upkeep.sweep() == 0


def test_a_long_absence_is_made_up_for_in_one_sweep(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    _finished(ledger, *[f"{number}" for number in range(501)])
    clock.now += 101
    assert _upkeep(chronicle, clock).sweep() == 501


def test_a_job_is_forgotten_only_when_its_files_are_gone(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    """Killed in between, the daemon does it again; the other way round the files would stay for ever."""
    _finished(ledger, "a", "b")
    clock.now += 101

    def refuse(key: str) -> None:
        if key == "b":
            raise PermissionError(13, "Permission denied", "/var/lib/ocr-inbox/uploads/b")

    with structlog.testing.capture_logs() as logs:
        assert _upkeep(chronicle, clock, refuse).sweep() == 1
    assert keys_of(chronicle.jobs(Selection())) == ["b"]
    assert [(line["event"], line["reason"]) for line in logs] == [
        ("upkeep_paused", "cannot remove a document: Permission denied")
    ]
    assert _upkeep(chronicle, clock).sweep() == 1


def test_what_no_job_was_ever_made_of_goes_when_it_is_old(
    ledger: Ledger, chronicle: Chronicle, clock: Clock, tmp_path: Path
) -> None:
    """A daemon that is killed between storing an upload and noting it leaves one, and its sender was told nothing."""
    folder = tmp_path / "uploads"
    for name in ("stray.upload", "stray.upload.ocr.json", "noted.upload", ".coming.upload.ocr-tmp"):
        os.utime(put(folder, name), (0, 0))
    os.utime(put(folder, "young.upload"), (clock.now, clock.now))
    put(folder, "stray.upload.ocr.figures/1.png")
    _noted(ledger, "noted.upload")
    upkeep = _upkeep(chronicle, clock, partial(remove_upload, folder), partial(stored, folder))
    assert upkeep.sweep() == 0
    assert sorted(tree(folder)) == [".coming.upload.ocr-tmp", "noted.upload", "young.upload"]
    clock.now += 101
    assert upkeep.sweep() == 0
    assert sorted(tree(folder)) == [".coming.upload.ocr-tmp", "noted.upload"]


def test_what_was_on_its_way_when_it_was_first_seen_stays(
    ledger: Ledger, chronicle: Chronicle, clock: Clock, tmp_path: Path
) -> None:
    os.utime(put(tmp_path, "late.upload"), (clock.now, clock.now))
    upkeep = _upkeep(chronicle, clock, partial(remove_upload, tmp_path), partial(stored, tmp_path))
    upkeep.sweep()
    _noted(ledger, "late.upload")
    clock.now += 101
    upkeep.sweep()
    assert (tmp_path / "late.upload").exists()


def test_what_is_kept_is_looked_through_once(chronicle: Chronicle, clock: Clock) -> None:
    """Every minute it would cost in proportion to what was read."""
    looks: list[None] = []

    def look() -> Iterable[tuple[str, float]]:
        looks.append(None)
        return ()

    upkeep = _upkeep(chronicle, clock, stored=look)
    for _ in range(3):
        upkeep.sweep()
    assert len(looks) == 1


def test_a_ledger_that_cannot_be_written_leaves_it_for_the_next_time(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.02)
    path = tmp_path / "short.sqlite"
    with Database(path) as database, closing(sqlite3.connect(path)) as other:
        upkeep = _upkeep(Chronicle(database), clock)
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
    thread = threading.Thread(target=_upkeep(chronicle, clock).run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
