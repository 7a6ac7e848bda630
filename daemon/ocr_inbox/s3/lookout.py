"""Seeing what arrives in a bucket: what others tell is looked up at once, and listings make sure of the rest."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import structlog

from ocr_inbox.errands import Errands
from ocr_inbox.errors import InboxUnavailableError, SourceGoneError, StoppingError
from ocr_inbox.model import Arrival, InboxVitals
from ocr_inbox.objects import ObjectName
from ocr_inbox.ports import Clock
from ocr_inbox.s3.ground import Ground
from ocr_inbox.s3.hearsay import Heard, Hearsay
from ocr_inbox.s3.listing import Listed, pages_of, stamp_at
from ocr_inbox.s3.options import BucketOptions
from ocr_inbox.s3.store import Connection

_TICK_SECONDS = 0.2
"""How late a stop or a wish for a scan is noticed, at most; what is told is noticed at once."""
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0
_TOLD_AT_ONCE = 100
_AT_ONCE = 8
"""Requests: to look up an object in a store far away takes tens of milliseconds."""

Batch = tuple[Arrival, ...]

log = structlog.get_logger()


class Lookout:
    """Remembers when to list again, and how the inbox is."""

    def __init__(self, options: BucketOptions, connection: Connection, clock: Clock) -> None:
        self.hearsay = Hearsay()
        self._options = options
        self._ground = Ground(options)
        self._connection = connection
        self._clock = clock
        self._next_scan = self._paused_until = float("-inf")
        self._pause_seconds = _FIRST_PAUSE
        mode = "events" if options.hears else "polling"
        self._vitals = InboxVitals(name=options.name, mode=mode, found_by_scan=0, last_scan_at=None)

    def vitals(self) -> InboxVitals:
        """How the inbox is, as of the last batch that was taken; for any thread."""
        return self._vitals

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Everything that is there, again at every scan, and nothing now and then, until `stop` is set."""
        self._next_scan = float("-inf")
        with Errands(f"{self._options.name}-ask", _AT_ONCE, stop) as errands:
            while not stop.is_set():
                try:
                    yield from self._seen(errands)
                except StoppingError:
                    return
                except InboxUnavailableError as error:
                    self._pause(error)
                self._wait(stop)
                yield ()

    def _seen(self, errands: Errands) -> Iterator[Batch]:
        now = time.monotonic()
        if now < self._paused_until:
            return
        if self.hearsay.take_demand() or now >= self._next_scan:
            yield from self._scan(errands)
        yield from self._news(errands)
        self._recover()

    def _wait(self, stop: threading.Event) -> None:
        if time.monotonic() < self._paused_until:
            stop.wait(_TICK_SECONDS)  # what is told meanwhile has to wait as well
        else:
            self.hearsay.wait(_TICK_SECONDS)

    def _scan(self, errands: Errands) -> Iterator[Batch]:
        began, listed, pages = time.monotonic(), 0, self._pages()
        self._next_scan = float("-inf")  # unless this one comes to its end
        coming = errands.send(partial(next, pages, None))
        while (page := errands.result(coming)) is not None:
            coming = errands.send(partial(next, pages, None))  # while this one is noted
            yield self._ground.arrivals(page)
            listed += len(page)
            self._vitals = replace(self._vitals, listed=listed)
            yield from self._news(errands)
        self._next_scan = began + self._options.reconcile_seconds
        self._vitals = replace(self._vitals, last_scan_at=self._clock(), listed=listed)

    def _pages(self) -> Iterator[list[Listed]]:
        yield from pages_of(self._connection.client(), self._options.bucket, self._options.prefix)

    def _news(self, errands: Errands) -> Iterator[Batch]:
        """What was told: the ledger has it before anybody is told so."""
        while heard := self.hearsay.first(_TOLD_AT_ONCE):
            yield self._ground.arrivals(self._true_of(heard, errands), by_event=True)
            for told in heard:
                told.acknowledge()
            self.hearsay.drop(heard)

    def _true_of(self, heard: Sequence[Heard], errands: Errands) -> Iterator[Listed]:
        names = dict.fromkeys(name for told in heard for name in told.names)
        asked = [errands.send(partial(self._looked_up, name)) for name in names]
        for answer in asked:
            listed = errands.result(answer)
            if listed is not None:
                yield listed

    def _looked_up(self, name: ObjectName) -> Listed | None:
        try:
            return Listed(name=name, stamp=stamp_at(self._connection.client(), name))
        except SourceGoneError:
            return None

    def _pause(self, error: InboxUnavailableError) -> None:
        if str(error) != self._vitals.problem:
            log.warning("inbox_troubled", inbox=self._options.name, mode=self._vitals.mode, reason=str(error))
        self._vitals = replace(self._vitals, problem=str(error))
        self._paused_until = time.monotonic() + self._pause_seconds
        self._pause_seconds = min(self._pause_seconds * 2, _LONGEST_PAUSE)

    def _recover(self) -> None:
        if self._vitals.problem is not None:
            log.info("inbox_watched", inbox=self._options.name, mode=self._vitals.mode)
            self._vitals = replace(self._vitals, problem=None)
            self._pause_seconds = _FIRST_PAUSE
