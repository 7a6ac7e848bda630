"""What happens inside a reader process: bytes to pages to text; the place where images and engines meet."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from ocr_inbox.errors import (
    AccessDeniedError,
    DocumentError,
    InboxUnavailableError,
    InfrastructureError,
    OcrInboxError,
    PipelineUnavailableError,
    ReadingError,
    ReadingTimeoutError,
)
from ocr_inbox.files import read_source
from ocr_inbox.objects import ObjectSource
from ocr_inbox.ports import Outcome
from ocr_inbox.reading import (
    AlreadyRead,
    Bound,
    Engine,
    FileSource,
    Limits,
    Page,
    PageFailure,
    Reading,
    Source,
    Timing,
    Window,
)
from ocr_inbox.s3.fetching import Fetcher

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ocr_inbox.images import PageImage, Pages
    from ocr_inbox.paddle.document import DocumentOptions
    from ocr_inbox.paddle.table import TableOptions
    from ocr_inbox.paddle.text import TextOptions


class PageEngine(Protocol):
    """A pipeline of PaddleOCR that reads one page at a time."""

    def describe(self) -> Engine:
        """What reads here."""
        ...

    def read(self, index: int, pixels: "NDArray[np.uint8]") -> Page:
        """What stands on the page; pixels is height x width x 3, BGR, upright."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedReader:
    """An engine that is loaded, and what it may take on."""

    engine: PageEngine
    limits: Limits
    pdf_text: str = "ocr"
    objects: Fetcher = field(default_factory=Fetcher)

    @property
    def device(self) -> str:
        """What the engine computes on."""
        return self.engine.describe().device

    def read(self, batch: Sequence[Window]) -> list[Outcome]:
        """One outcome for each window: what fails is a value, so that it harms nobody else."""
        outcomes: list[Outcome] = []
        for window in batch:
            try:
                outcomes.append(self._outcome(window))
            except OcrInboxError as error:
                outcomes.append(error)
        return outcomes

    def _outcome(self, window: Window) -> Outcome:
        started = time.monotonic()
        content = self._content(window.source)
        return _read_window(self, window, content, started)

    def _content(self, source: Source) -> bytes:
        if isinstance(source, ObjectSource):
            return self.objects.fetch(source, self.limits.max_bytes)
        return _file_content(source, self.limits)


def open_text_reader(options: "TextOptions", limits: Limits) -> LoadedReader:
    """Load PP-OCR into this process; raises ModelsMissingError and PipelineUnavailableError."""
    with _loading("PP-OCR"):
        from ocr_inbox.paddle.text import TextEngine

        return LoadedReader(engine=TextEngine(options), limits=limits, pdf_text=options.pdf_text)


def open_table_reader(options: "TableOptions", limits: Limits) -> LoadedReader:
    """Load PP-StructureV3 into this process; raises ModelsMissingError and PipelineUnavailableError."""
    with _loading("PP-StructureV3"):
        from ocr_inbox.paddle.table import TableEngine

        return LoadedReader(engine=TableEngine(options), limits=limits)


def open_document_reader(options: "DocumentOptions", limits: Limits) -> LoadedReader:
    """Load PaddleOCR-VL's client into this process; raises ModelsMissingError and PipelineUnavailableError."""
    with _loading("PaddleOCR-VL"):
        from ocr_inbox.paddle.document import DocumentEngine

        return LoadedReader(engine=DocumentEngine(options), limits=limits)


@contextmanager
def _loading(what: str) -> Iterator[None]:
    try:
        yield
    except OcrInboxError:
        raise
    except Exception as error:  # whatever an engine fails with, the pipeline is what cannot be used
        raise PipelineUnavailableError(
            f"cannot load {what}: {type(error).__name__}: {error}; `ocr-inbox doctor` says what is missing"
        ) from error


def _read_window(reader: LoadedReader, window: Window, content: bytes, started: float) -> Reading | AlreadyRead | Bound:
    from ocr_inbox.images import open_pages

    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 == window.known_sha256:
        return AlreadyRead(sha256=sha256)
    if window.text:
        return _bound(content, sha256, reader.limits, window.text)
    with open_pages(content, reader.limits, reader.pdf_text) as pages:
        read = _read_pages(reader.engine, pages, window)
        return Reading(
            sha256=sha256,
            media_type=pages.media_type,
            size=len(content),
            page_total=pages.page_total,
            pages=tuple(_asked_for(page, window) for page in read.results if isinstance(page, Page)),
            failed=tuple(page for page in read.results if isinstance(page, PageFailure)),
            engine=reader.engine.describe(),
            timing=Timing(preprocess=time.monotonic() - started - read.seconds, inference=read.seconds),
            warnings=tuple(pages.warnings),
        )


def _asked_for(page: Page, window: Window) -> Page:
    return page if window.figures else replace(page, figures=())


def _bound(content: bytes, sha256: str, limits: Limits, pages: Sequence[Page]) -> Bound:
    from ocr_inbox.images.searchable import searchable_pdf

    return Bound(sha256=sha256, pdf=searchable_pdf(content, limits, pages))


def _file_content(source: FileSource, limits: Limits) -> bytes:
    try:
        return read_source(source, limits.max_bytes)
    except PermissionError as error:
        raise AccessDeniedError(
            f"cannot read {source.path}: permission denied; give the daemon's user read access"
        ) from error
    except OSError as error:
        raise InboxUnavailableError(f"cannot read {source.path}: {error.strerror}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    results: list[Page | PageFailure]
    seconds: float


def _read_pages(engine: PageEngine, pages: "Pages", window: Window) -> _Read:
    """What can be read of the window; a page that cannot is noted, and takes no other along."""
    results: list[Page | PageFailure] = []
    failures: list[OcrInboxError] = []
    seconds = 0.0
    for index in range(window.first_page, min(window.first_page + window.page_count, pages.page_total)):
        try:
            page = pages.embedded(index)
            if page is None:
                image = pages.decode(index)
                began = time.monotonic()
                page = _read_page(engine, index, image)
                seconds += time.monotonic() - began
            results.append(page)
        except (DocumentError, ReadingError) as error:
            if pages.page_total == 1 or _is_hanging(results, error):
                raise
            failures.append(error)
            results.append(PageFailure(index=index, code=error.code, reason=str(error)))
        except InfrastructureError as error:
            # What is gone after a page that failed may have been brought down by it: that has to cost an attempt.
            raise (failures or [error])[-1] from error
    if failures and not any(isinstance(result, Page) for result in results):
        raise failures[0]
    return _Read(results=results, seconds=seconds)


def _is_hanging(results: Sequence[Page | PageFailure], error: OcrInboxError) -> bool:
    before = results[-1] if results else None
    return isinstance(error, ReadingTimeoutError) and isinstance(before, PageFailure) and before.code == error.code


def _read_page(engine: PageEngine, index: int, image: "PageImage") -> Page:
    try:
        return engine.read(index, image.pixels)
    except OcrInboxError:
        raise
    except Exception as error:  # the one place where an engine's failures get their name
        raise ReadingError(f"cannot read page {index}: {type(error).__name__}: {error}") from error
