"""The cells of a table, from the HTML that a structure model writes."""

from collections.abc import Sequence
from html.parser import HTMLParser

from ocr_inbox.reading import Box, Cell

_MOST_SPAN = 1000


def cells_of(html: str, boxes: Sequence[Box]) -> tuple[Cell, ...]:
    """Every cell with its place, counted from 0; `boxes` in the order of the cells, ignored if they do not fit."""
    parser = _Cells()
    parser.feed(html)
    parser.close()
    fitting = boxes if len(boxes) == len(parser.cells) else [None] * len(parser.cells)
    return tuple(
        Cell(row=row, column=column, row_span=row_span, column_span=column_span, text=text.strip(), bbox=box)
        for (row, column, row_span, column_span, text), box in zip(parser.cells, fitting, strict=True)
    )


class _Cells(HTMLParser):
    """Remembers which places of the grid are taken, because a cell may reach into rows below."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[tuple[int, int, int, int, str]] = []
        self._taken: set[tuple[int, int]] = set()
        self._row = -1
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._row += 1
        elif tag in {"td", "th"}:
            self._begin_cell(dict(attrs))

    def _begin_cell(self, attributes: dict[str, str | None]) -> None:
        self._row = max(self._row, 0)
        column = 0
        while (self._row, column) in self._taken:
            column += 1
        row_span, column_span = _span(attributes.get("rowspan")), _span(attributes.get("colspan"))
        for row in range(self._row, self._row + row_span):
            self._taken.update((row, column + offset) for offset in range(column_span))
        self.cells.append((self._row, column, row_span, column_span, ""))
        self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            *place, text = self.cells[-1]
            self.cells[-1] = (*place, text + data)  # type: ignore[assignment]


def _span(value: str | None) -> int:
    return min(int(value), _MOST_SPAN) if value and value.isdecimal() and int(value) else 1
