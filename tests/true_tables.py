"""Thirty tables that nobody has to doubt: words, numbers, empty cells, spans and Chinese, each with its true HTML."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import product

from ocr_inbox.reading import Cell

KINDS = ("words", "numbers", "empty", "spans", "chinese")
RULINGS = ("ruled", "three_lines", "unruled")
"""A line around every cell; one above the heading, below it and below the table; none at all."""
_EACH = 2

_WORDS = {
    "Item": ("Brass shackle", "Rope, 50 metres", "Anchor chain", "Tar, 5 litres", "Sail needle", "Lantern"),
    "Supplier": ("Harbour Supplies", "Mill & Sons", "Northern Ropes", "West Yard", "Fisher Limited"),
    "Town": ("Bristol", "Whitby", "Plymouth", "Hull", "Leith", "Cork"),
    "Delivered": ("17 March 2025", "2 May 2025", "30 June 2025", "9 August 2025"),
    "Remark": ("in stock", "on order", "returned", "checked twice", "damaged"),
}
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August")
_CHINESE = {
    "品名": ("缆绳", "铁锚", "帆布", "铜灯", "船板", "桐油"),
    "产地": ("青岛", "宁波", "广州", "天津", "大连"),
    "数量": ("12件", "50米", "3箱", "180公斤", "24盏"),
    "日期": ("2025年3月17日", "2025年5月2日", "2025年6月30日"),
    "备注": ("已付款", "待发货", "已退回", "检验合格"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueTable:
    """A table as a person would write it down: `cells` in reading order cover its grid, none twice."""

    kind: str
    ruling: str
    cells: tuple[Cell, ...]

    @property
    def rows(self) -> int:
        return max(cell.row + cell.row_span for cell in self.cells)

    @property
    def columns(self) -> int:
        return max(cell.column + cell.column_span for cell in self.cells)

    @property
    def heading_rows(self) -> int:
        return self.cells[0].row_span

    @property
    def html(self) -> str:
        rows = ("".join(_td(cell) for cell in self.cells if cell.row == row) for row in range(self.rows))
        return f"<html><body><table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table></body></html>"


def true_tables() -> Iterator[TrueTable]:
    """The same thirty at every call, two of each kind and ruling."""
    for number, (kind, ruling) in enumerate(product(KINDS, RULINGS * _EACH)):
        yield TrueTable(kind=kind, ruling=ruling, cells=tuple(_cells(kind, random.Random(number))))


def _td(cell: Cell) -> str:
    spans = "".join(
        f' {name}="{span}"' for name, span in (("rowspan", cell.row_span), ("colspan", cell.column_span)) if span > 1
    )
    return f"<td{spans}>{escape(cell.text)}</td>"


def _cells(kind: str, chance: random.Random) -> Iterator[Cell]:
    match kind:
        case "words":
            return _simple(_chosen(_WORDS, chance))
        case "numbers":
            return _simple(_figures(chance))
        case "empty":
            return _simple(_thinned(_chosen(_WORDS, chance), chance))
        case "spans":
            return _with_spans(chance)
        case _:
            return _simple(_chosen(_CHINESE, chance))


def _simple(rows: Sequence[Sequence[str]]) -> Iterator[Cell]:
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            yield _cell(row, column, text)


def _cell(row: int, column: int, text: str, *, row_span: int = 1, column_span: int = 1) -> Cell:
    return Cell(row=row, column=column, row_span=row_span, column_span=column_span, text=text, bbox=None)


def _chosen(words: Mapping[str, Sequence[str]], chance: random.Random) -> list[list[str]]:
    columns = chance.sample(list(words), chance.randint(3, 5))
    body = [[chance.choice(words[column]) for column in columns] for _ in range(chance.randint(4, 9))]
    return [columns, *body]


def _thinned(rows: Sequence[Sequence[str]], chance: random.Random) -> list[list[str]]:
    head, *body = rows
    return [list(head), *([row[0], *("" if chance.random() < 0.35 else text for text in row[1:])] for row in body)]


def _figures(chance: random.Random) -> list[list[str]]:
    years = [str(2025 - before) for before in range(chance.randint(2, 4))]
    body = [
        [month, *(_amount(chance) for _ in years), f"{chance.uniform(-20, 20):+.1f}%"]
        for month in _MONTHS[: chance.randint(4, 8)]
    ]
    return [["Month", *years, "Change"], *body]


def _amount(chance: random.Random) -> str:
    return f"{chance.uniform(10, 99_999):,.2f}"


def _with_spans(chance: random.Random) -> Iterator[Cell]:
    """A heading of two rows, towns beside several items each, and a total below them."""
    years = ["2024", "2025", "2026"][: chance.randint(1, 3)]
    yield _cell(0, 0, "Town", row_span=2)
    yield _cell(0, 1, "Item", row_span=2)
    for place, year in enumerate(years):
        yield _cell(0, 2 + 2 * place, year, column_span=2)
    for column, heading in enumerate(["planned", "done"] * len(years)):
        yield _cell(1, 2 + column, heading)
    row = 2
    for town in chance.sample(_WORDS["Town"], chance.randint(2, 3)):
        items = chance.sample(_WORDS["Item"], chance.randint(1, 3))
        yield _cell(row, 0, town, row_span=len(items))
        for item in items:
            yield _cell(row, 1, item)
            yield from (_cell(row, 2 + column, str(chance.randint(1, 99))) for column in range(2 * len(years)))
            row += 1
    yield _cell(row, 0, "Total", column_span=2)
    yield from (_cell(row, 2 + column, str(chance.randint(100, 999))) for column in range(2 * len(years)))
