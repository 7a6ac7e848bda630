"""Seeing what arrives in a bucket: what others tell is looked up at once, and listings make sure of the rest."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import structlog

from ocr_inbox.errors import InboxUnavailableError, SourceGoneError
from ocr_inbox.model import Arrival, InboxVitals
from ocr_inbox.objects import ObjectName, ObjectStamp
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
_LOOKERS = 8
"""Objects that are looked up at once: a question to a store far away takes tens of milliseconds."""

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
        self._next_scan = self._not_before = float("-inf")
        self._pause_seconds = _FIRST_PAUSE
        mode = "events" if options.hears else "polling"
        self._vitals = InboxVitals(name=options.name, mode=mode, found_by_scan=0, last_scan_at=None)

    def vitals(self) -> InboxVitals:
        """How the inbox is, as of the last batch that was taken; for any thread."""
        return self._vitals

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Everything that is there, again at every scan, and nothing now and then, until `stop` is set."""
        self._next_scan = float("-inf")
        with ThreadPoolExecutor(_LOOKERS, thread_name_prefix=f"{self._options.name}-look") as lookers:
            while not stop.is_set():
                try:
                    yield from self._seen(stop, lookers)
                except InboxUnavailableError as error:
                    self._pause(error)
                self._wait()
                yield ()

    def _seen(self, stop: threading.Event, lookers: ThreadPoolExecutor) -> Iterator[Batch]:
        now = time.monotonic()
        if now < self._not_before:
            return
        if self.hearsay.take_demand() or now >= self._next_scan:
            yield from self._scan(stop, lookers)
        yield from self._news(lookers)

    def _wait(self) -> None:
        if time.monotonic() < self._not_before:
            time.sleep(_TICK_SECONDS)  # what is told meanwhile has to wait as well
        else:
            self.hearsay.wait(_TICK_SECONDS)

    def _scan(self, stop: threading.Event, lookers: ThreadPoolExecutor) -> Iterator[Batch]:
        options, listed = self._options, 0
        began = time.monotonic()
        for page in pages_of(self._connection.client(), options.bucket, options.prefix):
            yield self._documents(page)
            listed += len(page)
            self._vitals = replace(self._vitals, listed=listed)
            yield from self._news(lookers)
            if stop.is_set():
                return
        self._next_scan = began + options.reconcile_seconds
        self._vitals = replace(self._vitals, last_scan_at=self._clock(), listed=listed)
        self._recover()

    def _documents(self, page: Sequence[Listed]) -> Batch:
        return tuple(
            self._arrival(it.name, it.stamp, by_event=False)
            for it in page
            if self._ground.holds(it.name, it.stamp.size) and it.stamp.modified >= self._options.not_before
        )

    def _arrival(self, name: ObjectName, stamp: ObjectStamp, *, by_event: bool) -> Arrival:
        return Arrival(document=self._ground.document(name, stamp), size=stamp.size, by_event=by_event)

    def _news(self, lookers: ThreadPoolExecutor) -> Iterator[Batch]:
        """What was told: the ledger has it before anybody is told so."""
        while heard := self.hearsay.first(_TOLD_AT_ONCE):
            yield self._true_of(heard, lookers)
            for told in heard:
                told.acknowledge()
            self.hearsay.drop(heard)

    def _true_of(self, heard: Sequence[Heard], lookers: ThreadPoolExecutor) -> Batch:
        names = dict.fromkeys(name for told in heard for name in told.names if self._ground.holds(name, 1))
        found = zip(names, lookers.map(self._looked_up, names), strict=True)
        return tuple(
            self._arrival(name, stamp, by_event=True)
            for name, stamp in found
            if stamp is not None and self._ground.holds(name, stamp.size)
        )

    def _looked_up(self, name: ObjectName) -> ObjectStamp | None:
        try:
            return stamp_at(self._connection.client(), name)
        except SourceGoneError:
            return None

    def _pause(self, error: InboxUnavailableError) -> None:
        if str(error) != self._vitals.problem:
            log.warning("inbox_troubled", inbox=self._options.name, mode=self._vitals.mode, reason=str(error))
        self._vitals = replace(self._vitals, problem=str(error))
        self._next_scan = float("-inf")
        self._not_before = time.monotonic() + self._pause_seconds
        self._pause_seconds = min(self._pause_seconds * 2, _LONGEST_PAUSE)

    def _recover(self) -> None:
        if self._vitals.problem is not None:
            log.info("inbox_watched", inbox=self._options.name, mode=self._vitals.mode)
        self._vitals = replace(self._vitals, problem=None)
        self._pause_seconds = _FIRST_PAUSE
