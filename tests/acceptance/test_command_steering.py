"""Steering a running daemon from a shell: pause and resume an inbox, ask why, and an end without hurry."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ocr_inbox.model import JobState
from pages import encoded, render_line
from process_groups import members
from running import COMMAND, PATIENCE, Daemon, Site, eventually, make_site, sidecar_path

STRIP = encoded(render_line("Invoice 2041"))
IN_HAND, BEHIND, LATE = "text/in-hand.png", "text/behind.png", "text/late.png"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Patient with its readers, because some tests keep them from reading."""
    return make_site(tmp_path, inboxes=[{}, {"name": "mail", "folder": "mail"}], text={"page_seconds": 1000})


@contextmanager
def frozen_readers(daemon: Daemon) -> Iterator[None]:
    """What is begun in here stays in hand until the end of it."""
    readers = [pid for pid in members(daemon.process.pid) if pid != daemon.process.pid]
    for pid in readers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in readers:
            os.kill(pid, signal.SIGCONT)


def one_in_hand_and_one_behind(daemon: Daemon) -> None:
    daemon.site.drop(STRIP, IN_HAND)
    daemon.wait_for_job(IN_HAND, [JobState.RUNNING])
    daemon.site.drop(STRIP, BEHIND)
    daemon.wait_for_job(BEHIND, [JobState.WAITING])


def why(site: Site, document: str | Path) -> Any:
    finished = site.command("why", document, "--json")
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_a_paused_inbox_is_left_alone_over_a_restart_until_it_is_resumed(site: Site) -> None:
    with site.serving() as daemon:
        assert site.command("pause", "inbox", "--reason", "the scanner is cleaned").returncode == 0
        held = site.drop(STRIP)
        daemon.wait_for_job(states=[JobState.WAITING])
        daemon.wait_for_sidecar(site.drop(STRIP, "text/letter.png", inbox="mail"))
        assert site.job().state is JobState.WAITING
        told = why(site, held)
        assert "the end of the pause of inbox inbox" in told["answer"]
        assert (told["remedy"], told["paused"]["reason"]) == ("`ocr-inbox resume inbox`", "the scanner is cleaned")
        assert daemon.get("/api/v1/health").json()["inboxes"]["inbox"]["paused"]["reason"] == "the scanner is cleaned"
        assert daemon.stop() == 0
    with site.serving() as daemon:
        daemon.wait_for_sidecar(site.drop(STRIP, "text/another.png", inbox="mail"))
        assert site.job().state is JobState.WAITING
        assert json.loads(site.command("jobs", "--json", "--state", "waiting").stdout)[0]["code"] == "paused"
        assert json.loads(site.command("resume", "inbox", "--json").stdout)["changed"]
        daemon.wait_for_sidecar(held)
        daemon.wait_for_job(states=[JobState.DONE])
        assert why(site, held)["answer"].startswith("It was read")


def test_pausing_and_resuming_twice_is_no_failure_and_uploads_and_strangers_are_refused(site: Site) -> None:
    with site.starting() as daemon:
        eventually(site.ledger.exists)
        daemon.stop()
    for command, changes in (("pause", [True, False]), ("resume", [True, False])):
        finished = [site.command(command, "mail", "--json") for _ in changes]
        assert [json.loads(it.stdout)["changed"] for it in finished] == changes
    assert "was not paused" in site.command("resume", "mail").stdout
    for name, said in (("uploads", "somebody waits"), ("nowhere", "inbox, mail")):
        refused = site.command("pause", name)
        assert refused.returncode == 2
        assert said in refused.stderr


def test_an_inbox_that_is_configured_no_more_can_still_be_resumed(site: Site) -> None:
    with site.starting() as daemon:
        eventually(site.ledger.exists)
        daemon.stop()
    assert site.command("pause", "mail").returncode == 0
    fewer = make_site(site.folder, port=site.port)
    assert fewer.command("resume", "mail").stdout == "inbox mail goes on\n"
    assert fewer.command("resume", "mail").returncode == 2


def test_a_daemon_that_drains_finishes_what_is_in_hand_takes_nothing_new_and_ends(site: Site) -> None:
    with site.serving() as daemon:
        with frozen_readers(daemon):
            one_in_hand_and_one_behind(daemon)
            draining = subprocess.Popen([COMMAND, "drain", "-c", site.config], cwd=site.folder)
            eventually(lambda: site.events("draining"))
            refused = daemon.post(STRIP)
            assert (refused.status_code, refused.json()["error_code"]) == (503, "stopping")
            assert daemon.get("/readyz").status_code == 503
            assert json.loads(site.command("status", "--json").stdout)["draining"] == "hand"
            assert "the daemon ends after it" in why(site, IN_HAND)["answer"]
            assert "the next start of the daemon" in why(site, BEHIND)["answer"]
            assert site.command("drain", "--timeout", "0").returncode == 75
            late = site.drop(STRIP, LATE)
            assert draining.poll() is None
        assert draining.wait(2 * PATIENCE) == 0
        assert daemon.process.wait(PATIENCE) == 0
    assert site.job(IN_HAND).state is JobState.DONE
    assert (site.job(BEHIND).state, site.job(BEHIND).attempts) == (JobState.WAITING, 0)
    assert not sidecar_path(late).exists()
    with site.serving() as daemon:
        daemon.wait_for_job(BEHIND, [JobState.DONE])
        daemon.wait_for_sidecar(late)


def test_with_the_queue_all_that_waits_is_read_before_the_end(site: Site) -> None:
    with site.serving() as daemon:
        with frozen_readers(daemon):
            one_in_hand_and_one_behind(daemon)
            assert site.command("pause", "mail").returncode == 0
            site.drop(STRIP, "text/letter.png", inbox="mail")
            daemon.wait_for_job("text/letter.png", [JobState.WAITING])
            told = json.loads(site.command("drain", "--queue", "--no-wait", "--json").stdout)
            assert told == {"ran": True, "ended": False}
        assert daemon.process.wait(2 * PATIENCE) == 0
    states = {key: site.job(key).state for key in (IN_HAND, BEHIND, "text/letter.png")}
    assert states == {IN_HAND: JobState.DONE, BEHIND: JobState.DONE, "text/letter.png": JobState.WAITING}


def test_without_a_daemon_nothing_is_in_hand(site: Site) -> None:
    with site.starting() as daemon:
        eventually(site.ledger.exists)
        daemon.stop()
    finished = site.command("drain")
    assert (finished.returncode, finished.stdout) == (0, "no daemon runs here: nothing is in hand\n")
    assert json.loads(site.command("drain", "--json").stdout) == {"ran": False, "ended": True}


def test_why_says_what_to_ask_for_instead(site: Site) -> None:
    with site.starting() as daemon:
        eventually(site.ledger.exists)
        daemon.stop()
    finished = site.command("why", "/elsewhere/scan.png")
    assert finished.returncode == 66
    assert finished.stderr.startswith("ocr-inbox: cannot explain /elsewhere/scan.png: it lies in no inbox")
    page = site.command("why", site.inbox / "text/never.png").stdout
    assert "Nothing lies there, and nothing of this name was ever noted." in page
