"""A document of many pages, read window by window, so that memory does not grow with it."""

from collections.abc import Callable

from ocr_inbox.errors import OcrInboxError, SourceChangedError
from ocr_inbox.ports import Outcome, Readers
from ocr_inbox.reading import Reading, Source, Window

FIRST_PAGES = 1
"""Pages of the first window: most documents have one, and this one tells how many there are."""


def demand_reading(outcome: Outcome) -> Reading:
    """The reading, where there is one; raises the failure that is there instead."""
    if isinstance(outcome, OcrInboxError):
        raise outcome
    if not isinstance(outcome, Reading):
        raise SourceChangedError("cannot join the pages: the document changed while it was read")
    return outcome


def with_rest(
    first: Reading, source: Source, *, readers: Readers, window_pages: int, note: Callable[[int, int], None]
) -> Reading:
    """The whole document, of which `first` is the first window; `note` hears of pages done and in all."""
    readings = [first]
    for page in range(FIRST_PAGES, first.page_total, window_pages):
        note(page, first.page_total)
        window = Window(source=source, first_page=page, page_count=window_pages)
        reading = demand_reading(readers.read([window])[0])
        if reading.sha256 != first.sha256:
            raise SourceChangedError("cannot join the pages: the document changed while it was read")
        readings.append(reading)
    return Reading.joined(readings)
