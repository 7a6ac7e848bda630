"""One SQLite file: a connection for each thread, transactions, migrations, a backup while running."""

import sqlite3
import stat
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib.resources import files
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from ocr_inbox.copies import Progress, copy_whole
from ocr_inbox.errors import LedgerTooNewError, LedgerUnavailableError

_BUSY_SECONDS = 30.0
_TURNED_AWAY_SECONDS = 0.005
_PRAGMAS = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
_ADVICE: Mapping[type[sqlite3.DatabaseError], str] = {
    sqlite3.OperationalError: "free some space, or make its folder writable",
    sqlite3.DatabaseError: "put a backup in its place, or move it away: what has a sidecar is not read again",
}


def _migrations() -> tuple[str, ...]:
    """Position N takes the schema from user_version N to N + 1; a released one never changes."""
    return (files("ocr_inbox").joinpath("schema.sql").read_text(encoding="utf-8"),)


class Database:
    """Remembers the connection of each thread. Use it with `with`.

    Raises LedgerTooNewError where a newer program wrote the file, and LedgerUnavailableError where it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._of_thread: dict[threading.Thread, sqlite3.Connection] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Open the file, creating or migrating it."""
        with ExitStack() as undo:
            undo.callback(self._close_all)
            self._migrate()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections of all threads."""
        self._close_all()

    def read(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        """All rows that a query finds; raises LedgerUnavailableError."""
        with self._explained("read"):
            return self._connection().execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed to disk at the end, or nothing of it.

        Raises LedgerUnavailableError where the disk is full or the file cannot be written.
        """
        with self._explained("write"):
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def _explained(self, deed: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if type(error) not in _ADVICE:
                raise
            raise LedgerUnavailableError(
                f"cannot {deed} the ledger {self.path}: {error}; {_ADVICE[type(error)]}"
            ) from error

    def backup(self, target: Path, progress: Progress = lambda *_: None) -> None:
        """Copy a consistent state into a new file `target` while others go on writing.

        Raises LedgerUnavailableError, also where something lies there already.
        """
        with self._explained("back up"), closing(_connected(self.path)) as source:
            try:
                copy_whole(source, target, stat.S_IMODE(self.path.stat().st_mode), progress)
            except OSError as error:
                raise LedgerUnavailableError(
                    f"cannot back up the ledger {self.path} into {target}: {error.strerror}; name another file"
                ) from error

    def _connection(self) -> sqlite3.Connection:
        thread = threading.current_thread()
        with self._lock:
            known = self._of_thread.get(thread)
        if known is not None:
            return known
        connection = _connected(self.path)
        with self._lock:
            self._close_those_of_ended_threads()
            self._of_thread[thread] = connection
        return connection

    def _close_those_of_ended_threads(self) -> None:
        """Web servers start and end threads all day long: each would leave its open files behind."""
        for thread in [thread for thread in self._of_thread if not thread.is_alive()]:
            self._of_thread.pop(thread).close()

    def _close_all(self) -> None:
        with self._lock:
            while self._of_thread:
                self._of_thread.popitem()[1].close()

    def _migrate(self) -> None:
        migrations = _migrations()
        version = self._version()
        if version > len(migrations):
            raise LedgerTooNewError(
                f"cannot open the ledger {self.path}: a newer ocr-inbox wrote it; "
                f"install that version again, or restore the backup made before the upgrade"
            )
        if version == len(migrations):
            return
        with self.transaction() as connection:
            for migration in migrations[self._version() :]:  # asked again: another process may have been faster
                for statement in _statements(migration):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(migrations)}")

    def _version(self) -> int:
        return int(self.read("PRAGMA user_version")[0][0])


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    with ExitStack() as undo:
        undo.callback(connection.close)
        connection.row_factory = sqlite3.Row
        _use_wal(connection, deadline=time.monotonic() + _BUSY_SECONDS)
        connection.executescript(_PRAGMAS)
        undo.pop_all()
    return connection


def _use_wal(connection: sqlite3.Connection, deadline: float) -> None:
    """Of two who change a new file's mode at once, SQLite turns one away without letting it wait."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_TURNED_AWAY_SECONDS)
        else:
            return


def _statements(script: str) -> Iterator[str]:
    """The script's statements, one by one: `executescript` would commit our transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
