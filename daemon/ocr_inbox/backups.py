"""A folder of copies of the ledger, of which the newest are kept."""

import time
from pathlib import Path

from ocr_inbox.copies import clear_away
from ocr_inbox.database import Database

_NAME = "ledger-%Y%m%dT%H%M%SZ.sqlite"
_COPIES = "ledger-*Z.sqlite"
_LONGEST_SECONDS = 3600.0
"""Between two writes; a copy that nobody has written to for so long was killed."""


def add_backup(database: Database, folder: Path, *, keep: int, now: float) -> Path:
    """Copy the ledger into `folder`, named by the time, and remove all but the `keep` newest copies there.

    Raises LedgerUnavailableError, and OSError where the folder cannot be changed.
    """
    target = folder / time.strftime(_NAME, time.gmtime(now))
    database.backup(target)
    for old in sorted(folder.glob(_COPIES))[:-keep]:
        old.unlink()
    clear_away(folder, before=now - _LONGEST_SECONDS)
    return target
