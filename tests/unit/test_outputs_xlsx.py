"""Tables as a workbook, read back with another library than the one that writes it."""

import io
import subprocess
import sys
from dataclasses import replace

import openpyxl
import pytest
from openpyxl.workbook import Workbook

from builders import a_cell, a_reading, a_table
from ocr_inbox.outputs.xlsx import render
from ocr_inbox.reading import Page, Reading, Table


def _reading(*tables: Table) -> Reading:
    return a_reading(pages=(Page(index=0, width=600, height=800, tables=tables),))


def _book(reading: Reading) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(render(reading)))


def test_every_table_has_a_sheet() -> None:
    book = _book(_reading(a_table(["Rope", "84.00"], ["Größe", "日本"]), a_table(["a"])))
    assert book.sheetnames == ["Table 1", "Table 2"]
    assert list(book["Table 1"].values) == [("Rope", "84.00"), ("Größe", "日本")]


def test_sheets_of_a_document_of_several_pages_say_which() -> None:
    page = Page(index=0, width=9, height=9, tables=(a_table(["a"]),))
    book = _book(a_reading(pages=(page, replace(page, index=1))))
    assert book.sheetnames == ["Page 1 table 1", "Page 2 table 1"]


def test_cells_that_span_are_merged() -> None:
    cells = (a_cell("wide", columns=2), a_cell("tall", column=2, rows=2), a_cell("b", row=1))
    sheet = _book(_reading(a_table(cells=cells)))["Table 1"]
    assert {str(merged) for merged in sheet.merged_cells.ranges} == {"A1:B1", "C1:C2"}
    assert (sheet["A1"].value, sheet["C1"].value, sheet["A2"].value) == ("wide", "tall", "b")


def test_two_cells_that_claim_one_place_are_both_there() -> None:
    cells = (a_cell("tall", column=1, rows=2), a_cell("wide", row=1, columns=2))
    sheet = _book(_reading(a_table(cells=cells)))["Table 1"]
    assert (sheet["B1"].value, sheet["A2"].value) == ("tall", "wide")
    assert {str(merged) for merged in sheet.merged_cells.ranges} == {"B1:B2"}


@pytest.mark.parametrize("text", ["=1+1", "{=1+1}", "007", "-2+3", "http://example.com", "mailto:a@b.c"])
def test_everything_is_text_and_nothing_a_formula_a_number_or_a_link(text: str) -> None:
    cells = (a_cell(text), a_cell(text, row=1, columns=2))
    sheet = _book(_reading(a_table(cells=cells)))["Table 1"]
    for cell in (sheet["A1"], sheet["A2"]):
        assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)


def test_what_the_format_cannot_hold_is_left_out() -> None:
    sheet = _book(_reading(a_table(["a\x00\ud800b", "x" * 40_000])))["Table 1"]
    assert sheet["A1"].value == "ab"
    assert len(sheet["B1"].value) == 32_767


def test_without_a_table_the_workbook_says_so() -> None:
    assert _book(a_reading("Invoice 2041")).sheetnames == ["No tables"]


def test_the_same_tables_make_the_same_bytes() -> None:
    reading = _reading(a_table(["a", "b"]))
    assert render(reading) == render(reading)


def test_the_library_is_not_loaded_before_a_workbook_is_asked_for() -> None:
    """The control process renders, and stays small."""
    program = "import ocr_inbox.sidecar, sys; sys.exit(bool({'xlsxwriter', 'openpyxl', 'PIL'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": ":".join(sys.path)})
