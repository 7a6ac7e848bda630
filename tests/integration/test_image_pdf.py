"""PDF: what PDFium draws, at which size, and what is refused."""

import gc

import numpy as np
import pypdfium2.internal
import pytest
from PIL import Image

from ocr_inbox.errors import EncryptedDocumentError, TooLargeError, UnreadableDocumentError
from ocr_inbox.images import PageImage, open_pages
from ocr_inbox.reading import Limits
from pages import LINES, pdf_file, pdf_of, render_page, text_pdf, truncated

CATALOG = "<</Type/Catalog/Pages 2 0 R>>"
RED_BOX = "<</Type/XObject/Subtype/Form/BBox[0 0 20 20]/Length 22>>stream\n1 0 0 rg 0 0 20 20 re f\nendstream"


def decoded(data: bytes, index: int = 0, limits: Limits | None = None) -> PageImage:
    with open_pages(data, limits or Limits()) as pages:
        return pages.decode(index)


def one_page(entries: str, *further: str, catalog: str = "") -> bytes:
    return pdf_file(
        [
            f"<</Type/Catalog/Pages 2 0 R{catalog}>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            f"<</Type/Page/Parent 2 0 R{entries}>>",
            *further,
        ],
    )


def red_pixels(page: PageImage) -> int:
    return int((page.pixels == (0, 0, 255)).all(axis=2).sum())


def dark_box(page: PageImage) -> tuple[float, float]:
    """The middle of everything dark, as parts of the width and of the height."""
    ys, xs = np.nonzero(page.pixels.min(axis=2) < 128)
    return float(xs.mean() / page.width), float(ys.mean() / page.height)


def test_text_is_drawn_at_the_wanted_resolution() -> None:
    for dpi, size in ((72, (595, 842)), (200, (1653, 2339))):
        page = decoded(text_pdf([LINES]), limits=Limits(pdf_dpi=dpi))
        assert (page.width, page.height) == size
        assert page.pixels.dtype == np.uint8
        assert page.pixels.flags.c_contiguous
        assert page.pixels.flags.writeable
        assert tuple(page.pixels[0, 0]) == (255, 255, 255)
        x, y = dark_box(page)
        assert x < 0.5
        assert y < 0.5


def test_pages_outlive_their_document() -> None:
    page = decoded(text_pdf([LINES]))
    before = int(page.pixels.sum())
    gc.collect()
    assert int(page.pixels.sum()) == before


@pytest.mark.parametrize(
    ("degrees", "size", "corner"),
    [(0, (595, 842), (0, 0)), (90, (842, 595), (1, 0)), (180, (595, 842), (1, 1)), (270, (842, 595), (0, 1))],
)
def test_the_rotation_of_a_page_is_honoured(degrees: int, size: tuple[int, int], corner: tuple[int, int]) -> None:
    page = decoded(text_pdf([LINES], page_entries=f"/Rotate {degrees}"), limits=Limits(pdf_dpi=72))
    assert (page.width, page.height) == size
    x, y = dark_box(page)
    assert (round(x), round(y)) == corner


def test_a_scanned_pdf_shows_its_images_in_order() -> None:
    data = pdf_of([Image.new("RGB", (90, 60), colour) for colour in ((250, 0, 0), (0, 250, 0))])
    with open_pages(data, Limits()) as pages:
        assert (pages.media_type, pages.page_total, pages.warnings) == ("application/pdf", 2, ())
        middles = [pages.decode(index).pixels[30, 40].tolist() for index in (0, 1)]
    assert middles[0][2] > 240
    assert middles[1][1] > 240


@pytest.mark.parametrize("dpi", [100, 200])
def test_a_scan_drawn_at_its_own_resolution_keeps_its_pixels(dpi: int) -> None:
    """One pixel more, from rounding up, would resample the page, and readers lose spaces to the blur."""
    scan = render_page(LINES, dpi=dpi).convert("1")
    page = decoded(pdf_of([scan], dpi=dpi), limits=Limits(pdf_dpi=dpi))
    assert np.array_equal(page.pixels, np.asarray(scan.convert("RGB")))


def test_annotations_are_drawn() -> None:
    annotation = "<</Type/Annot/Subtype/Stamp/Rect[100 100 120 120]/F 4/AP<</N 5 0 R>>>>"
    data = one_page("/MediaBox[0 0 300 300]/Annots[4 0 R]", annotation, RED_BOX)
    assert red_pixels(decoded(data, limits=Limits(pdf_dpi=72))) == 400


def test_filled_in_form_fields_are_drawn() -> None:
    field = "<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/Rect[100 100 120 120]/F 4/AP<</N 5 0 R>>>>"
    data = one_page(
        "/MediaBox[0 0 300 300]/Annots[4 0 R]",
        field,
        RED_BOX,
        catalog="/AcroForm<</Fields[4 0 R]>>",
    )
    assert red_pixels(decoded(data, limits=Limits(pdf_dpi=72))) > 300


@pytest.mark.parametrize("box", ["0 0 14400 14400", "0 0 1 90000000", "0 0 50000 2"])
def test_a_huge_page_is_drawn_smaller_with_a_warning(box: str) -> None:
    data, limits = one_page(f"/MediaBox[{box}]"), Limits(max_pixels=10_000)
    with open_pages(data, limits) as pages:
        page = pages.decode(0)
        assert 0 < page.width * page.height <= 10_000
        (warning,) = pages.warnings
        assert warning.startswith("page 1 of 1 is so large that it was drawn at ")
        pages.decode(0)
        assert len(pages.warnings) == 1


@pytest.mark.parametrize("box", ["0 0 0 0", "0 0 -5 10", "0 0 1e39 1e39", "9 9", "/No /Box /At /All"])
def test_a_page_without_a_sensible_size_is_drawn_or_refused(box: str) -> None:
    try:
        page = decoded(one_page(f"/MediaBox[{box}]"))
    except UnreadableDocumentError:
        return
    assert page.width * page.height > 0


def test_a_password_is_asked_for() -> None:
    key = "00" * 32
    locked = f"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{key}>/U<{key}>>>/ID[<{key}><{key}>]"
    data = pdf_file(
        [CATALOG, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R>>"], trailer_entries=locked
    )
    with pytest.raises(EncryptedDocumentError, match="asks for a password; save it without one") as caught:
        decoded(data)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"%PDF-1.7\n", id="first line only"),
        pytest.param(truncated(pdf_of([render_page(LINES, dpi=50)])), id="cut off"),
        pytest.param(pdf_file([CATALOG, "<</Type/Pages/Kids[]/Count 0>>"]), id="no pages"),
        pytest.param(pdf_file(["<</Type/Catalog>>"]), id="no page tree"),
        pytest.param(pdf_file([CATALOG, "<</Type/Pages/Kids[2 0 R]/Count 1>>"]), id="its own child"),
    ],
)
def test_a_damaged_pdf_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableDocumentError, match=r"^cannot read "):
        decoded(data)


def test_too_many_pages_are_refused_before_any_is_drawn() -> None:
    data = text_pdf([["a"]] * 4)
    assert decoded(data, 3, Limits(max_pages=4)).index == 3
    with pytest.raises(TooLargeError, match="it has 4 pages and 3 are allowed"):
        decoded(data, 3, Limits(max_pages=3))


def test_a_pdf_that_claims_a_million_pages_is_refused() -> None:
    with pytest.raises(TooLargeError, match="it has 1000000 pages"):
        decoded(pdf_file([CATALOG, "<</Type/Pages/Kids[3 0 R]/Count 1000000>>", "<</Type/Page/Parent 2 0 R>>"]))


def test_a_missing_page_costs_only_itself() -> None:
    data = pdf_file([CATALOG, "<</Type/Pages/Kids[3 0 R 9 0 R]/Count 2>>", "<</Type/Page/Parent 2 0 R>>"])
    with open_pages(data, Limits()) as pages:
        assert pages.page_total == 2
        assert pages.decode(0).index == 0
        with pytest.raises(UnreadableDocumentError, match="cannot read page 2 of 2: it is damaged; "):
            pages.decode(1)
        assert pages.decode(0).index == 0
        with pytest.raises(IndexError):
            pages.decode(2)


def test_nothing_of_pdfium_stays_open() -> None:
    def still_open() -> int:
        return sum(len(objects) for objects in pypdfium2.internal.ObjectTracker.values())

    before = still_open()
    kept = [decoded(text_pdf([LINES])) for _ in range(3)]
    with pytest.raises(UnreadableDocumentError):
        decoded(pdf_file([CATALOG, "<</Type/Pages/Kids[9 0 R]/Count 1>>"]))
    assert still_open() == before
    assert len(kept) == 3
