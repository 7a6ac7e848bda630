"""A folder of copies of the ledger, of which the newest are kept."""

import time
from pathlib import Path

from ocr_inbox.database import Database

_NAME = "ledger-%Y%m%dT%H%M%SZ.sqlite"
_COPIES = "ledger-*Z.sqlite"


def add_backup(database: Database, folder: Path, *, keep: int, now: float) -> Path:
    """Copy the ledger into `folder`, named by the time, and remove all but the `keep` newest copies there.

    Raises LedgerUnavailableError, and OSError where the folder cannot be changed.
    """
    target = folder / time.strftime(_NAME, time.gmtime(now))
    database.backup(target)
    for old in sorted(folder.glob(_COPIES))[:-keep]:
        old.unlink()
    return target
