"""The text that a PDF page carries, as lines in pixels of the page as it would be drawn."""

import re
from contextlib import closing
from ctypes import c_int
from unicodedata import normalize

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_inbox.images.painting import painting_of
from ocr_inbox.images.soundness import Facts, is_sound
from ocr_inbox.images.transcript import Line, Transcript
from ocr_inbox.reading import Page, Point, Region

_MOST_CHARACTERS = 100_000
"""A page of a newspaper has some 20 000."""
_PARTS = 10
"""Of a pixel: PDFium counts in whole numbers."""
_UNPRINTABLE = re.compile("[\0-\x1f\x7f-\x9f\ufffe\uffff]")
_DISGUISED = re.compile("[\u2f00-\u2fd5\ufb00-\ufb06]")
"""Radicals that stand for the characters they look like, and ligatures."""


def embedded_page(page: pdfium.PdfPage, index: int, size: tuple[int, int], *, only_sound: bool) -> Page | None:
    """The page as the text that it carries says, drawn with `size`: width and height in pixels.

    None where it carries none, or with `only_sound` none that can stand for what is seen. Raises PdfiumError and
    ValueError where PDFium cannot make sense of the page.
    """
    painting = painting_of(page) if only_sound else None
    transcript = Transcript(edges=page.get_bbox(), seen=painting.seen if painting else None)
    with closing(page.get_textpage()) as letters:
        if letters.count_chars() > _MOST_CHARACTERS:
            raise ValueError("the page carries more characters than a page can hold")
        for number in range(letters.count_chars()):
            transcript.take(letters, number)
    if painting and not is_sound(
        Facts(
            text="\n".join(line.text for line in transcript.lines),
            unmapped=transcript.unmapped,
            hidden=transcript.hidden,
            outside=transcript.outside,
            pictured=painting.pictured,
            outlines=painting.outlines,
            overlays=painting.overlays,
        )
    ):
        return None
    regions = tuple(region for line in transcript.lines if (region := _region(line, page, size)).text)
    return Page(index=index, width=size[0], height=size[1], regions=regions, embedded=True) if regions else None


def _region(line: Line, page: pdfium.PdfPage, size: tuple[int, int]) -> Region:
    first, second, third, fourth = (_pixel(corner, page, size) for corner in line.corners)
    return Region(text=_plain(line.text), score=1.0, polygon=(first, second, third, fourth))


def _pixel(point: Point, page: pdfium.PdfPage, size: tuple[int, int]) -> Point:
    """Where PDFium would draw it, whatever the page's rotation and boxes; on the edge if that is beyond it."""
    (width, height), right, down = size, c_int(), c_int()
    drawn = width * _PARTS, height * _PARTS
    if not pdfium_c.FPDF_PageToDevice(page, 0, 0, *drawn, 0, *point, right, down):
        raise ValueError("the page has no place for its text")
    return min(max(right.value / _PARTS, 0.0), float(width)), min(max(down.value / _PARTS, 0.0), float(height))


def _plain(text: str) -> str:
    """The text as one would type it."""
    undisguised = _DISGUISED.sub(lambda found: normalize("NFKC", found[0]), _UNPRINTABLE.sub("", text))
    return normalize("NFC", " ".join(undisguised.split()))
