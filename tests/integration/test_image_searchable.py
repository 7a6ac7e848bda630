"""The text of a searchable PDF is found where the eye sees it, and the pages look as they did."""

import ctypes

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
import pytest
from PIL import ExifTags, Image

from builders import a_region
from ocr_inbox.errors import UnreadableDocumentError
from ocr_inbox.images import PageImage, open_pages
from ocr_inbox.images.searchable import searchable_pdf, with_text
from ocr_inbox.reading import Box, Limits, Page
from pages import PLACEMENTS, encoded, pdf_file, render_page, text_pdf, tiff_of

LIMITS = Limits(pdf_dpi=150)
TEXTS = ("Invoice 2041 - Größe (x) \\ end", "日本語の文章", "Итого: 121,50 ₽", "😀 smile")
FROM_RIGHT = ("שלום עולם", "סכום 121.50 בלבד", "سعر 12", "Total שלום")


def _page(*texts: str, index: int = 0, width: int = 1240, height: int = 1754) -> Page:
    regions = tuple(a_region(text, top=100.0 + 60 * number) for number, text in enumerate(texts))
    return Page(index=index, width=width, height=height, regions=regions)


def _drawn(data: bytes, index: int = 0) -> PageImage:
    with open_pages(data, LIMITS) as images:
        return images.decode(index)


def _lines(data: bytes, index: int = 0) -> list[str]:
    with pdfium.PdfDocument(data) as document:
        text: str = document[index].get_textpage().get_text_bounded()
        return sorted(text.split("\r\n"))


def _found_at(data: bytes, text: str, image: PageImage) -> Box:
    """Where a viewer would mark the text, in pixels of the page as it is drawn."""
    with pdfium.PdfDocument(data) as document:
        page = document[0]
        letters = page.get_textpage()
        start = letters.get_text_range().index(text)
        xs, ys = [], []
        for number in range(start, start + len(text)):
            left, bottom, right, top = letters.get_charbox(number)
            for x, y in ((left, bottom), (right, top)):
                across, down = ctypes.c_int(), ctypes.c_int()
                pdfium_c.FPDF_PageToDevice(page, 0, 0, image.width, image.height, 0, x, y, across, down)
                xs.append(across.value)
                ys.append(down.value)
        return min(xs), min(ys), max(xs), max(ys)


def test_images_are_bound_with_text_in_any_script() -> None:
    tiff = tiff_of([render_page(["one"]), render_page(["two"])])
    bound = searchable_pdf(tiff, LIMITS, [_page(*TEXTS), _page("second", index=1)])
    assert _lines(bound) == sorted(TEXTS)
    assert _lines(bound, 1) == ["second"]
    before, after = _drawn(tiff), _drawn(bound)
    assert (after.width, after.height) == pytest.approx((before.width, before.height), abs=1)
    height, width = min(before.height, after.height), min(before.width, after.width)
    difference = before.pixels[:height, :width].astype(int) - after.pixels[:height, :width]
    assert np.abs(difference).mean() < 1


def _sheet(data: bytes) -> tuple[float, float]:
    """Width and height of the first page in points."""
    with pdfium.PdfDocument(data) as document:
        size: tuple[float, float] = document[0].get_size()
        return size


SIDE = Image.new("RGB", (300, 600), "white")
TURNED = Image.Exif()
TURNED[ExifTags.Base.Orientation] = 6


@pytest.mark.parametrize(
    ("scan", "inches"),
    [
        (encoded(SIDE, "PNG", dpi=(300, 300)), (1, 2)),
        (encoded(SIDE, "JPEG", dpi=(100, 100)), (3, 6)),
        (encoded(SIDE, "BMP", dpi=(600, 600)), (0.5, 1)),
        (encoded(SIDE.convert("1"), "TIFF", dpi=(200, 100)), (1.5, 6)),
        (encoded(SIDE, "JPEG", dpi=(300, 100), exif=TURNED), (6, 1)),
        (encoded(SIDE, "TIFF", dpi=(300, 100), tiffinfo=dict(TURNED)), (6, 1)),
    ],
)
def test_a_sheet_is_as_large_as_the_scan_says(scan: bytes, inches: tuple[float, float]) -> None:
    assert _sheet(searchable_pdf(scan, LIMITS, [_page("one")])) == pytest.approx([72 * side for side in inches], 0.01)


@pytest.mark.parametrize(
    "scan",
    [
        encoded(SIDE),
        encoded(SIDE, "TIFF"),
        encoded(SIDE, "PNG", dpi=(49, 49)),
        encoded(SIDE, "PNG", dpi=(300, 1201)),
        encoded(Image.new("1", (300, 20_000)), "PNG", dpi=(72, 72)),
    ],
)
def test_a_resolution_that_cannot_be_a_scanners_is_not_believed(scan: bytes) -> None:
    assert _sheet(searchable_pdf(scan, LIMITS, [_page("one")]))[0] == pytest.approx(72 * 300 / LIMITS.pdf_dpi, 0.01)


@pytest.mark.parametrize("text", FROM_RIGHT)
def test_text_that_runs_from_right_to_left_is_found_as_it_is_written(text: str) -> None:
    assert _lines(searchable_pdf(encoded(render_page(["one"])), LIMITS, [_page(text)])) == [text]


@pytest.mark.parametrize("entries", [*PLACEMENTS, "/Rotate 270 /MediaBox [-100 -50 400 700]"])
def test_a_pdf_keeps_its_looks_and_its_text_stands_in_its_place(entries: str) -> None:
    original = text_pdf([["Hello"]], page_entries=entries)
    before, region = _drawn(original), a_region("Größe", top=300.0)
    page = Page(index=0, width=before.width, height=before.height, regions=(region,))
    bound = searchable_pdf(original, LIMITS, [page])
    assert np.array_equal(_drawn(bound).pixels, before.pixels)
    assert _found_at(bound, "Größe", before) == pytest.approx(region.bbox, abs=2)


def test_a_document_may_have_more_characters_than_a_font() -> None:
    texts = ["".join(chr(0x4E00 + 40 * line + place) for place in range(40)) for line in range(20)]
    assert set(texts) < set(_lines(searchable_pdf(text_pdf([["x"]]), LIMITS, [_page(*texts)])))


def test_pages_without_text_are_there() -> None:
    bound = searchable_pdf(encoded(render_page(["one"])), LIMITS, [_page()])
    assert _lines(bound) == [""]
    assert searchable_pdf(text_pdf([["x"]]), LIMITS, [_page("", " ")])


def test_the_same_document_makes_the_same_bytes() -> None:
    original = text_pdf([["x"]])
    assert searchable_pdf(original, LIMITS, [_page("a")]) == searchable_pdf(original, LIMITS, [_page("a")])


def test_lone_surrogates_are_left_out() -> None:
    assert "ab" in _lines(searchable_pdf(text_pdf([["x"]]), LIMITS, [_page("a\ud800b")]))


def test_a_pdf_that_nothing_can_be_added_to_is_drawn() -> None:
    """PDFium forgives a page without a proper parent, as scanners leave it, and more that a strict library does not."""
    original = text_pdf([["Hello"]]).replace(b"/Contents 5 0 R", b"/CropBox [1 2]")
    with pytest.raises(UnreadableDocumentError):
        with_text(original, [_page("a")])
    assert _lines(searchable_pdf(original, LIMITS, [_page("a")])) == ["a"]


@pytest.mark.parametrize("damaged", [b"%PDF-1.7\ngarbage", text_pdf([["x"]])[:150], pdf_file(["<</Type/Catalog>>"])])
def test_a_damaged_pdf_is_refused(damaged: bytes) -> None:
    with pytest.raises(UnreadableDocumentError):
        searchable_pdf(damaged, LIMITS, [_page("a")])
