"""Each pipeline's result has the shape that its clients know, and validates against the published schema."""

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from builders import a_job, a_reading
from ocr_inbox.model import Output
from ocr_inbox.reading import Block, Cell, Formula, LayoutBox, Page, Reading, Table
from ocr_inbox.results import markdown
from ocr_inbox.sidecar import Provenance, render

BOX = (10.0, 20.0, 110.0, 50.0)
TABLE = Table(
    html="<table><tr><td>a</td></tr></table>",
    bbox=BOX,
    cells=(Cell(row=0, column=0, row_span=1, column_span=1, text="a", bbox=BOX),),
)
BLOCK = Block(label="text", order_label="normal_text", bbox=BOX, content="a line", lines=1, index=0, order=1)
PAGE = Page(
    index=0,
    width=200,
    height=100,
    layout=(LayoutBox(label="table", score=0.9, bbox=BOX),),
    tables=(TABLE,),
    formulas=(Formula(latex="x^2", bbox=BOX),),
    blocks=(BLOCK,),
    markdown="# a *line*",
)


def _reading(*pages: Page, family: str) -> Reading:
    plain = a_reading(pages=pages)
    return replace(plain, page_total=len(pages), engine=replace(plain.engine, family=family))


def _sidecar(reading: Reading) -> dict[str, Any]:
    (file,) = render(a_job(), reading, Provenance(uri="file:///a", config_digest="d", now=2.0))
    content: dict[str, Any] = json.loads(file.content)
    schema = json.loads(files("ocr_inbox").joinpath("sidecar.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(content)
    return content


def _keys(items: Sequence[dict[str, Any]]) -> set[str]:
    return set().union(*items)


def test_a_table_reading_has_layout_tables_formulas_and_blocks() -> None:
    result = _sidecar(_reading(PAGE, family="structure"))["result"]
    assert result["layout"] == [{"label": "table", "bbox": [10, 20, 110, 50], "score": 0.9}]
    assert result["tables"][0]["cells"][0]["text"] == "a"
    assert result["formulas"] == [{"latex": "x^2", "bbox": [10, 20, 110, 50]}]
    assert result["parsing_res"] == [
        {
            "label": "text",
            "order_label": "normal_text",
            "bbox": [10, 20, 110, 50],
            "content": "a line",
            "width": 100,
            "height": 30,
            "num_of_lines": 1,
            "index": 0,
            "order_index": 1,
        }
    ]
    assert result["format"] == "json"


def test_every_item_of_a_table_reading_of_several_pages_says_its_page() -> None:
    result = _sidecar(_reading(PAGE, replace(PAGE, index=1), family="structure"))["result"]
    for name in ("layout", "tables", "formulas", "parsing_res"):
        assert [item["page"] for item in result[name]] == [0, 1], name
    single = _sidecar(_reading(PAGE, family="structure"))["result"]
    assert "page" not in _keys(single["layout"] + single["tables"] + single["formulas"] + single["parsing_res"])


def test_a_page_without_anything_on_it_is_a_result_too() -> None:
    result = _sidecar(_reading(Page(index=0, width=1, height=1), family="structure"))["result"]
    assert (result["tables"], result["parsing_res"]) == ([], [])


def test_the_engines_own_markdown_is_left_as_it_is_and_pages_are_divided() -> None:
    assert markdown([PAGE, replace(PAGE, index=1, markdown="last")]) == "# a *line*\n\n---\n\nlast\n"


def test_markdown_is_a_file_of_its_own_for_tables_too() -> None:
    job = a_job()
    both = replace(job, assignment=replace(job.assignment, outputs=(Output.JSON, Output.MARKDOWN)))
    provenance = Provenance(uri="file:///a", config_digest="d", now=2.0)
    first, last = render(both, _reading(PAGE, family="structure"), provenance)
    assert (first.output, first.content, last.output) == (Output.MARKDOWN, b"# a *line*\n", Output.JSON)
