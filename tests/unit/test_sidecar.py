"""Every sidecar validates against the published schema, whatever the engine returned."""

import json
import math
from dataclasses import replace
from datetime import datetime
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, a_document, a_job, a_page, a_reading, an_assignment, an_engine
from ocr_inbox.errors import EncryptedDocumentError, UnreadableDocumentError
from ocr_inbox.model import Job, JobState, Output
from ocr_inbox.reading import Page, PageFailure, Reading, Region
from ocr_inbox.results import Json
from ocr_inbox.sidecar import Provenance, finite, known_sha256, render, render_failure, timestamp

PROVENANCE = Provenance(uri="file:///srv/scans/text/scan.png", config_digest="c0ffee", now=NOW + 2)
BOTH = (Output.JSON, Output.MARKDOWN)
_FORMATS = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_timestamp(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


_SCHEMA = jsonschema.Draft202012Validator(
    json.loads(files("ocr_inbox").joinpath("sidecar.schema.json").read_text(encoding="utf-8")), format_checker=_FORMATS
)


def _running(*outputs: Output) -> Job:
    return replace(a_job(JobState.RUNNING), assignment=replace(an_assignment(), outputs=outputs or (Output.JSON,)))


def _valid(content: bytes) -> dict[str, Json]:
    sidecar = json.loads(content, parse_constant=pytest.fail)
    _SCHEMA.validate(sidecar)
    assert isinstance(sidecar, dict)
    return sidecar


def _sidecar(reading: Reading) -> dict[str, Json]:
    (deliverable,) = render(_running(), reading, PROVENANCE)
    return _valid(deliverable.content)


def test_the_schema_is_itself_valid_and_refuses_what_is_no_sidecar() -> None:
    jsonschema.Draft202012Validator.check_schema(_SCHEMA.schema)
    (whole,) = render(_running(), a_reading(), PROVENANCE)
    assert not _SCHEMA.is_valid({**json.loads(whole.content), "status": "error"})
    assert not _SCHEMA.is_valid({})


def test_a_sidecar_says_what_was_read_and_from_where() -> None:
    sidecar = _sidecar(a_reading("Invoice 2041", "Total 121.50"))
    assert (sidecar["success"], sidecar["status"], sidecar["pipeline"]) == (True, "ok", "ocrv5")
    result, source, job = sidecar["result"], sidecar["source"], sidecar["job"]
    assert isinstance(result, dict)
    assert result["text"] == "Invoice 2041\nTotal 121.50"
    assert result["detected_lines"] == 2
    assert source == {
        "inbox": "scans",
        "key": "text/scan.png",
        "uri": "file:///srv/scans/text/scan.png",
        "media_type": "image/png",
        "bytes": 2048,
        "sha256": "a3" * 32,
        "version": "1-1-1",
        "pages": 1,
    }
    assert job == {
        "id": 1,
        "rule": "text/**",
        "attempts": 1,
        "enqueued_at": "2025-06-15T15:06:40.000+00:00",
        "started_at": "2025-06-15T15:06:40.000+00:00",
        "finished_at": "2025-06-15T15:06:42.000+00:00",
    }


def _regions(sidecar: dict[str, Json]) -> list[dict[str, Json]]:
    result = sidecar["result"]
    assert isinstance(result, dict)
    regions = result["regions"]
    assert isinstance(regions, list)
    return [region for region in regions if isinstance(region, dict)]


def test_regions_name_their_page_only_where_there_are_several() -> None:
    assert [region.get("page") for region in _regions(_sidecar(a_reading("a")))] == [None]
    both = a_reading(pages=(a_page("a"), a_page("b", index=1)))
    assert [region["page"] for region in _regions(_sidecar(both))] == [0, 1]


def test_one_page_that_could_be_read_of_several_names_itself() -> None:
    failure = PageFailure(index=0, code="unreadable", reason="cannot decode page 0")
    reading = replace(a_reading(pages=(a_page("b", index=1),)), page_total=2, failed=(failure,))
    sidecar = _sidecar(reading)
    assert [region["page"] for region in _regions(sidecar)] == [1]
    assert sidecar["status"] == "partial"
    assert sidecar["failed_pages"] == [{"page": 0, "error_code": "unreadable", "error": "cannot decode page 0"}]


def test_a_document_without_one_readable_page_is_no_success() -> None:
    failure = PageFailure(index=0, code="unreadable", reason="page 0 is torn")
    reading = replace(a_reading(), pages=(), page_total=2, failed=(failure,))
    with pytest.raises(UnreadableDocumentError, match="page 0 is torn"):
        render(_running(), reading, PROVENANCE)


def test_a_blank_page_is_a_success_without_text() -> None:
    sidecar = _sidecar(a_reading(pages=(Page(index=0, width=10, height=10),)))
    assert sidecar["result"] == {"text": "", "regions": [], "detected_lines": 0}


def test_a_failure_says_its_code_and_a_sentence() -> None:
    error = EncryptedDocumentError("cannot read it: the PDF asks for a password")
    (deliverable,) = render_failure(_running(*BOTH), error, PROVENANCE)
    sidecar = _valid(deliverable.content)
    assert deliverable.output is Output.JSON
    assert (sidecar["success"], sidecar["status"], sidecar["error_code"]) == (False, "error", "encrypted")
    assert sidecar["error"] == "cannot read it: the PDF asks for a password"


def test_markdown_comes_before_the_json_that_announces_it() -> None:
    outputs = [deliverable.output for deliverable in render(_running(*BOTH), a_reading(), PROVENANCE)]
    assert outputs == [Output.MARKDOWN, Output.JSON]


def test_the_same_reading_makes_the_same_bytes() -> None:
    assert render(_running(*BOTH), a_reading(), PROVENANCE) == render(_running(*BOTH), a_reading(), PROVENANCE)


def test_a_clock_that_was_set_back_does_not_make_negative_seconds() -> None:
    (deliverable,) = render(_running(), a_reading(), replace(PROVENANCE, now=NOW - 3600))
    metrics = _valid(deliverable.content)["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["total_time"] == 0


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_become_null(number: float) -> None:
    corner = (number, 1.0)
    region = Region(text="x", score=number, polygon=(corner, corner, corner, corner))
    (written,) = _regions(_sidecar(a_reading(pages=(Page(index=0, width=9, height=9, regions=(region,)),))))
    assert written["score"] is None
    assert written["polygon"] == [[None, 1.0]] * 4


def test_text_that_is_not_unicode_is_written_as_question_marks() -> None:
    job = replace(_running(*BOTH), document=a_document("text/\udcff.png"))
    plain, sidecar = render(job, a_reading("half a pair: \ud83d"), PROVENANCE)
    assert plain.content == b"half a pair: ?\n"
    regions = _regions(_valid(sidecar.content))
    assert regions[0]["text"] == "half a pair: ?"


_anything = st.text(st.characters(exclude_categories=()), max_size=20)
_floats = st.floats(allow_nan=True, allow_infinity=True)
_some_regions = st.builds(
    Region,
    text=_anything,
    score=st.one_of(st.floats(0, 1), st.just(math.nan)),
    polygon=st.tuples(*[st.tuples(_floats, _floats)] * 4),
)
_some_pages = st.lists(
    st.builds(
        Page,
        index=st.integers(0, 9999),
        width=st.integers(1, 9999),
        height=st.integers(1, 9999),
        regions=st.lists(_some_regions, max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=3,
)
_some_failures = st.lists(
    st.builds(PageFailure, index=st.integers(0, 99), code=st.sampled_from(["unreadable"]), reason=_anything), max_size=2
)


@given(pages=_some_pages, failed=_some_failures, key=_anything, family=st.sampled_from(["ocrv5", "ocrv6"]))
def test_whatever_the_engine_returns_the_sidecar_is_valid(
    pages: list[Page], failed: list[PageFailure], key: str, family: str
) -> None:
    job = replace(_running(*BOTH), document=a_document(key))
    reading = replace(a_reading(pages=tuple(pages)), failed=tuple(failed), engine=an_engine(family), warnings=(key,))
    for deliverable in render(job, reading, PROVENANCE):
        if deliverable.output is Output.JSON:
            _valid(deliverable.content)
        else:
            deliverable.content.decode("utf-8")
    _valid(render_failure(job, UnreadableDocumentError(f"cannot read it: {key}"), PROVENANCE)[0].content)


def test_cleaning_leaves_clean_json_alone() -> None:
    content: Json = {"a": [1, True, None, "é", 0.5], "b": {"c": "\U0001f600"}}
    assert finite(content) == content


def test_timestamps_are_utc_to_the_millisecond() -> None:
    assert timestamp(0.0014) == "1970-01-01T00:00:00.001+00:00"
    assert timestamp(None) is None


def _left(**changes: Json) -> bytes:
    (deliverable,) = render(_running(), a_reading(), PROVENANCE)
    return json.dumps({**json.loads(deliverable.content), **changes}).encode()


def test_only_a_success_under_the_same_configuration_means_already_read() -> None:
    assert known_sha256(_left(), "c0ffee") == "a3" * 32
    assert known_sha256(_left(status="partial"), "c0ffee") == "a3" * 32
    assert known_sha256(_left(), "another") is None
    assert known_sha256(_left(status="error"), "c0ffee") is None
    assert known_sha256(_left(schema={"name": "somebody/else", "version": 1}), "c0ffee") is None
    assert known_sha256(_left(schema={"name": "ocr-inbox/sidecar", "version": 2}), "c0ffee") is None
    assert known_sha256(None, "c0ffee") is None


def test_the_sidecar_of_a_failure_never_means_already_read() -> None:
    (deliverable,) = render_failure(_running(), UnreadableDocumentError("cannot read it"), PROVENANCE)
    assert known_sha256(deliverable.content, "c0ffee") is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b"\xff\xfe\xff\xff",
        b"not json",
        b"[" * 200_000,
        b'{"schema":' * 100_000,
        b"9" * 10_000,
        b"null",
        b"[]",
        b'"schema"',
        b"7",
        b"{}",
        b'{"schema": null}',
        b'{"schema": []}',
        b'{"schema": {"name": []}}',
        _left(source=None),
        _left(source={"sha256": 7}),
        _left(source={"sha256": None}),
        _left(status=["ok"]),
        _left(status={"ok": 1}),
        _left(engine="c0ffee"),
        _left(engine={"config_digest": None}),
        _left()[:-20],
    ],
    ids=range(23),
)
def test_whatever_lies_under_a_sidecars_name_is_no_reason_to_fail(content: bytes) -> None:
    assert known_sha256(content, "c0ffee") is None


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_never_a_sidecar(content: bytes) -> None:
    assert known_sha256(content, "c0ffee") is None
