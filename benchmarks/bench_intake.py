"""How fast files are noted: 20,000 that are there at the start, and the same once nothing happens to them any more.

The real inbox, intake and ledger run in this process: the daemon's scans begin when nobody can see it from outside.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from figures import Against, report, rounds, wait_until, workplace

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.folder import FolderInbox, FolderOptions
from ocr_inbox.intake import Intake
from ocr_inbox.ledger import Ledger
from ocr_inbox.logs import set_up_logging
from ocr_inbox.routing import default_rules

_FOLDERS = 100
_FILES = 20_000
_BATCH = 500
_SETTLE_SECONDS = 2.0
_COLUMNS = (
    "inbox", "key", "version", "size", "pipeline", "rule", "priority", "outputs", "state", "attempts_allowed",
    "not_before", "enqueued_at", "changed_at",
)  # fmt: skip


def _fill(root: Path) -> None:
    """Files that no reader touches: nothing reads tables here."""
    for folder in range(_FOLDERS):
        path = root / "table" / f"{folder:03}"
        path.mkdir(parents=True)
        for number in range(_FILES // _FOLDERS):
            (path / f"{number:04}.png").write_bytes(b"small")
    time.sleep(_SETTLE_SECONDS + 0.5)  # until all of them are old enough to be complete at first sight


@contextmanager
def _watched(root: Path, database: Database) -> Iterator[FolderInbox]:
    inbox = FolderInbox(FolderOptions(name="inbox", root=root, settle_seconds=_SETTLE_SECONDS), time.time)
    intake = Intake(inbox, default_rules(), Ledger(database, time.time))
    stop = threading.Event()
    thread = threading.Thread(target=intake.run, args=(stop,))
    thread.start()
    try:
        yield inbox
    finally:
        stop.set()
        thread.join()


def _until_scanned(inbox: FolderInbox, before: float | None, started: float) -> float:
    wait_until(lambda: inbox.vitals().last_scan_at != before)
    return time.monotonic() - started


def _take_in(root: Path, folder: Path) -> tuple[float, list[float]]:
    """Seconds of the first scan, which notes everything, and of further ones."""
    with Database(folder / "ledger.sqlite") as database:
        started = time.monotonic()
        with _watched(root, database) as inbox:
            first = _until_scanned(inbox, None, started)
            assert sum(count for _, count in Chronicle(database).totals()) == _FILES
            again = [_reconcile(inbox) for _ in range(3)]
    return first, again


def _reconcile(inbox: FolderInbox) -> float:
    time.sleep(1.2)  # scans that are asked for keep a second's distance
    before, started = inbox.vitals().last_scan_at, time.monotonic()
    inbox.rescan()
    return _until_scanned(inbox, before, started)


def _look_through(root: Path) -> float:
    """Seconds of nothing but one scandir a folder and one stat a file."""
    started, waiting, files = time.monotonic(), [str(root)], 0
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    files += entry.stat(follow_symlinks=False).st_size > 0
    assert files == _FILES
    return time.monotonic() - started


def _insert(rows: Sequence[tuple[object, ...]], folder: Path) -> float:
    """Seconds of nothing but inserting the same rows into the same schema in the same batches."""
    values = ", ".join("?" * len(_COLUMNS))
    statement = f"INSERT INTO jobs ({', '.join(_COLUMNS)}) VALUES ({values})"  # noqa: S608 - constant text
    with Database(folder / "bare.sqlite") as database:
        started = time.monotonic()
        for start in range(0, len(rows), _BATCH):
            with database.transaction() as connection:
                connection.executemany(statement, rows[start : start + _BATCH])
        return time.monotonic() - started


def _noted_rows(folder: Path) -> list[tuple[object, ...]]:
    query = f"SELECT {', '.join(_COLUMNS)} FROM jobs ORDER BY id"  # noqa: S608 - constant text
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger:
        return ledger.execute(query).fetchall()


def main() -> None:
    """Everything several times, each time with an empty ledger."""
    set_up_logging("warning")
    intake, inserts, reconcile, looks = [], [], [], []
    with workplace() as root:
        _fill(root)
        for _ in rounds(3, "intake, reconcile"):
            with workplace() as folder:
                first, again = _take_in(root, folder)
                inserts.append(_FILES / _insert(_noted_rows(folder), folder))
            intake.append(_FILES / first)
            reconcile += again
            looks.append(_look_through(root))
    report("intake_files_per_second", "files/s", intake, Against(name="bare_sqlite_inserts", samples=inserts))
    report("reconcile_seconds", "s", reconcile, Against(name="bare_scandir_stat", samples=looks))


if __name__ == "__main__":
    main()
