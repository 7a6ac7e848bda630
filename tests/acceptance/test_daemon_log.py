"""What the daemon says: events as JSON for machines, in colour for people, and nothing that is nobody's business."""

import json
import os
import pty
import signal
import socket
import subprocess
from typing import Any

import pytest

from pages import encoded, render_line, truncated
from process_groups import end_group
from running import COMMAND, Site, make_site

PRIVATE = "Swordfish 4711"
PAGE = encoded(render_line(PRIVATE))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a day in which a document was dropped and another uploaded, and some could not be read."""
    site = make_site(tmp_path_factory.mktemp("logged"), top={"log_level": "debug"})
    with site.serving() as daemon:
        daemon.wait_for_sidecar(site.drop(PAGE, "text/dropped.png"))
        assert daemon.post(PAGE, "upload-of-mine.png").json()["result"]["text"] == PRIVATE
        assert daemon.post(truncated(PAGE), "upload-of-mine.png").status_code == 400
        site.drop(truncated(PAGE), "text/broken.png")
        daemon.wait_for_job("text/broken.png")
        site.drop(b"words", "text/notes.txt")
        daemon.wait_for_job("text/notes.txt")
        with socket.create_connection(("127.0.0.1", site.port)) as stray:
            stray.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
            assert b"400" in stray.recv(4096)
        assert daemon.stop() == 0
    return site.log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def events(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def test_every_line_is_an_event(events: list[dict[str, Any]]) -> None:
    assert all({"event", "level", "timestamp"} <= event.keys() for event in events)
    assert (events[0]["event"], events[-1]["event"]) == ("started", "stopped")


def test_the_warning_of_a_library_is_an_event_too(events: list[dict[str, Any]]) -> None:
    (warning,) = [event for event in events if event.get("logger") == "uvicorn.error"]
    assert (warning["level"], warning["event"]) == ("warning", "Invalid HTTP request received.")


def test_each_document_ends_in_one_event(events: list[dict[str, Any]]) -> None:
    outcomes = [(event["event"], event.get("key")) for event in events if event["event"].startswith("job_")]
    assert sorted(outcomes, key=str) == [
        ("job_buried", "text/broken.png"),
        ("job_buried", None),
        ("job_done", "text/dropped.png"),
        ("job_done", None),
        ("job_skipped", "text/notes.txt"),
    ]
    (done, *_) = [event for event in events if event["event"] == "job_done"]
    assert (done["inbox"], done["pipeline"], done["pages"]) == ("inbox", "text", 1)
    assert done["seconds"] > 0


def test_the_log_keeps_what_is_confidential(log: str) -> None:
    for confidential in (PRIVATE, "Swordfish", "upload-of-mine", ".upload", "/state/uploads"):
        assert confidential not in log


def test_a_person_at_a_terminal_gets_colours(site: Site) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [COMMAND, "run", "-c", site.config], env=site.environment(), stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        try:
            shown = b""
            while b"started" not in shown:
                shown += terminal.read(4096)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            end_group(process)
    assert b"\x1b[" in shown
    assert b"{" not in shown
