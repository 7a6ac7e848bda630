"""`status` and `jobs`: how things stand, once or each second, on a terminal, in a pipe, with and without a daemon."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pages import encoded, render_line, truncated
from running import COMMAND, PATIENCE, Daemon, Site, eventually, make_site

STRIP = encoded(render_line("Invoice 2041"))
ENTER, LEAVE, CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
"""What a terminal is told so that the view comes and goes and leaves everything as it was."""


@pytest.fixture(scope="module")
def resting(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """No daemon runs here; one did, and read one document and gave one up."""
    site = make_site(tmp_path_factory.mktemp("resting"))
    site.drop(STRIP, "text/done.png")
    site.drop(truncated(STRIP), "text/buried.png")
    assert site.once() == 65
    return site


def json_of(site: Site, *arguments: str) -> Any:
    finished = site.command(*arguments, "--json")
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_a_running_daemon_says_how_it_is(standing: Daemon) -> None:
    told = json_of(standing.site, "status")
    assert told["daemon"]["status"] == "healthy"
    assert told["pid"] == standing.process.pid
    said = standing.site.command("status").stdout
    assert f"daemon: healthy (pid {standing.process.pid}, up " in said
    assert "pipeline ocrv6: ready" in said


def test_without_a_daemon_the_ledger_says_how_things_stand(resting: Site) -> None:
    told = json_of(resting, "status")
    assert told.pop("last_minute").keys() <= {"done", "buried"}
    assert told == {
        "jobs": {"done": 1, "buried": 1},
        "queues": [],
        "oldest": None,
        "paused": {},
        "draining": None,
        "pid": None,
        "daemon": None,
    }
    said = resting.command("status").stdout
    assert said.startswith("daemon: does not run; this is what the ledger says\n")
    assert "1 done" in said


def test_what_waits_says_for_what_also_without_a_daemon(tmp_path: Path) -> None:
    site = make_site(tmp_path, text={"enabled": False})
    site.drop(STRIP)
    assert site.once() == 75
    oldest = json_of(site, "status")["oldest"]
    assert (oldest["key"], oldest["waits_for"]) == ("text/scan.png", "the daemon, which does not run")
    assert "oldest: job 1 (inbox/text/scan.png) has waited" in site.command("status").stdout


def test_a_daemon_without_an_api_is_seen_to_run(tmp_path: Path) -> None:
    site = make_site(tmp_path, api={"enabled": False})
    with site.starting() as daemon:
        eventually(lambda: (site.state / "daemon.pid").exists() and site.ledger.exists())
        assert f"daemon: runs (pid {daemon.process.pid}), but its API is switched off" in site.command("status").stdout


def test_a_daemon_that_may_not_be_asked_is_told_of_by_its_ledger(site: Site) -> None:
    """Whoever asks may not be let read the key that the daemon asks for."""
    with site.serving():
        key = site.folder / "key"
        key.write_text("s3cret", encoding="ascii")
        locked = make_site(site.folder, port=site.port, api={"key_file": "key"})
        key.unlink()
        said = locked.command("status").stdout
    assert "but its API was not asked (cannot read api.key_file" in said
    assert "jobs: none yet" in said


def test_jobs_can_be_those_that_failed_lately(resting: Site) -> None:
    for lately in (["--failed"], ["--failed", "--since", "2h"], ["--state", "buried", "--since", "2026-01-01"]):
        assert [job["key"] for job in json_of(resting, "jobs", *lately)] == ["text/buried.png"]
    assert len(json_of(resting, "jobs", "--since", "1d")) == 2
    assert json_of(resting, "jobs", "--since", "2100-01-01") == []
    (done,) = json_of(resting, "jobs", "--state", "done")
    assert done["seconds"] > 0
    (line,) = resting.command("jobs", "--failed").stdout.splitlines()
    assert " ago, took 0." in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "lately"], "is no time: write how long ago"),
        (["--failed", "--state", "done"], "--failed is --state buried"),
        (["--state", "lost"], "'lost' is not a valid"),
    ],
)
def test_jobs_refuses_what_it_does_not_understand(resting: Site, arguments: list[str], said: str) -> None:
    finished = resting.command("jobs", *arguments)
    assert finished.returncode == 2
    assert said in " ".join(finished.stderr.replace("│", " ").split())


@contextmanager
def watching(
    site: Site, *more: str, stdout: int = subprocess.PIPE, **environment: str
) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(
        [COMMAND, "status", "--watch", *more, "-c", site.config],
        env={**site.environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def interrupted(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    complaint = process.stderr.read()
    assert complaint == b""
    return process.wait(PATIENCE)


def test_into_a_pipe_the_watch_writes_a_line_a_second_until_ctrl_c(resting: Site) -> None:
    with watching(resting) as process:
        assert process.stdout is not None
        for _ in range(2):
            assert b"does not run; this is what the ledger says; 0 waiting, 0 running" in process.stdout.readline()
        assert interrupted(process) == 0


def test_for_scripts_the_watch_writes_json_a_second(resting: Site) -> None:
    with watching(resting, "--json") as process:
        assert process.stdout is not None
        for _ in range(2):
            assert json.loads(process.stdout.readline())["jobs"] == {"done": 1, "buried": 1}
        assert interrupted(process) == 0


def test_on_a_narrow_terminal_the_watch_shows_all_and_leaves_it_as_it_was(resting: Site) -> None:
    ours, theirs = pty.openpty()
    try:
        with watching(resting, stdout=theirs, COLUMNS="40", LINES="20", TERM="xterm") as process:
            seen = _read_until(ours, b"ledger says") + _read_until(ours, b"1 done")
            assert ENTER in seen
            assert interrupted(process) == 0
            assert CURSOR in _read_until(ours, LEAVE)
    finally:
        os.close(theirs)
        os.close(ours)


def _read_until(terminal: int, wanted: bytes) -> bytes:
    """What the terminal was sent, up to these bytes; the test's own time limit ends a wait in vain."""
    seen = b""
    while wanted not in seen:
        seen += os.read(terminal, 65_536)
    return seen
