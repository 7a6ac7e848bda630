"""What the API says about itself, and how it says what nobody foresaw."""

import json
import re

import jsonschema
import pytest

from api_client import TEXT, the_failure, upload
from api_daemon import Daemon, served
from ocr_inbox.model import Job, Output
from ocr_inbox_api.parts import ApiOptions


def test_the_documentation_needs_nothing_from_elsewhere(standing: Daemon) -> None:
    page = standing.client.get("/docs").text
    links = re.findall(r"""(?:src|href|url)[=:]\s*["']([^"']+)["']""", page)
    assert len(links) >= 4
    assert all(link.startswith("/") and standing.client.get(link).status_code == 200 for link in links)


def test_the_description_names_every_status(standing: Daemon) -> None:
    paths = standing.client.get("/openapi.json").json()["paths"]
    statuses = {"200", "202", "400", "404", "408", "410", "429", "500", "503", "504", "default"}
    assert set(paths[TEXT]["post"]["responses"]) == statuses
    assert set(paths["/api/v1/jobs/{job_id}/result"]["get"]["responses"]) == (
        {"200", "400", "404", "409", "410", "500", "503", "504", "default"}
    )
    assert set(paths["/metrics"]["get"]["responses"]["200"]["content"]) == {"text/plain"}
    assert "multipart/form-data" in paths[TEXT]["post"]["requestBody"]["content"]
    assert not any("422" in operation["responses"] for path in paths.values() for operation in path.values())


def test_the_description_of_a_success_fits_a_success(daemon: Daemon) -> None:
    responses = daemon.client.get("/openapi.json").json()["paths"][TEXT]["post"]["responses"]
    schema = responses["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(upload(daemon.client).json(), schema)
    assert "$ref" not in json.dumps(schema)


def test_the_root_says_what_this_is(standing: Daemon) -> None:
    body = standing.client.get("/").json()
    assert (body["name"], body["version"], body["endpoints"]["batch"]) == ("ocr-inbox", "1.2.3", "/api/v1/ocr/batch")


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/nowhere", 404, "Not found"),
        ("GET", "/api/v1/jobs/", 404, "Not found"),
        ("GET", TEXT, 405, "Method not allowed"),
        ("GET", "/api/v1/jobs/x", 400, "Invalid parameter"),
        ("GET", "/static-offline-docs/../../etc/passwd", 404, "Not found"),
    ],
)
def test_the_frameworks_own_failures_have_the_shape_too(
    standing: Daemon, method: str, path: str, status: int, text: str
) -> None:
    the_failure(standing.client.request(method, path), status, text)


def test_an_unforeseen_failure_is_logged_once_and_not_told(daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Job, __: Output) -> bytes | None:
        raise LookupError("private matter")

    daemon.fetch = broken  # type: ignore[method-assign, assignment]  # what nobody foresaw
    with served(daemon, ApiOptions()) as client:
        body = the_failure(upload(client), 500, "Internal error")

    assert "private" not in json.dumps(body)
    assert caplog.text.count("LookupError: private matter") == 1
