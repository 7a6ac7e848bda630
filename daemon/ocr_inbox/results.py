"""What stands on the pages, in the shape that the wire has for each pipeline, and as markdown."""

import re
from collections import Counter
from collections.abc import Sequence

from ocr_inbox.reading import Block, Cell, Page, Reading, Region, Table

Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None


DOCUMENT_FAMILY = "vl"
"""The wire's word for the document pipeline."""


def result_of(reading: Reading, family: str) -> Json:
    """The `result` of a sidecar in the shape of this family of pipelines.

    What belongs to a page of a document of several says which, counted from 0.
    """
    if family == DOCUMENT_FAMILY:
        return _document(reading)
    if family == "structure":
        return _structure(reading)
    return _text(reading)


def _text(reading: Reading) -> Json:
    regions = [_placed(reading, page, _region(line)) for page in reading.pages for line in page.regions]
    return {
        "text": "\n".join(line.text for page in reading.pages for line in page.regions),
        "regions": regions,
        "detected_lines": len(regions),
    }


def _structure(reading: Reading) -> Json:
    layout: list[Json] = []
    tables: list[Json] = []
    formulas: list[Json] = []
    blocks: list[Json] = []
    for page in reading.pages:
        layout += [
            _placed(reading, page, {"label": box.label, "bbox": list(box.bbox), "score": box.score})
            for box in page.layout
        ]
        tables += [_placed(reading, page, _table(table)) for table in page.tables]
        formulas += [
            _placed(reading, page, {"latex": formula.latex, "bbox": list(formula.bbox)}) for formula in page.formulas
        ]
        blocks += [_placed(reading, page, _parsed(block)) for block in page.blocks]
    return {"layout": layout, "tables": tables, "formulas": formulas, "parsing_res": blocks, "format": "json"}


def _document(reading: Reading) -> Json:
    elements = [(page, block) for page in reading.pages for block in page.blocks]
    return {
        "text": "\n".join(block.content for _, block in elements),
        "layout": [
            {"type": block.label, "content": block.content, "bbox": list(block.bbox), "page": page.index}
            for page, block in elements
        ],
        "elements_count": dict(Counter(block.label for _, block in elements)),
        "pages": reading.page_total,
    }


def _placed(reading: Reading, page: Page, item: dict[str, Json]) -> Json:
    return {**item, "page": page.index} if reading.page_total > 1 else item


def _region(line: Region) -> dict[str, Json]:
    return {
        "text": line.text,
        "score": line.score,
        "polygon": [list(point) for point in line.polygon],
        "bbox": list(line.bbox),
    }


def _table(table: Table) -> dict[str, Json]:
    return {"html": table.html, "bbox": list(table.bbox), "cells": [_cell(cell) for cell in table.cells]}


def _cell(cell: Cell) -> Json:
    return {
        "row": cell.row,
        "column": cell.column,
        "row_span": cell.row_span,
        "column_span": cell.column_span,
        "text": cell.text,
        "bbox": None if cell.bbox is None else list(cell.bbox),
    }


def _parsed(block: Block) -> dict[str, Json]:
    left, top, right, bottom = block.bbox
    return {
        "label": block.label,
        "order_label": block.order_label,
        "bbox": list(block.bbox),
        "content": block.content,
        "width": round(right - left, 1),
        "height": round(bottom - top, 1),
        "num_of_lines": block.lines,
        "index": block.index,
        "order_index": block.order,
    }


def markdown(pages: Sequence[Page]) -> str:
    """All pages, divided by a rule: the engine's own markdown, or each line of text as a line."""
    return "\n\n---\n\n".join(_page_markdown(page) for page in pages) + "\n"


def _page_markdown(page: Page) -> str:
    if page.markdown is not None:
        return page.markdown
    return "  \n".join(_literal(line.text) for line in page.regions)


_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#&~])")
_LEADING = re.compile(r"^(\d*)([-+.)=:])")


def _literal(line: str) -> str:
    plain = " ".join(line.splitlines()).strip(" \t")
    return _LEADING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", plain))
