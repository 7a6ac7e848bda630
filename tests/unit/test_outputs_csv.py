"""Tables as CSV: what Python's own reader and a spreadsheet make of the bytes."""

import csv
import io

import pytest

from builders import a_cell, a_page, a_reading, a_table
from ocr_inbox.outputs.csv import render
from ocr_inbox.reading import Page, Table


def _csv(*tables: Table) -> bytes:
    return render(a_reading(pages=(Page(index=0, width=600, height=800, tables=tables),)))


def _rows(*tables: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(_csv(*tables).decode("utf-8-sig"), newline="")))


def test_an_empty_line_divides_two_tables() -> None:
    first, second = a_table(["Rope", "84.00"], ["Shackle", "37.50"]), a_table(["a"])
    assert _rows(first, second) == [["Rope", "84.00"], ["Shackle", "37.50"], [], ["a"]]


def test_tables_of_every_page_are_there() -> None:
    pages = tuple(Page(index=index, width=9, height=9, tables=(a_table([f"page {index}"]),)) for index in range(2))
    assert render(a_reading(pages=pages)).decode("utf-8-sig") == "page 0\r\n\r\npage 1\r\n"


def test_a_cell_that_spans_stands_in_its_first_place() -> None:
    cells = (a_cell("wide", columns=2), a_cell("tall", column=2, rows=2), a_cell("b", row=1), a_cell("c", 1, 1))
    assert _rows(a_table(cells=cells)) == [["wide", "", "tall"], ["b", "c", ""]]


def test_an_empty_row_is_no_end_of_the_table() -> None:
    assert _rows(a_table(["a"], [""], ["b"])) == [["a"], [""], ["b"]]


def test_excel_sees_that_it_is_utf_8_and_scripts_get_the_text_back() -> None:
    assert _csv(a_table(["Größe", "日本"])).startswith(b"\xef\xbb\xbf")
    assert _rows(a_table(["Größe, in m", 'say "x"', "two\nlines"])) == [["Größe, in m", 'say "x"', "two\nlines"]]


@pytest.mark.parametrize("text", ["=1+1", "+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)", " =1", "\uff1d1+1", "-", "\x00=1"])
def test_what_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    ((cell,),) = _rows(a_table([text]))
    assert cell == "'" + text.replace("\x00", "")


@pytest.mark.parametrize("text", ["-12.50", "+3", "-1.234,50 \u20ac", "- 5 %", "-1'000", "a=b", "12-3", "me@x.org"])
def test_numbers_and_plain_text_stay_as_they_were_read(text: str) -> None:
    assert _rows(a_table([text])) == [[text]]


def test_without_a_table_the_file_is_empty() -> None:
    assert render(a_reading("Invoice 2041")) == b""


def test_a_table_without_cells_does_no_harm() -> None:
    assert _rows(a_table(), a_table(["a"])) == [[], ["a"]]


def test_lone_surrogates_and_control_characters_are_left_out() -> None:
    assert _rows(a_table(["a\ud800b\x07"])) == [["ab"]]


def test_spans_beyond_all_measure_do_not_fill_the_memory() -> None:
    cells = tuple(a_cell(str(place), 0, place * 1000, rows=1000, columns=1000) for place in range(50))
    assert _rows(a_table(cells=cells)) == [[str(place) for place in range(50)]]


def test_pages_without_tables_between_others_leave_no_trace() -> None:
    pages = (a_page("text"), Page(index=1, width=9, height=9, tables=(a_table(["a"]),)))
    assert render(a_reading(pages=pages)).decode("utf-8-sig") == "a\r\n"
