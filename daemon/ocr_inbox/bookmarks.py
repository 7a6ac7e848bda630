"""What has to be remembered of an inbox beyond its documents: since when it is watched."""

from dataclasses import dataclass

from ocr_inbox.database import Database
from ocr_inbox.ports import Clock


@dataclass(frozen=True, slots=True)
class Bookmarks:
    """Kept in the ledger's file; all methods raise LedgerUnavailableError where it cannot be used."""

    database: Database
    clock: Clock

    def watched_since(self, inbox: str) -> float:
        """When an inbox of this name was first watched, which may be now; seconds since the epoch."""
        known = self.database.read("SELECT since FROM inboxes WHERE name = ?", (inbox,))
        if not known:
            with self.database.transaction() as connection:
                connection.execute("INSERT OR IGNORE INTO inboxes (name, since) VALUES (?, ?)", (inbox, self.clock()))
            known = self.database.read("SELECT since FROM inboxes WHERE name = ?", (inbox,))
        return float(known[0]["since"])
