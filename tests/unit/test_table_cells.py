"""The cells of a table are placed where a person sees them, whatever spans reach into their row."""

import pytest

from ocr_inbox.paddle import document
from ocr_inbox.paddle.cells import cells_of
from ocr_inbox.reading import Block, Cell


def _table(*rows: str) -> str:
    return "<html><body><table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table></body></html>"


def _places(cells: tuple[Cell, ...]) -> list[tuple[str, int, int]]:
    return [(cell.text, cell.row, cell.column) for cell in cells]


def test_cells_are_counted_from_the_top_left_corner() -> None:
    cells = cells_of(_table("<td>a</td><td>b</td>", "<td>c</td><td>d</td>"), [])
    assert _places(cells) == [("a", 0, 0), ("b", 0, 1), ("c", 1, 0), ("d", 1, 1)]


def test_a_cell_that_reaches_into_the_next_row_pushes_its_neighbours_aside() -> None:
    cells = cells_of(_table('<td rowspan="2">a</td><td>b</td>', "<td>c</td>", "<td>d</td>"), [])
    assert _places(cells) == [("a", 0, 0), ("b", 0, 1), ("c", 1, 1), ("d", 2, 0)]
    assert (cells[0].row_span, cells[0].column_span) == (2, 1)


def test_a_wide_cell_takes_its_columns() -> None:
    cells = cells_of(_table('<td colspan="3">a</td><td>b</td>'), [])
    assert _places(cells) == [("a", 0, 0), ("b", 0, 3)]


def test_empty_cells_and_markup_inside_a_cell_count_as_they_look() -> None:
    cells = cells_of(_table("<td></td><td><b>a</b> &amp; b</td><th>c</th>"), [])
    assert [cell.text for cell in cells] == ["", "a & b", "c"]


def test_boxes_are_given_to_the_cells_in_order() -> None:
    boxes = [(0.0, 0.0, 1.0, 1.0), (1.0, 0.0, 2.0, 1.0)]
    assert [cell.bbox for cell in cells_of(_table("<td>a</td><td>b</td>"), boxes)] == boxes


def test_boxes_that_do_not_fit_the_cells_are_not_guessed_at() -> None:
    assert cells_of(_table("<td>a</td><td>b</td>"), [(0.0, 0.0, 1.0, 1.0)])[0].bbox is None


@pytest.mark.parametrize("span", ["", "0", "-1", "x", "99999999999999999999", "²"])
def test_a_senseless_span_is_bounded(span: str) -> None:
    (cell,) = cells_of(_table(f'<td rowspan="{span}">a</td>'), [])
    assert 1 <= cell.row_span <= 1000


@pytest.mark.parametrize("html", ["", "<td>a", "</td></tr>", "<table><td>a</td></table>", "<tr><td>a</tr><tr><td>b"])
def test_broken_html_is_no_reason_to_fail(html: str) -> None:
    assert all(cell.row >= 0 for cell in cells_of(html, []))


def test_the_tables_that_paddleocr_vl_writes_as_blocks_have_cells_too() -> None:
    html = _table("<td>a</td><td>b</td>")
    block = Block(label="table", order_label=None, bbox=(1, 2, 3, 4), content=html, lines=1, index=0, order=0)
    table = document._table(block)
    assert (table.html, table.bbox, _places(table.cells)) == (html, (1, 2, 3, 4), [("a", 0, 0), ("b", 0, 1)])
