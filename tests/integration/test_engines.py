"""The engines of the readers, with the bundled models: what they find lies where it is on the page as given."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model_cache import ready_models
from ocr_inbox.paddle.table import TableEngine, TableOptions
from ocr_inbox.paddle.text import TextEngine, TextOptions
from pages import LINES, PHOTO, render_illustrated_page, render_line, render_page, render_table

ROWS = (
    ("Article", "Pieces", "Price", "Sum"),
    ("Rope", "2", "42.00", "84.00"),
    ("Shackle", "10", "3.75", "37.50"),
    ("Total", "", "", "121.50"),
)
TURNS = {0: None, 90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


def _pixels(page: Image.Image) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.asarray(page.convert("RGB"))[:, :, ::-1])


@pytest.fixture(scope="module")
def turning_engine() -> TextEngine:
    options = TextOptions(family="PP-OCRv6", size="small", page_orientation=True)
    return TextEngine(
        TextOptions(family="PP-OCRv6", size="small", page_orientation=True, models=ready_models(*options.model_names()))
    )


@pytest.fixture(scope="module")
def table_engine() -> TableEngine:
    names = ("PicoDet_layout_1x", "SLANet_plus", "PP-OCRv6_small_det", "PP-OCRv6_small_rec")
    return TableEngine(TableOptions(family="PP-OCRv6", size="small", models=ready_models(*names)))


@pytest.mark.parametrize("turned", TURNS)
def test_lines_of_a_turned_page_are_read_and_lie_where_they_are_on_it(turning_engine: TextEngine, turned: int) -> None:
    upright = render_page(LINES)
    transpose = TURNS[turned]
    page = upright if transpose is None else upright.transpose(transpose)
    pixels = _pixels(page)
    found = turning_engine.read(0, pixels)
    assert [line.text for line in found.regions] == list(LINES)
    assert (found.width, found.height) == page.size
    ink = pixels.min(axis=2) < 128
    for line in found.regions:
        left, top, right, bottom = (round(side) for side in line.bbox)
        assert 0 <= left < right <= page.width
        assert 0 <= top < bottom <= page.height
        assert ink[top:bottom, left:right].mean() > 0.05, line.text


def test_a_table_is_found_with_its_cells_in_their_places(table_engine: TableEngine) -> None:
    page = table_engine.read(0, _pixels(render_table(ROWS)))
    (table,) = page.tables
    cells = {(cell.row, cell.column): cell.text for cell in table.cells}
    assert cells == {(row, column): text for row, texts in enumerate(ROWS) for column, text in enumerate(texts)}
    assert all(cell.bbox is not None for cell in table.cells)
    left, top, right, bottom = table.bbox
    assert left < 200 < right
    assert top < 200 < bottom
    assert "<table" in (page.markdown or "")
    assert {block.label for block in page.blocks} == {"table"}
    assert page.layout[0].label == "table"
    assert sorted(line.text for line in page.regions) == sorted(text for row in ROWS for text in row if text)
    assert all(left <= x <= right for line in page.regions for x, _ in line.polygon)


def test_a_page_without_a_table_has_text_blocks_in_reading_order(table_engine: TableEngine) -> None:
    page = table_engine.read(3, _pixels(render_page(LINES)))
    assert (page.index, page.tables) == (3, ())
    text = "".join(block.content for block in page.blocks).replace(" ", "").replace("\n", "")
    assert text == "".join(LINES).replace(" ", "")


def test_a_photo_becomes_a_figure_that_the_markdown_refers_to(table_engine: TableEngine) -> None:
    pixels = _pixels(render_illustrated_page())
    page = table_engine.read(0, pixels)
    (figure,) = page.figures
    markdown = page.markdown or ""
    assert f'<img src="{figure.name}"' in markdown
    assert "imgs/" not in markdown
    assert "Figure 1. The harbour in spring." in markdown
    (box,) = (box.bbox for box in page.layout if box.label == "image")
    assert all(abs(found - true) < 40 for found, true in zip(box, PHOTO, strict=True))
    with Image.open(io.BytesIO(figure.content)) as image:
        assert image.format == "JPEG"
        assert abs(image.width - (box[2] - box[0])) <= 2
        left, top = round(box[0]), round(box[1])
        original = pixels[top : top + image.height, left : left + image.width, ::-1].astype(float)
        assert abs(np.asarray(image)[10:-10, 10:-10].mean() - original[10:-10, 10:-10].mean()) < 3
    assert table_engine.read(0, pixels).figures == page.figures


@pytest.mark.parametrize("width", [200, 320, 640])
def test_a_snippet_is_read_as_it_is(table_engine: TableEngine, width: int) -> None:
    page = table_engine.read(0, _pixels(render_line("Rope, 50 m", width=width)))
    assert [region.text for region in page.regions] == ["Rope, 50 m"]
    assert len(page.blocks) == 1


def test_an_empty_page_has_nothing_on_it(table_engine: TableEngine) -> None:
    page = table_engine.read(0, _pixels(Image.new("RGB", (300, 400), "white")))
    assert (page.tables, page.formulas, page.blocks, page.regions) == ((), (), (), ())
