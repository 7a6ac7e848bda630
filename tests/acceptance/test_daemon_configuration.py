"""Configurations that cannot work end at once, with exit code 78 and with what to do."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from ocr_inbox.model import JobState
from pages import encoded, render_line
from running import PATIENCE, Daemon, Site, eventually, make_site

STRIP = encoded(render_line("Invoice 2041"))


def same_folder(folder: Path) -> Site:
    return make_site(folder, inboxes=[{}, {"name": "again"}])


def archive_in_another(folder: Path) -> Site:
    return make_site(
        folder, inboxes=[{"after": "archive", "archive": "other/archive"}, {"name": "other", "folder": "other"}]
    )


def unknown_key(folder: Path) -> Site:
    return make_site(folder, text={"modle": "PP-OCRv6"})


def state_in_an_inbox(folder: Path) -> Site:
    return make_site(folder, top={"state_dir": "inbox/state"})


def fallback_that_is_off(folder: Path) -> Site:
    return make_site(folder, table={"enabled": False}, document={"fallback": "table"})


def no_toml(folder: Path) -> Site:
    site = make_site(folder)
    site.config.write_text("state_dir = ", encoding="utf-8")
    return site


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (unknown_key, "pipelines.text.modle: unknown key"),
        (same_folder, "the inboxes inbox and again watch the same folder"),
        (archive_in_another, "inside inbox other: a loop"),
        (state_in_an_inbox, "must lie apart"),
        (fallback_that_is_off, "set pipelines.table.enabled = true"),
        (no_toml, "Invalid value"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(tmp_path: Path, written: Callable[[Path], Site], why: str) -> None:
    site = written(tmp_path)
    for command in ("run", "check-config"):
        finished = site.command(command)
        assert finished.returncode == 78
        assert finished.stderr.startswith("ocr-inbox: cannot ")
        assert why in finished.stderr
    assert not site.state.exists()


def test_a_missing_configuration_says_where_to_get_one(tmp_path: Path) -> None:
    site = Site(folder=tmp_path, port=0)
    finished = site.command("run")
    assert finished.returncode == 78
    assert str(site.config) in finished.stderr
    assert "configs/ocr-inbox.toml" in finished.stderr
    assert "--config" in finished.stderr


def test_a_port_that_is_taken_is_named_with_what_to_do(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        finished = site.command("run")
    assert finished.returncode == 78
    assert f"127.0.0.1:{site.port}" in finished.stderr
    assert "api.port" in finished.stderr


def test_a_second_daemon_on_the_same_state_is_refused(standing: Daemon) -> None:
    for arguments in (["run"], ["run", "--once"]):
        finished = standing.site.command(*arguments)
        assert finished.returncode == 75
        assert "another ocr-inbox works in" in finished.stderr
    assert standing.get("/readyz").status_code == 200


def test_a_state_folder_that_is_not_ours_is_named(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    (site.state / "uploads").mkdir(parents=True)
    site.state.chmod(0o555)
    with site.starting(powerless=True) as daemon:
        assert daemon.process.wait(PATIENCE) == 78
    said = site.log.read_text(encoding="utf-8")
    assert said.startswith(f"ocr-inbox: cannot write into state_dir {site.state}: ")
    assert "daemon's user" in said


def test_a_folder_that_is_not_there_pauses_its_inbox_until_it_is(tmp_path: Path) -> None:
    site = make_site(tmp_path, inboxes=[{"create": False}])
    with site.starting() as daemon:
        (troubled,) = eventually(lambda: site.events("inbox_troubled"))
        assert "it does not exist; create or mount it" in troubled["reason"]
        site.drop(STRIP)
        daemon.wait_for_job(states=list(JobState))
        eventually(lambda: site.events("inbox_watched"))


def test_a_document_for_a_pipeline_that_is_switched_off_says_so(tmp_path: Path) -> None:
    site = make_site(tmp_path, text={"enabled": False})
    site.drop(STRIP)
    assert site.once() == 75
    (job,) = json.loads(site.command("jobs", "--json").stdout)
    assert (job["state"], job["code"]) == ("waiting", "pipeline_unavailable")
    assert "set pipelines.text.enabled = true" in job["reason"]
