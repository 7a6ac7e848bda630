"""PDF documents, each page drawn by PDFium with its annotations and filled-in forms, or taken as its text says."""

import math
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_inbox.errors import EncryptedDocumentError, TooLargeError, UnreadableDocumentError
from ocr_inbox.images.embedded import embedded_page
from ocr_inbox.images.pages import PageImage
from ocr_inbox.reading import Limits, Page

_POINTS_PER_INCH = 72 * (1 + 1e-6)
"""A little more than there are, so that a scan drawn at its own resolution keeps its pixels: page sizes are 32-bit
floats, and 1654.00001 pixels, rounded up to 1655, would resample the whole page and cost the reader spaces."""
_LOCKED = (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY)


class PdfPages:
    """The pages of an open PDF; it remembers which of them had to be drawn smaller, and which carry no text."""

    media_type = "application/pdf"

    def __init__(self, document: pdfium.PdfDocument, page_total: int, limits: Limits, pdf_text: str) -> None:
        self._document = document
        self.page_total = page_total
        self._limits = limits
        self._pdf_text = pdf_text
        self._reduced: dict[int, str] = {}
        self._textless: dict[int, str] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each page that was drawn at less than the wanted resolution, or has not the wanted text."""
        return (*self._textless.values(), *self._reduced.values())

    def decode(self, index: int) -> PageImage:
        """As `Pages.decode` promises, but a page with too many pixels is drawn smaller, with a warning."""
        if not 0 <= index < self.page_total:
            raise IndexError(index)
        subject = f"page {index + 1} of {self.page_total}"
        try:
            with closing(self._document[index]) as page:
                dpi = _affordable_dpi(page.get_size(), self._limits)
                if dpi < self._limits.pdf_dpi:
                    self._reduced[index] = f"{subject} is so large that it was drawn at {dpi:.3g} dots per inch"
                # The bitmap's own buffer is the result: PDFium draws BGR without gaps between the lines.
                with closing(page.render(scale=dpi / _POINTS_PER_INCH)) as bitmap:
                    return PageImage(index=index, pixels=bitmap.to_numpy())
        except (pdfium.PdfiumError, ArithmeticError, ValueError) as error:
            raise UnreadableDocumentError(
                f"cannot read {subject}: it is damaged; open the PDF in another program and save it again",
            ) from error
        except MemoryError as error:
            raise TooLargeError(
                f"cannot read {subject}: drawing it takes more memory than there is; lower the resolution for PDF",
            ) from error

    def embedded(self, index: int) -> Page | None:
        """As `Pages.embedded` promises; what cannot be taken is OCR's, and with "embedded" there is a warning."""
        if not 0 <= index < self.page_total:
            raise IndexError(index)
        page = None if self._pdf_text == "ocr" else self._embedded(index)
        if page is None and self._pdf_text == "embedded":
            self._textless[index] = f"page {index + 1} of {self.page_total} has no embedded text: it was left to OCR"
        return page

    def _embedded(self, index: int) -> Page | None:
        try:
            with closing(self._document[index]) as page:
                dpi = _affordable_dpi(page.get_size(), self._limits)
                width, height = (_pixels_across(points, dpi) for points in page.get_size())
                return embedded_page(page, index, (width, height), only_sound=self._pdf_text == "auto")
        # Whatever is wrong with its text, it may still be drawn.
        except (pdfium.PdfiumError, ArithmeticError, ValueError, MemoryError):
            return None


@contextmanager
def open_pdf(data: bytes, limits: Limits, pdf_text: str) -> Iterator[PdfPages]:
    """Open a PDF and close everything that belongs to it at the end; `open_pages` says what is raised."""
    with _loaded(data) as document:
        # Has to come before the first page, or its form fields stay empty; a broken form costs only itself.
        with suppress(pdfium.PdfiumError):
            document.init_forms()
        page_total = len(document)
        if page_total > limits.max_pages:
            raise TooLargeError(
                f"cannot read the document: it has {page_total} pages and {limits.max_pages} are allowed;"
                " split it or raise the limit",
            )
        if page_total < 1:
            raise UnreadableDocumentError("cannot read the document: this PDF has no pages; save it again")
        yield PdfPages(document, page_total, limits, pdf_text)


def _loaded(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code in _LOCKED:
            raise EncryptedDocumentError(
                "cannot read the document: this PDF asks for a password; save it without one",
            ) from error
        raise UnreadableDocumentError(
            "cannot read the document: this PDF is damaged or cut off; open it in another program and save it again",
        ) from error


def _affordable_dpi(size: tuple[float, float], limits: Limits) -> float:
    """The wanted resolution, or what remains of it for a page of `size` points that would have too many pixels."""
    width, height = size
    dpi = float(limits.pdf_dpi)
    while (pixels := _pixels_across(width, dpi) * _pixels_across(height, dpi)) > limits.max_pixels:
        # Sides are rounded up, so the root alone might stay a little above the limit for ever.
        dpi *= min(0.99, math.sqrt(limits.max_pixels / pixels))
    return dpi


def _pixels_across(points: float, dpi: float) -> int:
    return math.ceil(points * dpi / _POINTS_PER_INCH)
