"""Noting what a bucket held before it was watched: at leisure, behind everything fresh, and from where it stopped."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ocr_inbox.bookmarks import Bookmarks
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Arrival, Assignment, Priority
from ocr_inbox.routing import Rule, route
from ocr_inbox.s3 import BucketOptions
from ocr_inbox.s3.history import MOST, Stretch, stretches


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How far a backfill is: objects listed, documents that were new, known already, or taken by no rule."""

    listed: int = 0
    new: int = 0
    known: int = 0
    unruled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """One run over the part of an inbox below `prefix`; `rate` is new documents a second, 0 for as fast as it goes.

    A dry run counts and notes nothing.
    """

    options: BucketOptions
    rules: Sequence[Rule]
    ledger: Ledger
    bookmarks: Bookmarks
    prefix: str = ""
    rate: float = 0.0
    dry: bool = False
    page_size: int = MOST
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> Iterator[Tally]:
        """The tally after each step, the last one for all; stopped anywhere, the next run goes on from there.

        Raises AccessDeniedError, InboxUnavailableError, LedgerUnavailableError.
        """
        tally = Tally()
        begin = "" if self.dry else self.bookmarks.backfilled(self.options.name, self.prefix)
        for stretch in stretches(self.options, self.prefix, begin, self.page_size):
            for documents in _portions(stretch, self.rate):
                tally = self._noted(tally, documents)
                yield tally
            tally = replace(tally, listed=tally.listed + stretch.listed)
            if not self.dry:
                self.bookmarks.note_backfill(self.options.name, self.prefix, stretch.goes_on)
            yield tally
        if not self.dry:
            self.bookmarks.end_backfill(self.options.name, self.prefix)

    def _noted(self, tally: Tally, documents: Sequence[Arrival]) -> Tally:
        unknown = self.ledger.unknown(documents)
        orders = [(arrival, self._assignment(arrival)) for arrival in unknown]
        ruled = [order for order in orders if order[1].pipeline is not None]
        if not self.dry and ruled:
            self.ledger.enqueue(ruled)
            self.sleep(len(ruled) / self.rate if self.rate else 0.0)
        return replace(
            tally,
            new=tally.new + len(ruled),
            known=tally.known + len(documents) - len(unknown),
            unruled=tally.unruled + len(orders) - len(ruled),
        )

    def _assignment(self, arrival: Arrival) -> Assignment:
        return replace(route(arrival.document.key, self.rules), priority=Priority.BACKFILL)


def _portions(stretch: Stretch, rate: float) -> Iterator[Sequence[Arrival]]:
    """As many at once as may be noted in a second."""
    size = max(1, int(rate)) if rate else max(1, len(stretch.documents))
    for start in range(0, len(stretch.documents), size):
        yield stretch.documents[start : start + size]
