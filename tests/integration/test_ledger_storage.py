"""The ledger as a file: what it refuses, how it grows up, and how it bears a full disk."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from builders import an_arrival
from ledgers import TEXT, Clock, claimed, enqueued, keys_of
from ocr_inbox import database as module
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.errors import LedgerTooNewError, LedgerUnavailableError
from ocr_inbox.ledger import Ledger


@pytest.mark.parametrize(
    "impossible",
    [
        "state = 'running'",
        "worker = 'lane'",
        "state = 'done'",
        "state = 'buried'",
        "state = 'skipped'",
        "finished_at = 1.0",
        "state = 'lost'",
        "state = NULL",
        "pipeline = NULL",
        "attempts = -1",
        "attempts = 'many'",
        "attempts_allowed = 0",
        "size = -1",
        "pages = -1",
        "pages_done = -1",
        "not_before = 'tomorrow'",
        "key = NULL",
        "key = 'b'",
    ],
)
def test_the_file_itself_refuses_a_job_that_cannot_be(ledger: Ledger, chronicle: Chronicle, impossible: str) -> None:
    job, _ = enqueued(ledger, "a", "b")
    with (
        pytest.raises(sqlite3.IntegrityError),
        ledger.database.transaction() as connection,
    ):
        connection.execute(f"UPDATE jobs SET {impossible} WHERE id = ?", (job.id,))  # noqa: S608 - from the list above
    assert chronicle.job(job.id) == job


def test_a_ledger_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(LedgerTooNewError, match=r"install that version again|backup"), Database(path):
        pass
    assert path.read_bytes()[100:] == before[100:]


def _with_another(migration: str) -> Callable[[], tuple[str, ...]]:
    all_of_them = (*module._migrations(), migration)
    return lambda: all_of_them


def test_an_older_ledger_grows_up_with_everything_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.sqlite"
    with Database(path) as database:
        job = claimed(Ledger(database, Clock()))
    monkeypatch.setattr(
        module, "_migrations", _with_another("ALTER TABLE jobs ADD COLUMN note TEXT;\nUPDATE jobs SET note = 'kept';\n")
    )
    for _ in range(2):
        with Database(path) as database:
            assert Chronicle(database).job(job.id) == job
            (row,) = database.read("SELECT note FROM jobs")
            assert row["note"] == "kept"


def test_growing_up_happens_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.sqlite"
    with Database(path) as database:
        enqueued(Ledger(database, Clock()), "a")
    with monkeypatch.context() as broken:
        broken.setattr(module, "_migrations", _with_another("CREATE TABLE half (x);\nALTER TABLE nowhere ADD y;\n"))
        with pytest.raises(LedgerUnavailableError, match="no such table: nowhere"), Database(path):
            pass
    with Database(path) as database:
        assert keys_of(Ledger(database, Clock()).claim(TEXT, "lane", 1)) == ["a"]
        assert database.read("SELECT name FROM sqlite_schema WHERE name = 'half'") == []


@pytest.mark.parametrize("go", range(100))
def test_several_who_open_a_new_ledger_at_once_make_it_once(tmp_path: Path, go: int) -> None:
    """They are turned away about once in a hundred times, unless the ledger sees to it."""
    start = threading.Barrier(4)
    failures: list[Exception] = []

    def open_it() -> None:
        start.wait()
        try:
            with Database(tmp_path / f"{go}.sqlite") as database:
                Chronicle(database).queues()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test fails with it
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize(
    "content", [b"not a ledger at all, but long enough to be one" * 99, b"SQLite format 3\x00" * 99]
)
def test_a_file_that_is_no_ledger_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    with (
        pytest.raises(LedgerUnavailableError, match=r"cannot .*/ledger\.sqlite: .*; put a backup in its place"),
        Database(path),
    ):
        pass
    assert path.read_bytes() == content


def test_a_ledger_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailableError, match="unable to open"), Database(tmp_path / "away" / "ledger.sqlite"):
        pass


def _in_a_thread(call: Callable[[], object]) -> BaseException | None:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return caught[0] if caught else None


def test_a_ledger_whose_folder_vanished_is_unavailable_for_reading_too(ledger: Ledger, tmp_path: Path) -> None:
    """A loop that meets this waits for the world; anything but the named failure would end the daemon."""
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    for call in (
        lambda: ledger.unknown([an_arrival("a")]),
        lambda: ledger.claim(TEXT, "lane", 1),
        lambda: enqueued(ledger, "a"),
        Chronicle(ledger.database).queues,
    ):
        assert isinstance(_in_a_thread(call), LedgerUnavailableError)


def _open_files(path: Path) -> int:
    links = Path("/proc/self/fd").iterdir()
    return sum(str(link.readlink()).startswith(str(path)) for link in links if link.is_symlink())


def test_threads_that_ended_leave_no_open_files(ledger: Ledger) -> None:
    """A web server's threads come and go for months."""
    for _ in range(20):
        assert _in_a_thread(lambda: ledger.claim(TEXT, "lane", 1)) is None
    assert _open_files(ledger.database.path) <= 9


def test_a_backup_onto_nothing_writable_says_so(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailableError, match="cannot back up the ledger"):
        ledger.database.backup(tmp_path / "away" / "backup.sqlite")


def test_a_backup_never_takes_the_place_of_another_file(ledger: Ledger, tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    target.write_bytes(b"precious")
    with pytest.raises(LedgerUnavailableError, match=r"backup\.sqlite: File exists; name another file"):
        ledger.database.backup(target)
    assert target.read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".unfinished")] == []


def test_a_backup_is_as_private_as_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    """The names of documents are in it."""
    ledger.database.path.chmod(0o640)
    ledger.database.backup(tmp_path / "backup.sqlite")
    assert (tmp_path / "backup.sqlite").stat().st_mode & 0o777 == 0o640


def test_a_backup_that_is_cut_short_leaves_nothing(ledger: Ledger, tmp_path: Path) -> None:
    class CutShortError(Exception):
        pass

    def stop(*_: int) -> None:
        raise CutShortError

    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(CutShortError):
        ledger.database.backup(tmp_path / "backup.sqlite", stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    enqueued(ledger, "after")
