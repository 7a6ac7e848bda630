"""The deployment guide's commands, word for word, against a running daemon: who has followed it may go on so."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from configurations import write_configuration
from model_cache import ready_models_of
from pages import encoded, render_table
from running import PATIENCE, Daemon, Site, eventually
from vl_stand_in import standing_in

API_PORT, VL_PORT = 8090, 8118
ROWS = [("Article", "Pieces", "Price"), ("Rope", "2", "84.00"), ("Shackle", "10", "37.50")]

VL_HEALTH = "curl http://localhost:8118/health"
ROOT = "curl http://localhost:8090/"
TEXT = r"""curl -X POST http://localhost:8090/api/v1/ocr/text \
  -F "file=@${TEST_IMAGE}" \
  | jq ."""
DOCUMENT = r"""curl -X POST http://localhost:8090/api/v1/ocr/document \
  -F "file=@${TEST_IMAGE}" \
  | jq ."""
TABLE = r"""curl -X POST http://localhost:8090/api/v1/ocr/table \
  -F "file=@${TEST_IMAGE}" \
  | jq ."""
_TO_JQ = " \\\n  | jq ."


def demand_free(port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        pytest.skip(f"port {port}, which the guide names, is taken on this machine")


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon and a VL server where the guide says that they are."""
    if shutil.which("curl") is None:
        pytest.skip("the guide's commands need curl")
    demand_free(API_PORT)
    demand_free(VL_PORT)
    site = Site(folder=tmp_path_factory.mktemp("guided"), port=API_PORT)
    write_configuration(site.config, API_PORT, inboxes=[{}], table={}, document={})
    ready_models_of(site.config)
    with standing_in(port=VL_PORT), site.serving() as daemon:
        eventually(lambda: daemon.get("/api/v1/health").json()["pipelines"]["vl"]["status"] == "ready")
        yield daemon


@pytest.fixture(scope="module")
def image(guided: Daemon) -> Path:
    """A page for the commands, once somebody answers them."""
    path = guided.site.folder / "test.jpg"
    path.write_bytes(encoded(render_table(ROWS, dpi=100), "JPEG", quality=95))
    return path


def said(command: str, **variables: str) -> str:
    """What a command of the guide writes; jq only makes it pretty."""
    if shutil.which("jq") is None:
        command = command.removesuffix(_TO_JQ)
    finished = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        env={**os.environ, "NO_PROXY": "localhost", **variables},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def answer(command: str, image: Path) -> Any:
    body = json.loads(said(command, TEST_IMAGE=str(image)))
    assert body["success"] is True, body
    return body


def test_the_vl_server_is_well(guided: Daemon) -> None:
    assert said(VL_HEALTH) == ""
    assert httpx.get(f"http://localhost:{VL_PORT}/health", trust_env=False).status_code == 200
    assert guided.get("/api/v1/health").json()["pipelines"]["vl"]["docker_status"] == "running"


def test_the_root_answers_with_what_the_project_is(guided: Daemon) -> None:
    body = json.loads(said(ROOT))
    assert body["name"] == "ocr-inbox"
    assert guided.get(body["docs"]).status_code == 200


def test_the_text_pipeline_reads_on_this_machine(image: Path) -> None:
    body = answer(TEXT, image)
    assert body["metrics"]["source"] == "local"
    assert body["result"]["text"].splitlines() == [cell for row in ROWS for cell in row]


def test_the_document_pipeline_reads_with_the_server(image: Path) -> None:
    body = answer(DOCUMENT, image)
    assert (body["pipeline"], body["metrics"]["source"]) == ("vl", "docker")
    assert "Shackle" in body["result"]["text"]


def test_the_table_pipeline_answers_with_tables_and_layout(image: Path) -> None:
    body = answer(TABLE, image)
    assert body["metrics"]["source"] == "local"
    assert [table["html"].count("<tr>") for table in body["result"]["tables"]] == [len(ROWS)]
    assert {place["label"] for place in body["result"]["layout"]} >= {"table"}


def test_many_files_are_read_by_a_pipeline_each(image: Path) -> None:
    """The guide only proposes this request: `files: List[UploadFile]` at /api/v1/ocr/batch."""
    command = r"""curl -X POST http://localhost:8090/api/v1/ocr/batch \
  -F "files=@${TEST_IMAGE}" -F pipeline=text -F "files=@${TEST_IMAGE}" -F pipeline=document \
  | jq ."""
    body = answer(command, image)
    assert [line["metrics"]["source"] for line in body["results"]] == ["local", "docker"]
