"""A document of many pages, read window by window over all readers, so that a crash costs one window."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Lock

from ocr_inbox.errors import OcrInboxError, ReaderCrashedError, ReadingTimeoutError, SourceChangedError
from ocr_inbox.ports import Outcome, Readers
from ocr_inbox.reading import Bound, Page, PageFailure, Reading, Source, Timing, Window

FIRST_PAGES = 1
"""Pages of the first window: most documents have one, and this one tells how many there are."""

FIRST_WINDOW = 0
"""The first page of the first window, by which it is kept."""

MOST_FIGURE_BYTES = 128 << 20
"""Of the figures of one document, which are held in memory until it is delivered: some 250 photos of half a page."""

Keep = Callable[[int, Reading], None]
"""Hears of each window that is read, by its first page; may be called from several threads at once."""


def bound(reading: Reading, source: Source, readers: Readers) -> bytes:
    """The document as a searchable PDF; raises the failure that is there instead."""
    text = tuple(replace(page, figures=()) for page in reading.pages)
    window = Window(source=source, first_page=0, page_count=len(text), text=text)
    outcome = readers.read([window])[0]
    if isinstance(outcome, OcrInboxError):
        raise outcome
    if not isinstance(outcome, Bound) or outcome.sha256 != reading.sha256:
        raise SourceChangedError("cannot bind the pages: the document changed while it was read")
    return outcome.pdf


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The first window of a document, what an earlier attempt kept of it, by first page, and what the window became."""

    window: Window
    kept: Mapping[int, Reading]
    outcome: Outcome | None = None


def demand_reading(outcome: Outcome | None) -> Reading:
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


def with_rest(first: Reading, begun: Beginning, *, readers: Readers, pace: Pace, keep: Keep) -> Reading:
    """The whole document, of which `first` is what its first window was read as; what was kept is not read again.

    Raises the first failure that is not one page's alone.
    """
    room = FigureRoom()
    first = room.fitting(first)
    rest = _Rest(first=first, begun=begun, readers=readers, keep=keep, room=room)
    starts = range(FIRST_PAGES, first.page_total, pace.window_pages)
    with ThreadPoolExecutor(max(1, min(pace.abreast, len(starts)))) as lanes:
        readings = lanes.map(lambda start: rest.window(start, pace.window_pages), starts)
        return Reading.joined([first, *readings])


@dataclass
class FigureRoom:
    """Remembers how many bytes of figures a document may still bring; for several threads."""

    left: int = MOST_FIGURE_BYTES
    _lock: Lock = field(default_factory=Lock)

    def fitting(self, reading: Reading) -> Reading:
        """The reading with the figures of those pages that there is room for, and a warning where that is not all."""
        pages = tuple(page if self._takes(page) else replace(page, figures=()) for page in reading.pages)
        if pages == reading.pages:
            return reading
        warning = f"figures were left out: this document has more than {MOST_FIGURE_BYTES >> 20} MiB of them"
        return replace(reading, pages=pages, warnings=(*reading.warnings, warning))

    def _takes(self, page: Page) -> bool:
        size = sum(len(figure.content) for figure in page.figures)
        with self._lock:
            fits = size <= self.left
            self.left -= size if fits else 0
        return fits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    first: Reading
    begun: Beginning
    readers: Readers
    keep: Keep
    room: FigureRoom

    def window(self, start: int, count: int) -> Reading:
        known = self.begun.kept.get(start)
        if known is not None and known.sha256 == self.first.sha256:
            return self.room.fitting(known)
        reading = self.room.fitting(self._read(start, min(count, self.first.page_total - start)))
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
        window = replace(self.begun.window, first_page=start, page_count=count, known_sha256=None)
        outcomes: Sequence[Outcome] = self.readers.read([window])
        return demand_reading(outcomes[0])
