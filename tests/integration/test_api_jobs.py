"""Jobs over HTTP."""

import json
from pathlib import Path

import pytest

from api_client import the_failure, upload
from api_daemon import Daemon, bury_it, in_turn, read_it, serving
from builders import an_arrival, an_assignment
from ocr_inbox.errors import (
    ReadingError,
)
from ocr_inbox.model import JobState, PipelineName


@pytest.fixture
def stocked(daemon: Daemon) -> Daemon:
    """Five jobs of folders for a pipeline that nobody plays."""
    orders = [(an_arrival(f"table/{n}.png"), an_assignment(PipelineName.TABLE)) for n in range(4)]
    daemon.ledger.enqueue([*orders, (an_arrival("odd.png", inbox="other"), an_assignment(None))])
    return daemon


def test_pages_hold_every_job_once(stocked: Daemon) -> None:
    ids: list[int] = []
    before: int | None = None
    while True:
        query = {"limit": 2} | ({"before": before} if before else {})
        page = stocked.client.get("/api/v1/jobs", params=query).json()
        ids += [item["id"] for item in page["items"]]
        before = page["next"]
        if before is None:
            break
    assert ids == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=waiting", 4),
        ("state=skipped", 1),
        ("inbox=other", 1),
        ("pipeline=table", 4),
        ("inbox=scans&state=skipped", 0),
        ("limit=500", 5),
    ],
)
def test_a_listing_can_be_narrowed(stocked: Daemon, query: str, count: int) -> None:
    assert len(stocked.client.get(f"/api/v1/jobs?{query}").json()["items"]) == count


@pytest.mark.parametrize("query", ["limit=501", "limit=0", "state=lost", "before=x", f"before={2**63}", "pipeline="])
def test_a_listing_names_the_parameter_that_is_wrong(standing: Daemon, query: str) -> None:
    body = the_failure(standing.client.get(f"/api/v1/jobs?{query}"), 400, "Invalid parameter")
    assert query.partition("=")[0] in body["detail"]


def test_a_job_that_waits_for_its_whole_pipeline_says_why(stocked: Daemon) -> None:
    stocked.ledger.note_obstacle(PipelineName.TABLE, "models_missing", "run ocr-inbox models pull")
    items = stocked.client.get("/api/v1/jobs?pipeline=table").json()["items"]
    assert [(item["code"], item["reason"]) for item in items] == [("models_missing", "run ocr-inbox models pull")] * 4
    assert stocked.client.get("/api/v1/jobs/1").json()["job"] == items[-1]


def test_a_job_tells_its_history(daemon: Daemon) -> None:
    upload(daemon.client)
    body = daemon.client.get("/api/v1/jobs/1").json()
    assert [line["state"] for line in body["transitions"]] == ["waiting", "running", "done"]
    assert str(daemon.uploads) not in json.dumps(body)


@pytest.mark.parametrize("path", ["/api/v1/jobs/99", "/api/v1/jobs/99/result"])
def test_an_unknown_job_is_not_found(standing: Daemon, path: str) -> None:
    the_failure(standing.client.get(path), 404, "Job not found")


def test_a_result_without_markdown_says_so(daemon: Daemon) -> None:
    upload(daemon.client)
    body = the_failure(daemon.client.get("/api/v1/jobs/1/result?format=markdown"), 404, "Result not found")
    assert "format=json" in body["detail"]


def test_a_job_without_a_rule_has_no_result(stocked: Daemon) -> None:
    the_failure(stocked.client.get("/api/v1/jobs/5/result"), 404, "Result not found")


def test_a_buried_job_can_be_tried_again(tmp_path: Path) -> None:
    with serving(tmp_path, act=in_turn(bury_it(ReadingError("cannot read it")), read_it)) as daemon:
        assert upload(daemon.client).status_code == 500
        response = daemon.client.post("/api/v1/jobs/1/retry")
        daemon.wait_for_outcomes(2)
        result = daemon.client.get(response.headers["Location"] + "/result")

    assert response.status_code == 202
    assert response.json()["job"]["state"] == JobState.WAITING
    assert result.status_code == 200


def test_a_retry_without_its_upload_is_refused(daemon: Daemon) -> None:
    key = upload(daemon.client).json()["source"]["key"]
    (daemon.uploads / key).unlink()
    body = the_failure(daemon.client.post("/api/v1/jobs/1/retry"), 410, "Document is gone")
    assert "send the file again" in body["detail"]


def test_an_open_job_is_not_retried(stocked: Daemon) -> None:
    the_failure(stocked.client.post("/api/v1/jobs/1/retry"), 409, "Job not finished")
    the_failure(stocked.client.post("/api/v1/jobs/77/retry"), 404, "Job not found")
