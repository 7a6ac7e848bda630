"""The tables that our reading is measured by are what they say they are."""

from collections import Counter
from itertools import product

import pytest
from pylopdf_fonts_zh_cn import sans_path

from ocr_inbox.paddle.cells import cells_of
from ocr_inbox.reading import Cell
from table_pages import table_page
from true_tables import KINDS, RULINGS, TrueTable, true_tables

TABLES = tuple(true_tables())
each_table = pytest.mark.parametrize(
    "table", TABLES, ids=[f"{number}-{table.kind}-{table.ruling}" for number, table in enumerate(TABLES)]
)


def _places(cell: Cell) -> list[tuple[int, int]]:
    rows = range(cell.row, cell.row + cell.row_span)
    return list(product(rows, range(cell.column, cell.column + cell.column_span)))


def test_there_are_thirty_tables_as_many_of_each_kind_and_ruling() -> None:
    assert Counter((table.kind, table.ruling) for table in TABLES) == dict.fromkeys(product(KINDS, RULINGS), 2)


def test_they_are_the_same_at_every_call() -> None:
    assert tuple(true_tables()) == TABLES


@each_table
def test_the_cells_cover_every_place_of_the_grid_once(table: TrueTable) -> None:
    places = Counter(place for cell in table.cells for place in _places(cell))
    assert places == dict.fromkeys(product(range(table.rows), range(table.columns)), 1)


@each_table
def test_the_html_says_the_same_as_the_cells(table: TrueTable) -> None:
    assert cells_of(table.html, []) == table.cells


def test_the_kinds_have_what_they_are_named_after() -> None:
    assert {table.kind for table in TABLES if any(cell.row_span * cell.column_span > 1 for cell in table.cells)} == {
        "spans"
    }
    assert {table.kind for table in TABLES if any(not cell.text for cell in table.cells)} == {"empty"}


@each_table
def test_a_table_stands_where_its_page_says(table: TrueTable) -> None:
    """What is cut out there is the whole table: a ring of paper around it is blank."""
    page, (left, top, right, bottom) = table_page(table, sans_path())
    grey = page.convert("L")
    around = grey.crop((round(left) - 8, round(top) - 8, round(right) + 8, round(bottom) + 8))
    ring = [around.crop((0, 0, around.width, 5)), around.crop((0, around.height - 5, around.width, around.height))]
    ring += [around.crop((0, 0, 5, around.height)), around.crop((around.width - 5, 0, around.width, around.height))]
    assert [side.getextrema() for side in ring] == [(255, 255)] * 4
