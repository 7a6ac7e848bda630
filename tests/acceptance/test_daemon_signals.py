"""Signals: a clean end while idle and while reading, a scan on demand, and nothing left behind a killed daemon."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ocr_inbox.model import JobState
from pages import LINES, encoded, render_line, render_page, tiff_of
from process_groups import members
from running import Daemon, Site, eventually, make_site, sidecar_of, sidecar_path

LINE = "Invoice 2041"
STRIP = encoded(render_line(LINE))
MANY_PAGES = tiff_of([render_line(f"Page {number}") for number in range(200)], compression="tiff_lzw")
LONG, BEHIND = "text/long.tiff", "text/behind.png"
SOON = 5.0
"""Seconds within which a daemon is to be gone, on a busy machine too."""


def pages_are_read(site: Site, key: str) -> bool:
    return any(job.pages_done for job in site.jobs_of(key))


def holds(pid: int, library: str) -> bool:
    """Whether a process has a library of this path loaded."""
    return library in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


@pytest.fixture(params=["sigterm", "ctrl-c"])
def end(request: pytest.FixtureRequest) -> Callable[[Daemon], None]:
    """As systemd ends a daemon, and as a terminal does: Ctrl-C reaches all processes of the group."""
    if request.param == "sigterm":
        return lambda daemon: daemon.tell(signal.SIGTERM)
    return lambda daemon: os.killpg(daemon.process.pid, signal.SIGINT)


def test_a_daemon_that_is_still_starting_understands_signals(site: Site, end: Callable[[Daemon], None]) -> None:
    with site.starting() as daemon:
        eventually((site.state / "daemon.pid").exists)
        daemon.tell(signal.SIGUSR1)
        eventually(lambda: [pid for pid in members(daemon.process.pid) if holds(pid, "/numpy/")])
        end(daemon)
        assert daemon.process.wait(2 * SOON) == 0
        eventually(lambda: not members(daemon.process.pid), SOON)
    assert not (site.state / "daemon.pid").exists()
    assert "Traceback" not in site.log.read_text(encoding="utf-8")
    assert site.events("pipeline_unavailable") == []


def test_the_daemon_itself_never_loads_an_engine_or_an_image_library(standing: Daemon) -> None:
    standing.wait_for_sidecar(standing.site.drop(STRIP, "text/loaded.png"))
    held = [
        library for library in ("/numpy/", "/cv2/", "/onnxruntime/", "/PIL/") if holds(standing.process.pid, library)
    ]
    assert held == []


def test_a_document_in_hand_is_finished_before_the_end(site: Site, end: Callable[[Daemon], None]) -> None:
    with site.serving() as daemon:
        source = site.drop(encoded(render_page(LINES)))
        daemon.wait_for_job(states=[JobState.RUNNING])
        end(daemon)
        assert daemon.process.wait(2 * SOON) == 0
    assert sidecar_of(source)["status"] == "ok"
    assert (site.job().state, site.job().attempts) == (JobState.DONE, 1)


HANDS = 4
"""So many documents a lane has on their way to their end, beside the one that it is about to begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutShort:
    """A site, and what was answered to a request there, if anything was."""

    site: Site
    answer: httpx.Response | None


def posted(daemon: Daemon) -> httpx.Response | None:
    try:
        return daemon.post(STRIP)
    except httpx.TransportError:
        return None


@pytest.fixture(scope="module")
def cut_short(tmp_path_factory: pytest.TempPathFactory) -> CutShort:
    """A daemon was stopped while it read a document of many pages; what waited behind it was never begun."""
    site = make_site(tmp_path_factory.mktemp("cut-short"), top={"grace_seconds": 0.1})
    with site.serving() as daemon, ThreadPoolExecutor(1) as client:
        site.drop(MANY_PAGES, LONG)
        eventually(lambda: pages_are_read(site, LONG))
        for number in range(HANDS):
            site.drop(MANY_PAGES, f"text/another-{number}.tiff")
        eventually(lambda: len([job for job in site.jobs() if job.state is JobState.RUNNING]) == HANDS + 1)
        site.drop(STRIP, BEHIND)
        daemon.wait_for_job(BEHIND, [JobState.WAITING])
        answer = client.submit(posted, daemon)
        eventually(lambda: [job for job in site.jobs() if job.document.inbox == "uploads"])
        assert daemon.stop() == 0
        eventually(lambda: not members(daemon.process.pid), SOON)
        return CutShort(site=site, answer=answer.result())


def test_a_document_that_is_cut_short_keeps_its_attempts(cut_short: CutShort) -> None:
    job = cut_short.site.job(LONG)
    assert (job.state, job.code) == (JobState.WAITING, "stopping")
    assert job.attempts_allowed - job.attempts == 3
    assert not sidecar_path(cut_short.site.inbox / LONG).exists()


def test_who_waits_is_told_that_the_daemon_restarts(cut_short: CutShort) -> None:
    assert cut_short.answer is not None
    assert cut_short.answer.status_code == 503
    assert cut_short.answer.json()["error_code"] == "stopping"
    assert "Traceback" not in cut_short.site.log.read_text(encoding="utf-8")


def test_a_document_that_is_cut_short_is_first_in_line_at_the_next_start(cut_short: CutShort) -> None:
    """But for the upload, which goes first wherever it is: somebody may still wait for it."""
    with cut_short.site.serving() as daemon:
        daemon.wait_for_job(LONG, [JobState.RUNNING])
        assert cut_short.site.job(BEHIND).state is JobState.WAITING


def test_an_idle_daemon_looks_around_at_sigusr1_and_ends_at_sigint(tmp_path: Path) -> None:
    """Polling once an hour, nothing but the signal can tell the daemon of the file."""
    site = make_site(tmp_path, inboxes=[{"watch": "poll", "poll_seconds": 3600, "reconcile_seconds": 3600}])
    with site.serving() as daemon:
        source = site.drop(STRIP)
        daemon.tell(signal.SIGUSR1)
        assert daemon.wait_for_sidecar(source)["result"]["text"] == LINE
        daemon.wait_for_job()
        assert daemon.stop(signal.SIGINT) == 0
        eventually(lambda: not members(daemon.process.pid), SOON)
    assert len(site.events("stopped")) == 1


def test_nothing_outlives_a_killed_daemon(site: Site) -> None:
    with site.serving() as daemon:
        source = site.drop(MANY_PAGES, LONG)
        eventually(lambda: pages_are_read(site, LONG))
        assert len(members(daemon.process.pid)) > 2
        daemon.tell(signal.SIGKILL)
        eventually(lambda: not members(daemon.process.pid), SOON)
    assert not sidecar_path(source).exists()
    assert [path.name for path in source.parent.iterdir()] == ["long.tiff"]
