"""A document of many pages, read window by window over all readers, so that a crash costs one window."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ocr_inbox.errors import OcrInboxError, ReaderCrashedError, ReadingTimeoutError, SourceChangedError
from ocr_inbox.ports import Outcome, Readers
from ocr_inbox.reading import Bound, PageFailure, Reading, Source, Timing, Window

FIRST_PAGES = 1
"""Pages of the first window: most documents have one, and this one tells how many there are."""

FIRST_WINDOW = 0
"""The first page of the first window, by which it is kept."""

Keep = Callable[[int, Reading], None]
"""Hears of each window that is read, by its first page; may be called from several threads at once."""


def bound(reading: Reading, source: Source, readers: Readers) -> bytes:
    """The document as a searchable PDF; raises the failure that is there instead."""
    window = Window(source=source, first_page=0, page_count=len(reading.pages), text=reading.pages)
    outcome = readers.read([window])[0]
    if isinstance(outcome, OcrInboxError):
        raise outcome
    if not isinstance(outcome, Bound) or outcome.sha256 != reading.sha256:
        raise SourceChangedError("cannot bind the pages: the document changed while it was read")
    return outcome.pdf


def demand_reading(outcome: Outcome) -> Reading:
    """The reading, where there is one; raises the failure that is there instead."""
    if isinstance(outcome, OcrInboxError):
        raise outcome
    if not isinstance(outcome, Reading):
        raise _changed()
    return outcome


def _changed() -> SourceChangedError:
    return SourceChangedError("cannot join the pages: the document changed while it was read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Pages of a window, and how many windows of one document are read at once."""

    window_pages: int
    abreast: int


def with_rest(  # noqa: PLR0913 - what is read, by whom, and what is known of it
    first: Reading, source: Source, *, readers: Readers, pace: Pace, kept: Mapping[int, Reading], keep: Keep
) -> Reading:
    """The whole document, of which `first` is the first window; windows that were kept are not read again.

    Raises the first failure that is not one page's alone.
    """
    rest = _Rest(first=first, source=source, readers=readers, kept=kept, keep=keep)
    starts = range(FIRST_PAGES, first.page_total, pace.window_pages)
    with ThreadPoolExecutor(max(1, min(pace.abreast, len(starts)))) as lanes:
        readings = lanes.map(lambda start: rest.window(start, pace.window_pages), starts)
        return Reading.joined([first, *readings])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    first: Reading
    source: Source
    readers: Readers
    kept: Mapping[int, Reading]
    keep: Keep

    def window(self, start: int, count: int) -> Reading:
        known = self.kept.get(start)
        if known is not None and known.sha256 == self.first.sha256:
            return known
        reading = self._read(start, min(count, self.first.page_total - start))
        if reading.sha256 != self.first.sha256:
            raise _changed()
        self.keep(start, reading)
        return reading

    def _read(self, start: int, count: int) -> Reading:
        """A window that brings its reader down is read page by page, to find out which of them does."""
        try:
            return self._once(start, count)
        except (ReaderCrashedError, ReadingTimeoutError):
            return Reading.joined([self._alone(page) for page in range(start, start + count)])

    def _alone(self, page: int) -> Reading:
        try:
            return self._once(page, 1)
        except (ReaderCrashedError, ReadingTimeoutError) as error:
            failure = PageFailure(index=page, code=error.code, reason=str(error))
            nothing = Timing(preprocess=0.0, inference=0.0)
            return replace(self.first, pages=(), failed=(failure,), timing=nothing, warnings=())

    def _once(self, start: int, count: int) -> Reading:
        window = Window(source=self.source, first_page=start, page_count=count)
        outcomes: Sequence[Outcome] = self.readers.read([window])
        return demand_reading(outcomes[0])
