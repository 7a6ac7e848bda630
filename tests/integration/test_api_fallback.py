"""Requests for documents while the server for them is away: read by the fallback, or refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_client import SIDECARS, the_failure
from api_daemon import PNG, Daemon, in_turn, read_it, serving
from builders import some_pipeline_vitals
from ocr_inbox.model import Absence, Job, PipelineName, PipelineVitals, ServerVitals
from ocr_inbox_api.parts import ApiOptions

AWAY = "nobody answers at http://127.0.0.1:8118"
OPTIONS = ApiOptions(document_fallback=PipelineName.TEXT)
"""The played reader reads text, so that it is the fallback here."""


def _documents(problem: str | None, server_problem: str | None) -> PipelineVitals:
    server = ServerVitals(url="http://127.0.0.1:8118/v1", status="not reachable", problem=server_problem)
    vitals = some_pipeline_vitals(ready=problem is None, problem=problem)
    return replace(vitals, pipeline=PipelineName.DOCUMENT, family="vl", server=server)


def _without_server(daemon: Daemon) -> Daemon:
    daemon.others = (_documents(AWAY, AWAY),)
    daemon.absence = Absence(pipeline=PipelineName.DOCUMENT, reason=AWAY)
    return daemon


@pytest.fixture
def fallen_back(tmp_path: Path) -> Iterator[Daemon]:
    with serving(tmp_path, OPTIONS) as daemon:
        yield _without_server(daemon)


def _ask(daemon: Daemon, path: str = "document") -> httpx.Response:
    return daemon.client.post(f"/api/v1/ocr/{path}", files={"file": ("scan.png", PNG)})


def test_a_request_is_read_by_the_fallback_and_the_answer_says_so(fallen_back: Daemon) -> None:
    response = _ask(fallen_back)
    body: dict[str, Any] = response.json()
    assert response.status_code == 200, body
    SIDECARS.validate(body)
    assert (body["pipeline"], body["metrics"]["source"]) == ("vl", "local")
    assert any(AWAY in warning for warning in body["warnings"])
    history = fallen_back.client.get("/api/v1/jobs/1").json()
    assert (history["job"]["pipeline"], history["job"]["fallback"]) == ("document", "text")
    assert history["job"]["diverted"] == AWAY
    assert [line["code"] for line in history["transitions"]] == [None, "diverted", None]


def test_a_file_of_a_batch_is_read_by_the_fallback_too(fallen_back: Daemon) -> None:
    files = [("files", ("scan.png", PNG))]
    response = fallen_back.client.post("/api/v1/ocr/batch", files=files, data={"pipeline": "document"})
    assert [line["metrics"]["source"] for line in response.json()["results"]] == ["local"]


def test_without_a_fallback_the_service_is_unavailable(tmp_path: Path) -> None:
    with serving(tmp_path) as daemon:
        the_failure(_ask(_without_server(daemon)), 503, "VL service unavailable")


def test_a_fallback_that_cannot_read_either_is_no_way_out(fallen_back: Daemon) -> None:
    fallen_back.text = some_pipeline_vitals(ready=False, problem="no model")
    assert the_failure(_ask(fallen_back), 503, "Models not loaded")["detail"] == "no model"


def test_only_the_server_has_a_fallback(fallen_back: Daemon) -> None:
    """Where our own side is at fault nothing is diverted: the request would wait in vain."""
    fallen_back.others = (_documents("the layout model is missing", None),)
    assert "layout" in the_failure(_ask(fallen_back), 503, "VL service unavailable")["detail"]


def _lose_the_server(daemon: Daemon, job: Job) -> None:
    daemon.ledger.put_off(job, "vl_unavailable", AWAY, not_before=0)


def test_a_request_that_loses_the_server_on_its_way_waits_for_the_fallback(tmp_path: Path) -> None:
    with serving(tmp_path, OPTIONS, act=in_turn(_lose_the_server, read_it)) as daemon:
        response = _ask(_without_server(daemon))
    assert (response.status_code, response.json()["job"]["attempts"]) == (200, 2)
