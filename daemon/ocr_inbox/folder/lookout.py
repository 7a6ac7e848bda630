"""Seeing what arrives in a folder: events say it at once, and scans make sure that nothing was missed."""

import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

import structlog

from ocr_inbox.folder.ground import Ground
from ocr_inbox.folder.hints import Hints
from ocr_inbox.folder.options import FolderOptions
from ocr_inbox.folder.refusals import reason
from ocr_inbox.folder.survey import Found, Survey
from ocr_inbox.folder.vigil import Vigil
from ocr_inbox.model import Arrival, Document, InboxVitals, Signature
from ocr_inbox.names import key_of
from ocr_inbox.ports import Clock
from ocr_inbox.settling import Settler

_BATCH = 500
_TICK_SECONDS = 0.2
"""How late a stop is noticed, at most; events are noticed at once."""
_CHECK_SECONDS = 1.0
"""How often to see whether the root is still the same folder, and to look for one that is gone."""
_CALM_SECONDS = 0.5
"""Between two scans that were asked for."""

Batch = tuple[Arrival, ...]

log = structlog.get_logger()


class Lookout:
    """Remembers what is still growing, when to scan again, and how the inbox is.

    Its memory grows with the number of files only where their age cannot be told by the clock.
    """

    def __init__(self, options: FolderOptions, clock: Clock) -> None:
        """`clock` tells the time that local files are stamped with."""
        self.hints = Hints()
        self._options = options
        self._clock = clock
        self._vigil = Vigil(inbox=options.name, hints=self.hints, retry_seconds=options.reconcile_seconds)
        self._told = Settler(quiet=options.settle_seconds)
        self._seen = Settler(quiet=options.settle_seconds)
        self._quiet_before: set[int] = set()
        self._ground: Ground | None = None
        self._wanted = self._lost = False
        self._next_scan = self._next_check = self._calm_until = float("-inf")
        self._vitals = InboxVitals(name=options.name, mode="polling", found_by_scan=0, last_scan_at=None)

    def vitals(self) -> InboxVitals:
        """How the inbox is, as of the last batch that was taken; for any thread."""
        return self._vitals

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Everything that is complete, again at every scan, and nothing now and then, until `stop` is set."""
        self._next_scan = float("-inf")
        try:
            while not stop.is_set():
                if self._scan_is_due(time.monotonic()):
                    yield from self._scan(stop)
                yield from self._news(self._patience(time.monotonic()))
                yield ()
        finally:
            self._vigil.end()

    def _patience(self, now: float) -> float:
        dues = [due for due in (self._told.next_due(), self._seen.next_due()) if due is not None]
        return max(0.0, min([_TICK_SECONDS, *(due - now for due in dues)]))

    def _scan_is_due(self, now: float) -> bool:
        if now >= self._next_check:
            self._next_check = now + _CHECK_SECONDS
            self._wanted = self._wanted or self._is_elsewhere()
        asked = self._wanted or self._lost or self._vigil.is_broken()
        return now >= self._next_scan or (asked and now >= self._calm_until)

    def _is_elsewhere(self) -> bool:
        """Whether the root is not the folder any more that was scanned last."""
        try:
            return Ground.of(self._options) != self._ground
        except OSError:
            return self._ground is not None

    def _scan(self, stop: threading.Event) -> Iterator[Batch]:
        """Watch first, then look: what comes in between is seen by both."""
        wanted, lost, self._wanted, self._lost = self._wanted, self._lost, False, False
        try:
            ground = Ground.of(self._options)
            if self._options.mode == "events" or (self._options.mode == "auto" and not ground.shared):
                self._vigil.keep(ground, time.monotonic(), anew=lost, insist=wanted)
            else:
                self._vigil.end()
            self._ground = ground
            survey = Survey(ground=ground, stop=stop, now=self._clock())
            found = self._complete(survey)
            while chunk := list(islice(found, _BATCH)):
                yield self._oldest_first(chunk)
                yield from self._news(0.0)
        except OSError as error:
            self._pause(error)
        else:
            if not stop.is_set():
                self._conclude(survey, stop)

    def _complete(self, survey: Survey) -> Iterator[Found]:
        """Those whose clock is ours and long past, and those that were quiet when they were last looked at."""
        local = self._options.mode != "poll" and not survey.ground.shared
        long_ago = survey.now - self._options.settle_seconds
        quiet: set[int] = set()
        for path, status in survey.candidates():
            look = (path, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
            if local and status.st_mtime <= long_ago >= status.st_ctime and status.st_dev == survey.ground.device:
                yield path, status
            elif (mark := hash(look)) in self._quiet_before:
                quiet.add(mark)
                yield path, status
            else:
                self._seen.observe(path, Signature.of(status), time.monotonic())
        self._quiet_before = quiet

    def _oldest_first(self, chunk: list[Found]) -> Batch:
        chunk.sort(key=lambda found: found[1].st_mtime_ns)
        return tuple(self._arrival(path, status, by_event=False) for path, status in chunk)

    def _arrival(self, path: str, status: os.stat_result, *, by_event: bool) -> Arrival:
        version = Signature.of(status).version
        document = Document(inbox=self._options.name, key=key_of(path), version=version)
        return Arrival(document=document, size=status.st_size, by_event=by_event)

    def _news(self, patience: float) -> Iterator[Batch]:
        """What events told of and what has settled, waiting at most so many seconds for the first."""
        heard = self.hints.take(patience)
        self._wanted = self._wanted or heard.scan
        self._lost = self._lost or heard.lost
        if heard.lost:
            log.warning("inbox_events_lost", inbox=self._options.name)
        arrivals = [*self._told_of(heard.files), *self._settled(self._told), *self._settled(self._seen)]
        for start in range(0, len(arrivals), _BATCH):
            yield tuple(arrivals[start : start + _BATCH])
        self._vitals = replace(self._vitals, settling=len(self._told) + len(self._seen))

    def _told_of(self, files: Mapping[str, bool]) -> Iterable[Arrival]:
        for path, complete in files.items():
            status = self._look(path)
            if status and complete:
                self._told.forget(path)
                self._seen.forget(path)
                yield self._arrival(path, status, by_event=True)
            elif status:
                self._told.observe(path, Signature.of(status), time.monotonic())

    def _settled(self, settler: Settler) -> Iterable[Arrival]:
        """Those that still look as they did; the others have to wait again."""
        for path, before in settler.take_settled(time.monotonic()):
            status = self._look(path)
            if status and Signature.of(status) == before:
                self._quiet_before.add(hash((path, status.st_mtime_ns, status.st_ctime_ns, status.st_size)))
                yield self._arrival(path, status, by_event=settler is self._told)
            elif status:
                settler.observe(path, Signature.of(status), time.monotonic())

    def _look(self, path: str) -> os.stat_result | None:
        """The status of a regular file that is not empty; whoever reads it makes sure again that it is no link."""
        if self._ground is None:
            return None
        try:
            status = os.lstat(self._ground.path(path))
        except OSError:  # gone, or for the next scan to complain about
            return None
        return status if stat.S_ISREG(status.st_mode) and status.st_size else None

    def _conclude(self, survey: Survey, stop: threading.Event) -> None:
        now = time.monotonic()
        self._lost = self._vigil.verify(survey.folders, stop, now) or self._lost
        hears = self._vigil.hears()
        self._next_scan = now + (self._options.reconcile_seconds if hears else self._options.poll_seconds)
        self._calm_until = now + _CALM_SECONDS
        problems = [problem for problem in (survey.problem, self._vigil.problem) if problem]
        self._become(
            mode="events" if hears else "polling",
            problem="; ".join(problems) or None,
            last_scan_at=self._clock(),
        )

    def _pause(self, error: OSError) -> None:
        """Nothing is said about the documents: they may all be back in a moment."""
        self._vigil.end()
        self._ground = None
        self._next_scan = self._calm_until = time.monotonic() + _CHECK_SECONDS
        root = key_of(str(self._options.root))
        self._become(
            mode="polling", problem=f"cannot read {root}: {reason(error)}", last_scan_at=self._vitals.last_scan_at
        )

    def _become(self, *, mode: str, problem: str | None, last_scan_at: float | None) -> None:
        """Say aloud what is new about it."""
        before = self._vitals
        self._vitals = replace(
            before,
            mode=mode,
            problem=problem,
            last_scan_at=last_scan_at,
            settling=len(self._told) + len(self._seen),
        )
        if problem and problem != before.problem:
            log.warning("inbox_troubled", inbox=self._options.name, mode=mode, reason=problem)
        elif not problem and (before.problem or before.last_scan_at is None or mode != before.mode):
            log.info("inbox_watched", inbox=self._options.name, mode=mode)
