"""The tables of a document as an Excel workbook, a sheet for each."""

import io
from datetime import datetime
from typing import TYPE_CHECKING

from ocr_inbox.outputs.grid import grid_of
from ocr_inbox.outputs.writing import printable
from ocr_inbox.reading import Cell, Reading, Table

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_CREATED = datetime(1980, 1, 1)  # noqa: DTZ001 - the oldest that the format knows: the same tables make the same bytes
_MOST_TEXT = 32_767
"""Characters that a cell holds."""


def render(reading: Reading) -> bytes:
    """Every table as a sheet, cells that span several places merged; one empty sheet where there is none.

    All cells are text: whether 1.234 is large or small, and 007 a number, the reader of the document knows best.
    """
    import xlsxwriter  # noqa: PLC0415 - takes 12 MB, and few rules ask for it

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.set_properties({"created": _CREATED})
        for page in reading.pages:
            for number, table in enumerate(page.tables, start=1):
                name = f"Page {page.index + 1} table {number}" if reading.page_total > 1 else f"Table {number}"
                _fill(book.add_worksheet(name), table)
        if not book.worksheets():
            book.add_worksheet("No tables")
    return file.getvalue()


def _fill(sheet: "Worksheet", table: Table) -> None:
    merged: set[tuple[int, int]] = set()
    for cell in grid_of(table).cells:
        places = _places(cell)
        # Two cells may claim one place; the format allows it to neither of two merged ones.
        if len(places) > 1 and not places & merged:
            merged |= places
            bottom, right = cell.row + cell.row_span - 1, cell.column + cell.column_span - 1
            sheet.merge_range(cell.row, cell.column, bottom, right, "")
        # As a string by its own function: the general one makes formulas and links of some.
        sheet.write_string(cell.row, cell.column, printable(cell.text)[:_MOST_TEXT])


def _places(cell: Cell) -> set[tuple[int, int]]:
    return {
        (cell.row + down, cell.column + across) for down in range(cell.row_span) for across in range(cell.column_span)
    }
