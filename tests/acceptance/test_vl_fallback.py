"""Documents while the VL server is down: read by the real table models where that is wished, and waiting elsewhere."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from model_cache import ready_models_of
from ocr_inbox.model import JobState
from pages import encoded, render_table
from running import PATIENCE, Daemon, Site, eventually, free_port, make_site, valid
from vl_stand_in import standing_in

ROWS = [("Article", "Pieces", "Price"), ("Rope", "2", "84.00"), ("Shackle", "10", "37.50")]
PAGE = encoded(render_table(ROWS, dpi=100))
Json = dict[str, Any]


def fallback_site(folder: Path, port: int) -> Site:
    """All documents have a fallback but those of the inbox `patient`; nobody listens at the port yet."""
    patient = {
        "name": "patient",
        "folder": "patient",
        "rules": [{"match": "**", "pipeline": "document", "fallback": "none"}],
    }
    site = make_site(
        folder,
        inboxes=[{}, patient],
        text={"enabled": False},
        table={"model": "PP-OCRv6", "preload": True, "readers": 1, "threads": 2},
        document={
            "server_url": f"http://127.0.0.1:{port}/v1",
            "look_seconds": 0.2,
            "readers": 1,
            "layout": "off",
            "fallback": "table",
        },
    )
    ready_models_of(site.config)
    return site


def vl_is(daemon: Daemon, status: str) -> bool:
    return bool(daemon.get("/api/v1/health").json()["pipelines"]["vl"]["status"] == status)


def asked(daemon: Daemon) -> Json:
    """A request for a document, answered."""
    answer = httpx.post(
        f"{daemon.url}/api/v1/ocr/document", files={"file": PAGE}, timeout=2 * PATIENCE, trust_env=False
    )
    assert answer.status_code == 200, answer.text
    return valid(answer.text)


def told(daemon: Daemon, inbox: str) -> Json | None:
    """The only job of an inbox, as the API shows it, once it says why it waits."""
    items = daemon.get(f"/api/v1/jobs?inbox={inbox}").json()["items"]
    return items[0] if items and items[0]["reason"] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened while the server was down, and after it had come."""

    diverted: Json
    as_table: Json
    answer: Json
    waiting: Json
    listed: list[Json]
    waited: Json
    later: Json
    jobs: dict[str, Json]


@contextmanager
def _going_on(daemon: Daemon, port: int) -> Iterator[None]:
    with standing_in(port=port):
        eventually(lambda: vl_is(daemon, "ready"))
        yield


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    port = free_port()
    site = fallback_site(tmp_path_factory.mktemp("fallback"), port)
    with site.serving() as daemon:
        eventually(lambda: vl_is(daemon, "unavailable"))
        patient = site.drop(PAGE, "a.png", inbox="patient")
        diverted = daemon.wait_for_sidecar(site.drop(PAGE, "document/a.png"))
        as_table = daemon.wait_for_sidecar(site.drop(PAGE, "table/a.png"))
        answer, waiting = asked(daemon), eventually(lambda: told(daemon, "patient"))
        listed = json.loads(site.command("jobs", "--state", "waiting", "--json").stdout)
        with _going_on(daemon, port):
            waited = daemon.wait_for_sidecar(patient)
            later = daemon.wait_for_sidecar(site.drop(PAGE, "document/b.png"))
            daemon.wait_for_job("document/b.png", [JobState.DONE])
            items = daemon.get("/api/v1/jobs").json()["items"]
    assert waiting is not None
    return Story(
        diverted=diverted,
        as_table=as_table,
        answer=answer,
        waiting=waiting,
        listed=listed,
        waited=waited,
        later=later,
        jobs={f"{item['inbox']}/{item['key']}": item for item in items},
    )


def test_a_dropped_document_is_read_on_this_machine_in_the_shape_of_a_document(story: Story) -> None:
    result = story.diverted["result"]
    assert story.diverted["pipeline"] == "vl"
    assert set(result) == {"text", "layout", "elements_count", "pages"}
    assert all(cell in result["text"] for row in ROWS for cell in row)
    assert result["elements_count"].get("table") == 1
    assert story.diverted["result"].keys() == story.later["result"].keys()


def test_it_says_that_it_was_read_on_this_machine_and_why(story: Story) -> None:
    assert story.diverted["metrics"]["source"] == "local"
    (warning,) = story.diverted["warnings"]
    assert "read by the table pipeline" in warning
    assert "nobody answers at http://127.0.0.1" in warning
    assert story.diverted["engine"] == story.as_table["engine"]
    assert "SLANet_plus" in story.diverted["engine"]["models"]


def test_a_request_is_answered_likewise(story: Story) -> None:
    assert story.answer["result"] == story.diverted["result"]
    assert (story.answer["pipeline"], story.answer["metrics"]["source"]) == ("vl", "local")
    assert story.answer["warnings"] == story.diverted["warnings"]


def test_a_document_without_the_fallback_waits_and_says_why_wherever_it_is_asked_about(story: Story) -> None:
    assert (story.waiting["state"], story.waiting["code"]) == ("waiting", "vl_unavailable")
    assert "nobody answers" in story.waiting["reason"]
    (line,) = story.listed
    assert (line["inbox"], line["code"], line["reason"]) == ("patient", "vl_unavailable", story.waiting["reason"])


def test_everything_is_read_by_the_server_once_it_is_there(story: Story) -> None:
    for sidecar in (story.waited, story.later):
        assert (sidecar["metrics"]["source"], sidecar["warnings"]) == ("docker", [])


def test_the_jobs_tell_who_was_diverted_and_what_was_in_the_way_is_forgotten(story: Story) -> None:
    diverted = {name for name, job in story.jobs.items() if job["diverted"]}
    uploads = {name for name in story.jobs if name.startswith("uploads/")}
    assert len(uploads) == 1
    assert diverted == {"inbox/document/a.png"} | uploads
    assert {job["reason"] for job in story.jobs.values()} == {None}
    assert story.jobs["patient/a.png"]["attempts"] == 1, "it was claimed in vain"


def test_who_only_reads_what_is_there_diverts_it_too_and_says_what_is_left(tmp_path: Path) -> None:
    site = fallback_site(tmp_path, free_port())
    site.drop(PAGE, "document/a.png")
    assert site.once() == 0
    site.drop(PAGE, "b.png", inbox="patient")
    assert site.once() == 75
    jobs = {job["key"]: job for job in json.loads(site.command("jobs", "--json").stdout)}
    assert jobs["document/a.png"]["state"] == "done"
    assert jobs["document/a.png"]["diverted"]
    assert (jobs["b.png"]["state"], jobs["b.png"]["code"]) == ("waiting", "vl_unavailable")
