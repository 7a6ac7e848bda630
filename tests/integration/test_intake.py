"""What arrives is noted once and for good, whatever happens to the ledger or the inbox meanwhile."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog.testing

from builders import an_arrival
from folders import a_folder_inbox, put
from ledgers import Clock, keys_of
from ocr_inbox import database as module
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.database import Database
from ocr_inbox.errors import InboxUnavailableError
from ocr_inbox.folder import FolderInbox, FolderOptions
from ocr_inbox.intake import Intake
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Arrival, JobState
from ocr_inbox.routing import default_rules

pytestmark = pytest.mark.timeout(30)
Batch = Sequence[Arrival]


@dataclass
class Mail:
    """Batches that a mailbox hands out, each after what is to happen before; it counts what was acknowledged."""

    batches: list[Batch | InboxUnavailableError]
    acknowledged: int = 0
    before: list[Callable[[], object]] = field(default_factory=list)


class Mailbox(FolderInbox):
    """An inbox that is told what arrives; asking for the next batch acknowledges the one before."""

    def __init__(self, root: Path, mail: Mail) -> None:
        super().__init__(FolderOptions(name="scans", root=root), lambda: 0.0)
        self._mail = mail

    def arrivals(self, stop: threading.Event) -> Iterator[Batch]:
        while self._mail.batches:
            batch = self._mail.batches[0]
            if isinstance(batch, InboxUnavailableError):
                self._mail.batches.pop(0)
                raise batch
            yield batch
            self._mail.batches.pop(0)
            self._mail.acknowledged += 1
        stop.set()


def _intake(root: Path, mail: Mail, ledger: Ledger) -> Intake:
    return Intake(Mailbox(root, mail), default_rules(), ledger, retry_seconds=0.05)


def test_what_arrives_is_routed_and_waits(tmp_path: Path, ledger: Ledger, chronicle: Chronicle) -> None:
    mail = Mail([[an_arrival("text/a.png"), an_arrival("table/b.png")], [an_arrival("elsewhere/c.png")]])
    _intake(tmp_path, mail, ledger).run(threading.Event())
    jobs = {job.document.key: job for job in chronicle.jobs(Selection())}
    assert [(key, job.state.value) for key, job in sorted(jobs.items())] == [
        ("elsewhere/c.png", "skipped"),
        ("table/b.png", "waiting"),
        ("text/a.png", "waiting"),
    ]
    assert jobs["text/a.png"].assignment.rule == "text/**"
    assert "no rule matches" in (jobs["elsewhere/c.png"].reason or "")


def test_the_next_batch_is_asked_for_only_when_this_one_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.02)
    path = tmp_path / "ledger.sqlite"
    mail, stop = Mail([[an_arrival("text/a.png")]]), threading.Event()
    with Database(path) as database, closing(sqlite3.connect(path)) as other:
        intake = _intake(tmp_path, mail, Ledger(database, Clock()))
        other.execute("BEGIN IMMEDIATE")
        with structlog.testing.capture_logs() as logs:
            thread = threading.Thread(target=intake.run, args=(stop,))
            thread.start()
            while not logs:
                thread.join(0.01)
            assert mail.acknowledged == 0
            other.rollback()
            thread.join()
        assert mail.acknowledged == 1
        assert keys_of(Chronicle(database).jobs(Selection())) == ["text/a.png"]
    assert {line["event"] for line in logs} == {"intake_paused"}


def test_an_intake_that_cannot_note_ends_when_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.02)
    path = tmp_path / "ledger.sqlite"
    mail, stop = Mail([[an_arrival("text/a.png")]]), threading.Event()
    with Database(path) as database, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=_intake(tmp_path, mail, Ledger(database, Clock())).run, args=(stop,))
        thread.start()
        stop.set()
        thread.join(10)
        assert not thread.is_alive()
    assert mail.acknowledged == 0


def test_an_inbox_that_cannot_be_reached_is_asked_again(tmp_path: Path, ledger: Ledger, chronicle: Chronicle) -> None:
    """The port allows every method to fail so; it must not end the daemon."""
    away = InboxUnavailableError("cannot list the bucket: no route to host")
    mail = Mail([[an_arrival("text/a.png")], away, away, [an_arrival("text/b.png")]])
    with structlog.testing.capture_logs() as logs:
        _intake(tmp_path, mail, ledger).run(threading.Event())
    assert keys_of(chronicle.jobs(Selection())) == ["text/b.png", "text/a.png"]
    assert [line["code"] for line in logs] == ["inbox_unavailable"] * 2


def test_only_what_no_event_told_of_counts_as_found_by_a_scan(tmp_path: Path, ledger: Ledger) -> None:
    told = Arrival(document=an_arrival("text/b.png").document, size=1, by_event=True)
    mail = Mail([[an_arrival("text/a.png"), told], [an_arrival("text/a.png"), told]])
    intake = _intake(tmp_path, mail, ledger)
    intake.run(threading.Event())
    assert intake.found_by_scan == 1


def test_a_real_folder_is_taken_in_with_every_name_a_file_can_have(tmp_path: Path, ledger: Ledger) -> None:
    root = tmp_path / "scans"
    names = ["text/a.png", "text/a b\n'\".png", "text/[x]*?.png", "text/\u00fc/\U0001f600.png", "text/\udcff.png"]
    for name in names:
        put(root, name)
    stop, noted = threading.Event(), threading.Event()
    intake = Intake(a_folder_inbox(root), default_rules(), ledger, retry_seconds=0.05)
    thread = threading.Thread(target=intake.run, args=(stop,))
    thread.start()
    while len(Chronicle(ledger.database).jobs(Selection())) < len(names) and thread.is_alive():
        noted.wait(0.02)
    stop.set()
    thread.join()
    jobs = Chronicle(ledger.database).jobs(Selection())
    assert len(jobs) == len(names)
    assert {job.state for job in jobs} == {JobState.WAITING}
