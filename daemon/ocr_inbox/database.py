"""One SQLite file: a connection for each thread, transactions, migrations, a backup while running."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from ocr_inbox.errors import LedgerTooNewError, LedgerUnavailableError

_BUSY_SECONDS = 30.0
_PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"


def _migrations() -> tuple[str, ...]:
    """Position N takes the schema from user_version N to N + 1; a released one never changes."""
    return (files("ocr_inbox").joinpath("schema.sql").read_text(encoding="utf-8"),)


class Database:
    """Remembers the connection of each thread. Use it with `with`.

    Raises LedgerTooNewError where a newer program wrote the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._of_thread = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Open the file, creating or migrating it."""
        self._migrate()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections of all threads."""
        with self._lock:
            while self._all:
                self._all.pop().close()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection, for reading."""
        known: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if known is not None:
            return known
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.executescript(_PRAGMAS)
        with self._lock:
            self._all.append(connection)
        self._of_thread.connection = connection
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed to disk at the end, or nothing of it.

        Raises LedgerUnavailableError where the disk is full or the file cannot be written.
        """
        connection = self.connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.rollback()
            raise LedgerUnavailableError(
                f"cannot write the ledger {self.path}: {error}; free some space, or make its folder writable"
            ) from error

    def backup(self, target: Path) -> None:
        """Copy a consistent state into `target` while others go on writing."""
        copy = sqlite3.connect(target)
        try:
            self.connection().backup(copy, pages=1000)
        finally:
            copy.close()

    def _migrate(self) -> None:
        migrations = _migrations()
        connection = self.connection()
        if self._version(connection) > len(migrations):
            raise LedgerTooNewError(
                f"cannot open the ledger {self.path}: a newer ocr-inbox wrote it; "
                f"install that version again, or restore the backup made before the upgrade"
            )
        if self._version(connection) == len(migrations):
            return
        connection.execute("BEGIN EXCLUSIVE")
        for position in range(self._version(connection), len(migrations)):
            for statement in _statements(migrations[position]):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")

    @staticmethod
    def _version(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    """The script's statements, one by one: `executescript` would commit our transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
