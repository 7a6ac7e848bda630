"""Tables as grids of cells, bounded, whatever spans a model has dreamed up."""

from collections import Counter
from dataclasses import dataclass, replace

from ocr_inbox.reading import Cell, Table

_MOST_PLACES = 1_000_000
_MOST_COLUMNS = 16_384
"""What a spreadsheet holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table's cells, none of which reaches beyond `rows` and `columns`."""

    rows: int
    columns: int
    cells: tuple[Cell, ...]


def grid_of(table: Table) -> Grid:
    """The grid that a table fills; where its spans are beyond all measure, the cells without them, side by side."""
    grid = _grid(table.cells)
    if grid.rows * grid.columns <= _MOST_PLACES and grid.columns <= _MOST_COLUMNS:
        return grid
    return _grid(_side_by_side(table.cells))


def _grid(cells: tuple[Cell, ...]) -> Grid:
    return Grid(
        rows=max((cell.row + cell.row_span for cell in cells), default=0),
        columns=max((cell.column + cell.column_span for cell in cells), default=0),
        cells=cells,
    )


def _side_by_side(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    taken = Counter[int]()
    placed = []
    for cell in cells:
        placed.append(replace(cell, column=taken[cell.row], row_span=1, column_span=1))
        taken[cell.row] += 1
    return tuple(placed)
