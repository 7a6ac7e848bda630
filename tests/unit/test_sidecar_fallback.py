"""A document that its fallback read looks as its clients expect, and hides nothing of how it was read."""

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from builders import a_job, a_reading, an_engine
from ocr_inbox.model import Assignment, Job, JobState, PipelineName
from ocr_inbox.reading import Block, Page, Reading
from ocr_inbox.sidecar import Provenance, known_sha256, render

AWAY = "nobody answers at http://127.0.0.1:8118"
BLOCK = Block(
    label="text", order_label=None, bbox=(10.0, 20.0, 110.0, 50.0), content="a line", lines=1, index=0, order=1
)
DOCUMENT = Assignment(pipeline=PipelineName.DOCUMENT, rule="document/**", fallback=PipelineName.TABLE)
TABLE = Assignment(pipeline=PipelineName.TABLE, rule="table/**")


def _job(assignment: Assignment, diverted: str | None = None) -> Job:
    return replace(a_job(JobState.RUNNING), assignment=assignment, diverted=diverted)


def _reading(family: str) -> Reading:
    return replace(a_reading(pages=(Page(index=0, width=200, height=100, blocks=(BLOCK,)),)), engine=an_engine(family))


def _rendered(job: Job, reading: Reading) -> bytes:
    (deliverable,) = render(job, reading, Provenance(uri="file:///a", config_digest="c0ffee", now=2.0))
    return deliverable.content


def _sidecar(job: Job, reading: Reading) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_rendered(job, reading))
    schema = json.loads(files("ocr_inbox").joinpath("sidecar.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(content)
    return content


def test_a_diverted_document_has_the_shape_that_a_document_always_has() -> None:
    diverted = _sidecar(_job(DOCUMENT, diverted=AWAY), _reading("structure"))
    asked_for = _sidecar(_job(DOCUMENT), _reading("vl"))
    assert (diverted["pipeline"], diverted["result"]) == ("vl", asked_for["result"])
    assert diverted["result"]["layout"] == [
        {"type": "text", "content": "a line", "bbox": [10.0, 20.0, 110.0, 50.0], "page": 0}
    ]


def test_a_diverted_document_says_who_read_it_and_why() -> None:
    diverted = _sidecar(_job(DOCUMENT, diverted=AWAY), _reading("structure"))
    assert diverted["metrics"]["source"] == "local"
    assert diverted["warnings"] == [
        f"read by the table pipeline, because the document pipeline cannot be used: {AWAY}",
    ]


def test_a_fallback_that_was_not_needed_leaves_no_trace() -> None:
    sidecar = _sidecar(_job(DOCUMENT), _reading("vl"))
    assert (sidecar["metrics"]["source"], sidecar["warnings"]) == ("docker", [])


def test_what_was_read_for_another_pipeline_is_read_again_although_the_same_models_read_it() -> None:
    document = _rendered(_job(DOCUMENT, diverted=AWAY), _reading("structure"))
    table = _rendered(_job(TABLE), _reading("structure"))
    assert known_sha256(document, "c0ffee", as_document=True) == known_sha256(table, "c0ffee") == "a3" * 32
    assert known_sha256(document, "c0ffee") is None
    assert known_sha256(table, "c0ffee", as_document=True) is None
