"""Copying a SQLite file while others write to it: the copy is there whole, or not at all."""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ocr_inbox import files

UNFINISHED = ".unfinished"
"""How the name of a copy ends that is being made."""
_PAGES_A_STEP = 512

Progress = Callable[[int, int], None]
"""Told how many pages are copied, and of how many."""


def copy_whole(source: sqlite3.Connection, target: Path, mode: int, progress: Progress) -> None:
    """A consistent state, durably, in a file with these permissions, less the umask; `source` is in no transaction.

    Raises FileExistsError where there is something by then, OSError and sqlite3.DatabaseError.
    """
    with _unfinished(target, mode) as unfinished:
        with closing(sqlite3.connect(unfinished)) as copy:
            # Who reads within one transaction sees one state; without it, each write would start the copy anew.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            try:
                source.backup(copy, pages=_PAGES_A_STEP, progress=lambda _, left, pages: progress(pages - left, pages))
            finally:
                source.rollback()
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))  # a rename alone would replace what is there
        try:
            unfinished.replace(target)
        except OSError:
            target.unlink()
            raise
        with files.folder_beneath(str(target.parent), "") as folder:
            files.keep(folder)


@contextmanager
def _unfinished(target: Path, mode: int) -> Iterator[Path]:
    path = target.with_name(f".{secrets.token_hex(8)}{UNFINISHED}")
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
