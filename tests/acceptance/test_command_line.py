"""The commands of a shell, beside a daemon that runs and one that does not."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ocr_inbox.model import JobState
from pages import encoded, render_line, truncated
from running import COMMAND, PATIENCE, Daemon, Finished, Site, make_site, run_command, sidecar_path

LINE = "Invoice 2041"
STRIP = encoded(render_line(LINE))
COMMANDS = [
    *(["run"], ["read"], ["status"], ["jobs"], ["why"], ["pause"], ["resume"], ["drain"], ["retry"], ["rescan"]),
    *(["backup"], ["backfill"], ["check-config"], ["route"], ["schema"], ["doctor"], ["models"]),
    *(["models", "pull"], ["models", "list"], ["models", "verify"], []),
    *(["systemd"], ["systemd", "paths"], ["systemd", "socket"]),
]


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """No daemon runs here; one did, and read one document, gave one up, skipped one and could not read one."""
    site = make_site(tmp_path_factory.mktemp("resting"), api={"keys": ["s3cret"]})
    site.drop(STRIP, "text/done.png")
    site.drop(truncated(STRIP), "text/buried.png")
    site.drop(b"words", "text/skipped.txt")
    assert site.once() == 65
    return site


def answer(finished: Finished) -> Any:
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_every_command_explains_itself() -> None:
    asked = [
        subprocess.Popen([COMMAND, *command, "--help"], stdout=subprocess.PIPE, text=True, env={"COLUMNS": "200"})
        for command in COMMANDS
    ]
    for process, command in zip(asked, COMMANDS, strict=True):
        told, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, command
        assert f"Usage: ocr-inbox {' '.join(command)}".rstrip() in told


def test_once_says_with_its_exit_code_that_something_waits(tmp_path: Path) -> None:
    site = make_site(tmp_path, inboxes=[{}, {"name": "away", "folder": "away", "create": False}])
    source = site.drop(STRIP)
    assert site.once() == 75
    assert "ocr-inbox: inbox away: cannot read" in site.log.read_text(encoding="utf-8")
    assert sidecar_path(source).exists(), "what can be read is read"


def test_jobs_says_what_became_of_each_document(resting: Site) -> None:
    told = {job["key"]: job for job in answer(resting.command("jobs", "--json"))}
    assert told["text/done.png"]["state"] == "done"
    assert told["text/done.png"]["sidecar"].endswith("/inbox/text/done.png.ocr.json")
    assert (told["text/buried.png"]["state"], told["text/buried.png"]["code"]) == ("buried", "unreadable")
    assert (told["text/skipped.txt"]["state"], told["text/skipped.txt"]["code"]) == ("skipped", "unsupported_type")
    lines = resting.command("jobs").stdout.splitlines()
    assert len(lines) == 3
    assert any("buried   inbox/'text/buried.png'  unreadable: cannot read" in line for line in lines)


def test_jobs_can_be_selected(resting: Site) -> None:
    assert len(answer(resting.command("jobs", "--json", "--state", "done"))) == 1
    assert answer(resting.command("jobs", "--json", "--inbox", "nothing")) == []
    assert answer(resting.command("jobs", "--json", "--pipeline", "table")) == []
    assert len(answer(resting.command("jobs", "--json", "--limit", "2"))) == 2
    assert resting.command("jobs", "--state", "lost").returncode == 2


def test_retry_lets_a_running_daemon_read_again(standing: Daemon) -> None:
    source = standing.site.drop(truncated(STRIP), "text/retried.png")
    buried = standing.wait_for_job("text/retried.png")
    assert buried.state is JobState.BURIED
    finished = standing.site.command("retry", str(buried.id))
    assert finished.stdout == f"job {buried.id} waits for up to 2 attempts\n"
    standing.wait_for_job("text/retried.png")
    assert standing.site.job("text/retried.png").attempts == buried.attempts + 1
    assert sidecar_path(source).exists()


def test_retry_refuses_what_it_cannot_do(resting: Site) -> None:
    assert resting.command("retry").returncode == 2
    unknown = resting.command("retry", "999")
    assert (unknown.returncode, unknown.stderr) == (66, "ocr-inbox: cannot retry job 999: there is no such job\n")


def test_all_that_was_given_up_can_be_retried_at_once(resting: Site, tmp_path: Path) -> None:
    copy = replace(resting, folder=tmp_path / "copy")
    shutil.copytree(resting.folder, copy.folder)
    buried = copy.job("text/buried.png")
    assert copy.command("retry", "--buried").stdout == f"job {buried.id} waits for up to 3 attempts\n"
    assert copy.job("text/buried.png").state is JobState.WAITING


def test_rescan_tells_a_running_daemon(standing: Daemon) -> None:
    assert standing.site.command("rescan").returncode == 0
    assert standing.get("/livez").status_code == 200


def test_rescan_without_a_daemon_harms_nobody(resting: Site) -> None:
    """A killed daemon leaves its pid behind, and somebody else may have it by now."""
    with subprocess.Popen(["sleep", "60"]) as somebody:
        (resting.state / "daemon.pid").write_text(str(somebody.pid), encoding="ascii")
        finished = resting.command("rescan")
        survived = somebody.poll() is None
        somebody.kill()
    assert survived
    assert finished.returncode == 69
    assert "no daemon runs here" in finished.stderr


ROUTES = {
    "text/scan.png": ("text", None),
    "elsewhere/scan.png": (None, "no rule matches it"),
    "text/.hidden.png": (None, "hidden"),
    "text/scan.png.ocr.json": (None, "sidecar"),
    "archive/text/scan.png": (None, "archive"),
    "text/../table/scan.png": ("table", None),
}


@pytest.mark.parametrize("path", ROUTES)
def test_route_says_what_would_become_of_a_path(resting: Site, path: str) -> None:
    pipeline, reason = ROUTES[path]
    told = answer(resting.command("route", "--json", f"{resting.inbox}/{path}"))
    assert told["pipeline"] == pipeline
    assert (reason or "") in (told["reason"] or "")
    said = resting.command("route", f"{resting.inbox}/{path}").stdout
    assert f"pipeline {pipeline}, " in said if pipeline else "leaves it alone: " in said


def test_route_of_a_path_in_no_inbox_names_the_inboxes(resting: Site) -> None:
    finished = resting.command("route", "/scan.png")
    assert finished.returncode == 78
    assert str(resting.inbox) in finished.stderr


def test_check_config_shows_everything_but_the_keys(resting: Site) -> None:
    finished = resting.command("check-config", "--json")
    assert answer(finished)["pipelines"]["text"]["size"] == ""
    assert "s3cret" not in finished.stdout
    assert "can work: 1 inboxes" in resting.command("check-config").stdout


def test_schema_is_a_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(answer(run_command("schema")))


def test_doctor_finds_a_running_daemon_well(standing: Daemon) -> None:
    finished = standing.site.command("doctor", "--json")
    findings = {finding["subject"]: finding for finding in answer(finished)}
    assert findings["model PP-OCRv6_small_det"]["health"] == "good"
    assert findings["inbox inbox"]["health"] == "good"
    assert findings["api"]["health"] == "good"
    assert findings["api"]["detail"] == f"the daemon (pid {standing.process.pid}) has 127.0.0.1:{standing.site.port}"


def test_doctor_does_not_take_another_program_for_the_daemon(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    with socket.create_server(("127.0.0.1", site.port)):
        findings = {finding["subject"]: finding for finding in json.loads(site.command("doctor", "--json").stdout)}
    assert findings["api"]["health"] == "doubtful"
    assert "stop what listens there" in findings["api"]["detail"]


def test_doctor_names_what_is_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    site = make_site(tmp_path, models={"folder": "no-models"})
    finished = site.command("doctor")
    assert finished.returncode == 1
    assert "FAIL  model PP-OCRv6_small_det: cannot " in finished.stdout
    assert "-> run: ocr-inbox models pull PP-OCRv6_small_det" in finished.stdout


def test_a_backup_of_a_running_daemon_holds_its_jobs(standing: Daemon, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    assert standing.site.command("backup", copy).returncode == 0
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert standing.site.command("backup", copy).returncode == 2
    nowhere = standing.site.command("backup", tmp_path / "no" / "folder.sqlite")
    assert nowhere.returncode not in (0, 1)
    assert nowhere.stderr.startswith("ocr-inbox: cannot back up the ledger")


def test_models_are_listed_and_verified(resting: Site) -> None:
    listed = {model["name"]: model["state"] for model in answer(resting.command("models", "list", "--json"))}
    assert listed["PP-OCRv6_small_det"] == "ready"
    verified = answer(resting.command("models", "verify", "--json", "PP-OCRv6_small_det"))
    assert [model["state"] for model in verified] == ["ready"]
    assert "ready" in resting.command("models", "verify", "PP-OCRv6_small_det").stdout


def test_without_a_ledger_it_says_how_to_get_one(tmp_path: Path) -> None:
    finished = make_site(tmp_path).command("jobs")
    assert finished.returncode == 75
    assert "start `ocr-inbox run` once" in finished.stderr


@pytest.mark.parametrize("command", ["status", "jobs", "rescan"])
def test_what_belongs_to_somebody_else_is_named(resting: Site, tmp_path: Path, command: str) -> None:
    copy = replace(resting, folder=tmp_path / "copy")
    shutil.copytree(resting.folder, copy.folder)
    copy.state.chmod(0)
    finished = copy.command(command, powerless=True)
    copy.state.chmod(0o755)
    assert finished.returncode == 77
    assert finished.stderr.startswith("ocr-inbox: cannot ")
    assert "run this as that user or as root" in finished.stderr


@pytest.mark.parametrize(
    "arguments", [["jobs"], ["jobs", "--json"], ["status"], ["schema"], ["check-config", "--json"]]
)
def test_a_reader_that_has_seen_enough_is_no_failure_to_shout_about(resting: Site, arguments: list[str]) -> None:
    if arguments != ["schema"]:
        arguments = [*arguments, "-c", str(resting.config)]
    receiving, sending = os.pipe()
    os.close(receiving)
    with os.fdopen(sending, "wb") as closed:
        finished = subprocess.run(
            [COMMAND, *arguments], stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert finished.stderr == ""
    assert finished.returncode in (0, 1, -signal.SIGPIPE)
