"""A folder of copies of the ledger, of which the newest are kept."""

import time
from pathlib import Path

from ocr_inbox.copies import UNFINISHED
from ocr_inbox.database import Database

_NAME = "ledger-%Y%m%dT%H%M%SZ.sqlite"
_COPIES = "ledger-*Z.sqlite"
_ABANDONED_SECONDS = 24 * 3600.0
"""A copy on which nothing was written for so long was killed, and nobody will finish it."""


def add_backup(database: Database, folder: Path, *, keep: int, now: float) -> Path:
    """Copy the ledger into `folder`, named by the time, and keep only the `keep` newest copies there.

    What copies that were killed left goes too. Raises LedgerUnavailableError, and OSError where the folder cannot be
    changed.
    """
    target = folder / time.strftime(_NAME, time.gmtime(now))
    database.backup(target)
    for old in sorted(folder.glob(_COPIES))[:-keep]:
        old.unlink()
    for half in folder.glob(f".*{UNFINISHED}"):
        if now - half.stat().st_mtime > _ABANDONED_SECONDS:
            half.unlink()
    return target
