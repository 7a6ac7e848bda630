"""The ledger with many jobs, many threads and processes, and no room."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from builders import an_arrival
from ledgers import TEXT, Clock, enqueued, steps
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState

_MANY_DONE = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO jobs (inbox, key, version, size, pipeline, rule, priority, outputs, state, attempts, attempts_allowed,
                  not_before, enqueued_at, changed_at, finished_at)
SELECT iif(n % 2, 'scans', 'uploads'), 'done-' || n, '1-1-1', 1, 'text', 'text/**', 2, 'json', 'done', 1, 3,
       1, 1, 1, 1 FROM numbers
"""


def test_the_cost_of_daily_work_does_not_grow_with_what_is_done(ledger: Ledger, clock: Clock) -> None:
    chronicle = Chronicle(ledger.database)

    def measured() -> dict[str, int]:
        enqueued(ledger, f"new-{clock.now}")
        return {
            "unknown": steps(ledger.database, lambda: ledger.unknown([an_arrival("never")])),
            "queues": steps(ledger.database, chronicle.queues),
            "unsettled": steps(ledger.database, lambda: chronicle.unsettled(TEXT)),
            "expired": steps(ledger.database, lambda: chronicle.expired("uploads", before=0.5)),
            "since": steps(ledger.database, lambda: chronicle.jobs(Selection(since=clock.now))),
            "ended lately": steps(ledger.database, lambda: chronicle.ended_since(clock.now)),
            "oldest": steps(ledger.database, chronicle.oldest_waiting),
            "versions": steps(ledger.database, lambda: chronicle.versions("scans", "new")),
            "places": steps(ledger.database, lambda: chronicle.places("new")),
            "listing": steps(ledger.database, lambda: chronicle.jobs(Selection(state=JobState.WAITING))),
            "claim": steps(ledger.database, lambda: ledger.finish(ledger.claim(TEXT, "lane", 1)[0])),
        }

    first = measured()
    with ledger.database.transaction() as connection:
        connection.execute(_MANY_DONE, (5_000,))
    clock.now += 10.0
    after = measured()
    assert {name: steps for name, steps in after.items() if steps > first[name] + 20} == {}


def test_a_backup_is_consistent_while_others_write(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.database.transaction() as connection:
        connection.execute(_MANY_DONE, (20_000,))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            enqueued(ledger, *[f"{number}-{ledger.bell.count()}" for number in range(20)])

    def watch(copied: int, _: int) -> None:
        """A write between every two steps: none of them starts the copy anew."""
        steps_taken.append(copied)
        heard = ledger.bell.count()
        ledger.bell.wait(heard, 10)

    steps_taken: list[int] = []
    writer = threading.Thread(target=write)
    writer.start()
    try:
        ledger.database.backup(tmp_path / "backup.sqlite", watch)
    finally:
        stop.set()
        writer.join()
    assert steps_taken == sorted(set(steps_taken))
    assert len(steps_taken) > 1
    with closing(sqlite3.connect(tmp_path / "backup.sqlite")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (jobs,) = copy.execute("SELECT count(*) FROM jobs").fetchone()
        (lines,) = copy.execute("SELECT count(*) FROM transitions").fetchone()
    assert jobs == lines
    assert jobs % 20 == 0
    with Database(tmp_path / "backup.sqlite") as restored:
        assert Ledger(restored, Clock()).recover() == 0


def _run(script: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*arguments, sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


_CLAIMER = """
import sys, time
from pathlib import Path
from ledgers import TEXT
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger

with Database(Path({path!r})) as database:
    ledger = Ledger(database, time.time)
    while jobs := ledger.claim(TEXT, "another process", 3):
        for job in jobs:
            print(job.id)
            ledger.finish(job)
"""


def test_another_process_never_gets_the_same_job(ledger: Ledger) -> None:
    enqueued(ledger, *[f"{number}" for number in range(300)])
    theirs: list[str] = []
    other = threading.Thread(target=lambda: theirs.append(_run(_CLAIMER.format(path=str(ledger.database.path)))))
    other.start()
    ours: list[int] = []
    while other.is_alive() or not ours:
        for job in ledger.claim(TEXT, "here", 1):
            ours.append(job.id)
            ledger.finish(job)
            other.join(0.01)
    other.join()
    assert sorted([*ours, *map(int, theirs[0].split())]) == list(range(1, 301))
    assert theirs[0]


_FULL_DISK = """
import os
from pathlib import Path
from ledgers import TEXT, Clock, claimed, enqueued
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.errors import LedgerUnavailableError
from ocr_inbox.ledger import Ledger

disk = Path("{disk}")
with Database(disk / "ledger.sqlite") as database:
    ledger, chronicle = Ledger(database, Clock()), Chronicle(database)
    job = claimed(ledger)
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    failures = 0
    for number in range(200):
        try:
            enqueued(ledger, str(number), "x" * 4000 + str(number))
        except LedgerUnavailableError as error:
            assert "free some space" in str(error), error
            failures += 1
    assert failures, "the disk was not full"
    assert chronicle.job(job.id) == job
    try:
        ledger.finish(job)
    except LedgerUnavailableError:
        assert chronicle.job(job.id) == job
    ballast.unlink()
    enqueued(ledger, "after")
    ledger.recover()
    known = len(chronicle.history(job.id))
    assert known >= 2
    assert database.read("PRAGMA integrity_check")[0][0] == "ok"
print("recovered")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_is_named_loses_nothing_and_is_survived(tmp_path: Path) -> None:
    mounted = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size=1m none {tmp_path} && exec "$@"', "sh"]
    if subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount")
    assert _run(_FULL_DISK.format(disk=tmp_path), *mounted) == "recovered\n"
