"""The tables of a document as comma-separated values, for scripts and for spreadsheets."""

import csv
import io
import re

from ocr_inbox.outputs.grid import grid_of
from ocr_inbox.outputs.writing import printable
from ocr_inbox.reading import Reading, Table

# A spreadsheet runs what begins so, in full width too; whoever can drop a document must not be able to make it.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[\d.,\u0020\u00a0\u202f']*\d[\d.,]*\s?[%\u20ac$\u00a3\u00a5]?")


def render(reading: Reading) -> bytes:
    """Every table, an empty line between two; empty where there is none.

    RFC 4180 in UTF-8, with the mark at its beginning without which Excel takes it for the local code page. The text
    of a cell that spans several places stands in the first. What a spreadsheet would run as a formula begins with an
    apostrophe, unless it is a number; the exact text is in the JSON.
    """
    tables = [_text(table) for page in reading.pages for table in page.tables]
    return "\r\n".join(tables).encode("utf-8-sig") if tables else b""


def _text(table: Table) -> str:
    grid = grid_of(table)
    rows = [[""] * grid.columns for _ in range(grid.rows)]
    for cell in grid.cells:
        rows[cell.row][cell.column] = _harmless(printable(cell.text))
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
