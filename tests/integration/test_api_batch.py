"""Many files in one request: one answer for each, in order, and nobody pays for another's file."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from api_client import SIDECARS, headers_only, the_failure, upload
from api_daemon import PNG, Daemon, bury_it, in_turn, leave_it, read_it, served, serving
from ocr_inbox.errors import UnreadableDocumentError
from ocr_inbox.model import Job, Output
from ocr_inbox_api.parts import ApiOptions

BATCH = "/api/v1/ocr/batch"
NO_PICTURE = b"just words" * 200


def post(
    daemon: Daemon, files: Sequence[bytes], *, name: str = "files", prefer: str = "", **form: Any
) -> httpx.Response:
    parts = [(name, (f"{place}.png", content)) for place, content in enumerate(files)]
    return daemon.client.post(BATCH, files=parts, data=form, headers={"Prefer": prefer})


def described(daemon: Daemon) -> Any:
    responses = daemon.client.get("/openapi.json").json()["paths"][BATCH]["post"]["responses"]
    return responses["200"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize("name", ["files", "file"])
def test_every_file_of_a_batch_gets_the_answer_it_would_get_alone(daemon: Daemon, name: str) -> None:
    response = post(daemon, [PNG, PNG + b"x", PNG + b"yy"], name=name, compress="true")

    body = response.json()
    assert (response.status_code, body["success"]) == (200, True)
    jsonschema.validate(body, described(daemon))
    for index, line in enumerate(body["results"]):
        assert line["index"] == index
        assert line["url"] == f"/api/v1/jobs/{line['job']['id']}"
        assert line["metrics"]["compressed"] is True
        SIDECARS.validate({key: value for key, value in line.items() if key not in ("index", "url")})
    keys = [line["source"]["key"] for line in body["results"]]
    assert [(daemon.uploads / key).stat().st_size - len(PNG) for key in keys] == [0, 1, 2]
    assert (body["metrics"]["files"], body["metrics"]["failed"]) == (3, 0)
    assert body["metrics"]["inference_time"] == pytest.approx(
        sum(it["metrics"]["inference_time"] for it in body["results"])
    )


def test_one_bad_file_does_not_fail_the_others(tmp_path: Path) -> None:
    act = in_turn(read_it, bury_it(UnreadableDocumentError("cannot read it: no page")), read_it)
    with serving(tmp_path, ApiOptions(max_upload_bytes=len(PNG)), act) as daemon:
        response = post(daemon, [NO_PICTURE, PNG, PNG + b"x", PNG, b"", PNG])
        statistics = daemon.client.get("/api/v1/metrics").json()
        schema = described(daemon)
        stored = list(daemon.uploads.glob("*.upload"))

    body = response.json()
    jsonschema.validate(body, schema)
    assert (response.status_code, body["success"]) == (200, False)
    assert [line.get("error") for line in body["results"]] == [
        "Invalid file format",
        None,
        "File size exceeds limit",
        "Unreadable file",
        "File is required",
        None,
    ]
    assert [line.get("code") for line in body["results"]] == [400, None, 400, 400, 400, None]
    assert (body["metrics"]["files"], body["metrics"]["failed"]) == (6, 4)
    assert len(stored) == 3
    assert (statistics["total_requests"], statistics["errors"]["total"]) == (6, 4)


def test_a_pipeline_that_nobody_reads_for_is_the_failure_of_its_files(daemon: Daemon) -> None:
    body = post(daemon, [PNG, PNG, PNG], pipeline=["text", "document", "text"]).json()

    assert [line.get("error_code") for line in body["results"]] == [None, "pipeline_unavailable", None]
    assert len(daemon.client.get("/api/v1/jobs").json()["items"]) == 2


def test_markdown_is_for_all_files(daemon: Daemon) -> None:
    body = post(daemon, [PNG, PNG], output_format="markdown").json()
    assert [line["result"]["format"] for line in body["results"]] == ["markdown", "markdown"]


def test_whoever_prefers_not_to_wait_gets_the_jobs(daemon: Daemon) -> None:
    response = post(daemon, [PNG, NO_PICTURE, PNG], prefer="respond-async")

    body = response.json()
    assert (response.status_code, body["success"]) == (202, False)
    assert response.headers["Preference-Applied"] == "respond-async"
    assert [line["success"] for line in body["results"]] == [True, False, True]
    daemon.wait_for_outcomes(2)
    for line in (body["results"][0], body["results"][2]):
        assert daemon.client.get(line["url"] + "/result").json()["success"] is True


def test_a_batch_that_takes_too_long_goes_on_without_its_request(tmp_path: Path) -> None:
    go_on = threading.Event()

    def read_later(daemon: Daemon, job: Job) -> None:
        go_on.wait(10)
        read_it(daemon, job)

    with serving(tmp_path, ApiOptions(timeout_seconds=0.3), in_turn(read_it, read_later)) as daemon:
        response = post(daemon, [PNG, PNG])
        go_on.set()
        daemon.wait_for_outcomes(2)
        results = [daemon.client.get(line["url"] + "/result").json() for line in response.json()["results"]]

    assert response.status_code == 202
    assert "Preference-Applied" not in response.headers
    assert [result["success"] for result in results] == [True, True]


def test_a_batch_of_nothing_readable_is_answered_at_once(standing: Daemon) -> None:
    response = post(standing, [NO_PICTURE, b""], prefer="respond-async")

    assert (response.status_code, response.json()["success"]) == (200, False)
    assert list(standing.uploads.iterdir()) == []


def test_a_batch_that_does_not_fit_the_queue_is_refused_whole(tmp_path: Path) -> None:
    with serving(tmp_path, ApiOptions(max_waiting=3), leave_it) as daemon:
        assert post(daemon, [PNG], prefer="respond-async").status_code == 202
        response = post(daemon, [PNG] * 3)
        kept = len(list(daemon.uploads.iterdir()))
        assert post(daemon, [PNG] * 2, prefer="respond-async").status_code == 202
        before_the_body = headers_only(daemon.client, "Content-Length: 4000", path=BATCH)

    the_failure(response, 429, "Queue is full")
    assert int(response.headers["Retry-After"]) > 0
    assert kept == 1
    assert b"429 Too Many Requests" in before_the_body


@pytest.mark.parametrize(
    ("files", "form", "error", "said"),
    [
        ([PNG] * 4, {}, "Invalid parameter", "at most 3 files"),
        ([], {"pipeline": "text"}, "File is required", "named files"),
        ([PNG] * 2, {"pipeline": "ocr"}, "Invalid parameter", "pipeline"),
        ([PNG] * 3, {"pipeline": ["text", "table"]}, "Invalid parameter", "2 times for 3 files"),
        ([PNG], {"format": "docx"}, "Invalid parameter", "format"),
        ([bytes(70_000)] * 2, {}, "File size exceeds limit", "in one request"),
    ],
)
def test_what_is_wrong_with_the_request_is_said_and_nothing_stays(
    tmp_path: Path, files: list[bytes], form: dict[str, Any], error: str, said: str
) -> None:
    with serving(tmp_path, ApiOptions(max_batch_files=3, max_batch_bytes=10_000)) as daemon:
        parts = files or [b""]
        response = post(daemon, parts, name="files" if files else "other", **form)

        assert said in the_failure(response, 400, error)["detail"]
        assert list(daemon.uploads.iterdir()) == []
        assert daemon.client.get("/api/v1/jobs").json()["items"] == []


def test_a_batch_that_is_refused_whole_counts_as_one_request_of_no_pipeline(daemon: Daemon) -> None:
    for files, form in (([PNG] * 2, {"pipeline": "ocr"}), ([PNG] * 21, {}), ([PNG] * 3, {})):
        post(daemon, files, **form)

    statistics = daemon.client.get("/api/v1/metrics").json()
    assert (statistics["total_requests"], statistics["requests_by_pipeline"]) == (5, {"ocrv5": 3})
    assert statistics["errors"] == {"total": 2, "by_type": {"invalid_parameter": 2}}


def test_an_unforeseen_failure_of_a_batch_is_counted_like_any_other(daemon: Daemon) -> None:
    def broken(_: Job, __: Output) -> bytes | None:
        raise LookupError("private matter")

    daemon.fetch = broken  # type: ignore[method-assign, assignment]  # what nobody foresaw
    with served(daemon, ApiOptions()) as client:
        the_failure(client.post(BATCH, files=[("files", PNG)]), 500, "Internal error")
        errors = httpx.get(f"{client.base_url}/api/v1/metrics").json()["errors"]
    assert errors == {"total": 1, "by_type": {"internal": 1}}


def test_a_single_upload_is_not_affected_by_the_limits_of_batches(tmp_path: Path) -> None:
    with serving(tmp_path, ApiOptions(max_batch_files=1, max_batch_bytes=1)) as daemon:
        assert upload(daemon.client).status_code == 200
