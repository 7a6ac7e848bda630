"""The text that PDF pages carry: what is taken, where it stands on the page, and what has none."""

import gc

import numpy as np
import pypdfium2.internal
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import a_region
from ocr_inbox.errors import DocumentError
from ocr_inbox.images import open_pages
from ocr_inbox.images.searchable import searchable_pdf
from ocr_inbox.reading import Limits, Page
from pages import LINES, PLACEMENTS, encoded, pdf_file, pdf_of, render_page, text_pdf
from written_pages import CHINESE, GERMAN, RESOURCES, SHOWN, a_pdf, a_written_pdf, embedded, texts

COLUMNS = (
    "BT /F 12 Tf 54 700 Td (left one) Tj 300 0 Td (right one) Tj -300 -20 Td (left two) Tj 300 0 Td (right two) Tj ET"
)


def inked(data: bytes, page: Page, limits: Limits) -> list[float]:
    """How much of each line's box is dark where the page is drawn."""
    with open_pages(data, limits) as pages:
        image = pages.decode(0)
    assert (page.width, page.height) == (image.width, image.height)
    dark = image.pixels.min(axis=2) < 128
    boxes = [[round(side) for side in region.bbox] for region in page.regions]
    inside = [dark[top:bottom, left:right] for left, top, right, bottom in boxes]
    assert sum(int(box.sum()) for box in inside) == pytest.approx(int(dark.sum()), rel=0.02), "ink outside of all boxes"
    return [float(box.mean()) for box in inside]


@pytest.mark.parametrize(
    "limits", [Limits(), Limits(pdf_dpi=72), Limits(max_pixels=300_000)], ids=["200", "72", "less"]
)
@pytest.mark.parametrize("entries", [*PLACEMENTS, "/Rotate 270 /MediaBox [20 300 595 842] /CropBox [0 0 400 900]"])
def test_lines_lie_where_the_page_would_be_drawn(entries: str, limits: Limits) -> None:
    data = text_pdf([LINES], page_entries=entries)
    page = embedded(data, "auto", limits)
    assert page is not None
    assert page.embedded
    # Lines that run downwards, as after /Rotate 90, PDFium gives in an order of its own.
    assert sorted(region.text for region in page.regions) == sorted(LINES)
    assert {region.score for region in page.regions} == {1.0}
    assert min(inked(data, page, limits)) > 0.08


def test_a_turned_line_begins_where_one_begins_to_read_it() -> None:
    data = a_pdf("BT /F 20 Tf 0 1 -1 0 300 400 Tm (upwards) Tj ET BT /F 20 Tf -1 0 0 -1 300 300 Tm (upside down) Tj ET")
    page = embedded(data, limits=Limits(pdf_dpi=72))
    assert page is not None
    upwards, upside_down = (region.polygon for region in page.regions)
    assert upwards[0] == pytest.approx((285, 442), abs=8)
    assert upwards[1][1] < upwards[0][1] - 50
    assert upside_down[0] == pytest.approx((300, 560), abs=8)
    assert upside_down[1][0] < upside_down[0][0] - 50
    assert min(inked(data, page, Limits(pdf_dpi=72))) > 0.08


@pytest.mark.parametrize("lines", [LINES, GERMAN, CHINESE], ids=["English", "German", "Chinese"])
def test_text_in_any_language_is_taken(lines: tuple[str, ...]) -> None:
    assert texts(a_written_pdf(lines), "auto") == list(lines)


def test_text_is_as_one_would_type_it() -> None:
    assert texts(a_written_pdf(("Kau\ufb00l\u0061\u0308che", "\u2f00\u2f08\u5408\u540c", "a\U0001f600b"))) == [
        "Kauffläche",
        "一人合同",
        "a\U0001f600b",
    ]


def test_a_hyphen_ends_its_line() -> None:
    shown = "BT /F 12 Tf 20 TL 54 700 Td (The manage-) Tj T* (ment of rooms) Tj ET"
    assert texts(a_pdf(shown)) == ["The manage-", "ment of rooms"]


def test_columns_are_lines_of_their_own() -> None:
    assert texts(a_pdf(COLUMNS)) == ["left one", "right one", "left two", "right two"]


@pytest.mark.parametrize(
    "text", ["שלום עולם", "סכום 121.50 בלבד", "Total שלום"], ids=["Hebrew", "with a number", "with English"]
)
def test_text_that_runs_from_right_to_left_stays_in_one_line(text: str) -> None:
    page = Page(index=0, width=1654, height=2339, regions=(a_region(text),))
    assert texts(searchable_pdf(encoded(render_page(["one"])), Limits(), [page])) == [text]


def test_what_lies_beyond_the_edges_is_left_out() -> None:
    data = text_pdf([[*LINES, "secret"]], page_entries="/CropBox [0 600 595 842]")
    assert texts(data) == list(LINES)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(a_pdf(""), id="blank"),
        pytest.param(pdf_of([render_page(LINES, dpi=50)]), id="a scan"),
        pytest.param(a_pdf("BT /F 12 Tf 54 700 Td ( ) Tj ET"), id="a space"),
        pytest.param(a_pdf("BT /F 9 Tf 54 700 Td" + f" ({'a' * 10_000}) Tj" * 11 + " ET"), id="too many characters"),
        pytest.param(a_pdf("BT /F 1e39 Tf 1e39 0 0 1e39 1e39 nan Tm (text) Tj ET"), id="no place"),
    ],
)
@pytest.mark.parametrize("pdf_text", ["auto", "embedded"])
def test_a_page_without_text_is_left_to_ocr(data: bytes, pdf_text: str) -> None:
    with open_pages(data, Limits(), pdf_text) as pages:
        assert pages.embedded(0) is None
        assert pages.decode(0).width > 0
        said = ("page 1 of 1 has no embedded text: it was left to OCR",) if pdf_text == "embedded" else ()
        assert pages.warnings[: len(said)] == said


def test_by_default_and_of_images_nothing_is_taken() -> None:
    assert embedded(text_pdf([LINES]), "ocr") is None
    image = encoded(render_page(LINES, dpi=50))
    with open_pages(image, Limits(), "embedded") as pages:
        assert (pages.embedded(0), pages.warnings) == (None, ())
    for data in (image, text_pdf([LINES])):
        with open_pages(data, Limits(), "embedded") as pages, pytest.raises(IndexError):
            pages.embedded(1)


def test_a_missing_page_is_left_to_ocr_which_says_what_is_wrong() -> None:
    data = pdf_file(
        [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R 9 0 R]/Count 2>>",
            "<</Type/Page/Parent 2 0 R>>",
        ]
    )
    with open_pages(data, Limits(), "embedded") as pages:
        assert pages.embedded(1) is None


def test_nothing_of_pdfium_stays_open() -> None:
    def still_open() -> int:
        gc.collect()
        return sum(len(objects) for objects in pypdfium2.internal.ObjectTracker.values())

    before = still_open()
    for data in (text_pdf([LINES]), a_written_pdf(GERMAN, mode=3), a_pdf("")):
        embedded(data, "auto")
    assert still_open() == before


SEEDS = (
    text_pdf([LINES], page_entries="/Rotate 90 /CropBox [40 100 500 830]"),
    a_written_pdf(CHINESE),
    a_pdf(f"/X Do {SHOWN} q 9 0 0 9 0 0 cm /I Do Q", resources=RESOURCES),
)


@pytest.mark.parametrize("seed", SEEDS, ids=["rotated", "mapped", "form"])
@settings(max_examples=80, deadline=None, derandomize=True)
@given(changes=st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=4)), max_size=12))
def test_whatever_the_bytes_are_only_named_errors_come_out(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(seed)
    for place, value in changes:
        begin = place % len(data)
        data[begin : begin + len(value)] = value
    for pdf_text in ("auto", "embedded"):
        try:
            page = embedded(bytes(data), pdf_text, Limits(max_pixels=1_000_000, max_pages=50))
        except DocumentError:
            continue
        corners = np.array([region.polygon for region in page.regions] if page else [], dtype=float).reshape(-1, 2)
        assert np.isfinite(corners).all()
        assert page is None or (corners >= 0).all()
        assert page is None or (corners <= (page.width, page.height)).all()
