"""What has to be remembered of an inbox beyond its documents: since when it is watched, how far a backfill came."""

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
        known = self.first_watched(inbox)
        if known is not None:
            return known
        with self.database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO inboxes (name, since) VALUES (?, ?)", (inbox, self.clock()))
        return self.watched_since(inbox)

    def first_watched(self, inbox: str) -> float | None:
        """The same, None where it never was."""
        rows = self.database.read("SELECT since FROM inboxes WHERE name = ?", (inbox,))
        return float(rows[0]["since"]) if rows else None

    def backfilled(self, inbox: str, prefix: str) -> str:
        """Where a backfill of this prefix goes on that was stopped, in the store's words; empty where none was."""
        query = "SELECT goes_on FROM backfills WHERE inbox = ? AND prefix = ?"
        rows = self.database.read(query, (inbox, prefix))
        return str(rows[0]["goes_on"]) if rows else ""

    def note_backfill(self, inbox: str, prefix: str, goes_on: str) -> None:
        """A backfill of this prefix goes on there, should it be stopped."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO backfills (inbox, prefix, goes_on) VALUES (?, ?, ?)",
                (inbox, prefix, goes_on),
            )

    def end_backfill(self, inbox: str, prefix: str) -> None:
        """A backfill of this prefix came to its end: the next one begins anew."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM backfills WHERE inbox = ? AND prefix = ?", (inbox, prefix))
