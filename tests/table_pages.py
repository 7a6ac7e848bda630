"""Tables as they look on paper: a page of A4 with one table between a heading and a line of text."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ocr_inbox.reading import Box, Cell
from true_tables import TrueTable

_PAGE = (1240, 1754)
"""Pixels of A4 at 150 dpi."""
_MARGIN = 112
_LETTERS = 21
"""Pixels of 10 points."""
_AROUND = (22, 11)
"""Between a cell's text and its sides, its upper and lower end."""
_SURROUNDINGS = {
    "chinese": ("船用物资一览", "以上各项已于当日清点入库。"),
    "": ("Table 1: What the harbour has in store", "All of this was counted on the same day and entered in the book."),
}


def table_page(table: TrueTable, font: Path) -> tuple[Image.Image, Box]:
    """An RGB page at 150 dpi and where the table stands on it, in pixels; raises ValueError if it is too wide.

    The font must have every letter of the table.
    """
    page = Image.new("RGB", _PAGE, "white")
    draw, letters = ImageDraw.Draw(page), ImageFont.truetype(str(font), _LETTERS)
    above, below = _SURROUNDINGS.get(table.kind, _SURROUNDINGS[""])
    draw.text((_MARGIN, _MARGIN), above, font=letters.font_variant(size=1.5 * _LETTERS), fill="black")
    top = _MARGIN + 4 * _LETTERS
    lefts = list(accumulate(_widths(table, letters), initial=_MARGIN))
    height = _LETTERS + 2 * _AROUND[1]
    if lefts[-1] > _PAGE[0] - _MARGIN:
        raise ValueError(f"cannot render a table of {table.kind}: it is {lefts[-1] - _MARGIN} pixels wide")
    for cell in table.cells:
        left, right = lefts[cell.column], lefts[cell.column + cell.column_span]
        box = (left, top + cell.row * height, right, top + (cell.row + cell.row_span) * height)
        if table.ruling == "ruled":
            draw.rectangle(box, outline="black", width=2)
        _write(draw, cell, box, letters)
    bottom = top + table.rows * height
    if table.ruling == "three_lines":
        for y in (top, top + table.heading_rows * height, bottom):
            draw.line((_MARGIN, y, lefts[-1], y), fill="black", width=2)
    draw.text((_MARGIN, bottom + 2 * _LETTERS), below, font=letters, fill="black")
    return page, (_MARGIN, top, lefts[-1], bottom)


def _widths(table: TrueTable, letters: ImageFont.FreeTypeFont) -> Sequence[int]:
    widths = [0] * table.columns
    for cell in table.cells:
        if cell.column_span == 1:
            widths[cell.column] = max(widths[cell.column], round(letters.getlength(cell.text)) + 2 * _AROUND[0])
    return widths


def _write(draw: ImageDraw.ImageDraw, cell: Cell, box: Box, letters: ImageFont.FreeTypeFont) -> None:
    """Figures stand right, what spans columns in their middle, everything else left."""
    left, top, right, bottom = box
    middle = (top + bottom) / 2
    if cell.column_span > 1:
        draw.text(((left + right) / 2, middle), cell.text, font=letters, fill="black", anchor="mm")
    elif cell.text.strip("+-,.%0123456789"):
        draw.text((left + _AROUND[0], middle), cell.text, font=letters, fill="black", anchor="lm")
    else:
        draw.text((right - _AROUND[0], middle), cell.text, font=letters, fill="black", anchor="rm")
