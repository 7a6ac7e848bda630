"""A status fits whatever terminal it is shown on, and says what is wrong before what there is to do."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from builders import NOW, a_document, a_job
from ocr_inbox.board import board_of, line_of
from ocr_inbox.chronicle import Ended, Queue
from ocr_inbox.model import Draining, DrainScope, JobState, Pause, PipelineName
from ocr_inbox.report import Oldest, Status, Voice
from ocr_inbox.waits import Wait

WELL = {"mode": "events", "problem": None, "settling": 0, "listed": 0, "heard": 0, "last_scan_at": "2026-11-01"}
PIPELINE = {
    "status": "ready",
    "readers": 2,
    "restarts": 0,
    "error": None,
    "api_url": None,
    "docker_status": None,
}
EAR = {"received": 5, "told": 4, "not_understood": 1, "problem": None}


def _health(**more: Any) -> dict[str, Any]:
    return {
        "status": "healthy",
        "system": {"uptime": 7265.0},
        "pipelines": {"ocrv6": PIPELINE},
        "inboxes": {"scans": WELL},
        "hearing": {},
        **more,
    }


def _status(**more: Any) -> Status:
    status = Status(
        now=NOW,
        pid=17,
        totals=((JobState.DONE, 120), (JobState.WAITING, 3)),
        queues=(Queue(inbox="scans", pipeline=PipelineName.TEXT, waiting=3, running=1, oldest=NOW - 185),),
        ended=(Ended(state=JobState.DONE, documents=30, pages=44), Ended(state=JobState.BURIED, documents=2, pages=1)),
        pauses=(),
        draining=None,
        oldest=None,
        voice=Voice(health=_health()),
    )
    return replace(status, **more)


def _shown(status: Status, width: int = 200) -> list[str]:
    screen = io.StringIO()
    console = Console(file=screen, width=width, highlight=False)
    for renderable in board_of(status):
        console.print(renderable)
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def test_what_goes_on_is_on_the_board() -> None:
    lines = _shown(_status())
    assert lines[0] == "daemon: healthy (pid 17, up 2 h 1 min)"
    assert "pipeline ocrv6: ready, 2 readers" in lines
    assert "jobs: 120 done, 3 waiting" in lines
    assert "last minute: 30 read, 2 given up; 45 pages" in lines
    assert ["scans", "text", "3", "1", "3", "min", "5", "s"] in [line.split() for line in lines]


def test_without_a_daemon_it_says_where_it_has_it_from() -> None:
    assert _shown(_status(pid=None, voice=Voice()))[0] == "daemon: does not run; this is what the ledger says"
    silent = _shown(_status(voice=Voice(silence="its API does not answer")))[0]
    assert silent == "daemon: runs (pid 17), but its API does not answer; this is what the ledger says"


def test_an_idle_daemon_has_no_table() -> None:
    lines = _shown(_status(queues=(), ended=(), totals=()))
    assert "jobs: none yet" in lines
    assert lines[-1] == "last minute: nothing came to its end"


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_narrow_terminal_loses_nothing(width: int) -> None:
    """A phone's terminal has forty columns; lines are folded and never cut."""
    oldest = Oldest(
        job=a_job(JobState.WAITING, document=a_document("text/" + "long/" * 30)), wait=Wait(thing="its turn")
    )
    lines = _shown(_status(oldest=oldest), width)
    assert max(map(len, lines)) <= width
    whole = "".join("".join(lines).split())
    assert "long/" * 30 in whole
    assert "waiting" in whole
    assert "haswaited" in whole


def test_brackets_in_names_and_reasons_are_no_markup() -> None:
    troubled = {**WELL, "problem": "cannot read /srv/[red]scans[/red]: [Errno 5]"}
    lines = _shown(_status(voice=Voice(health=_health(inboxes={"scans": troubled}))))
    assert "inbox scans: events, cannot read /srv/[red]scans[/red]: [Errno 5]" in lines


def test_inboxes_say_what_they_are_about() -> None:
    bucket = {**WELL, "settling": 2, "listed": 120_000, "last_scan_at": None}
    lines = _shown(_status(voice=Voice(health=_health(inboxes={"scans": bucket}))))
    assert "inbox scans: events, 2 files still growing, 120000 objects listed, first scan not over" in lines


def test_of_many_inboxes_those_are_shown_of_which_there_is_something_to_say() -> None:
    inboxes = {f"inbox-{number}": WELL for number in range(30)}
    inboxes["inbox-7"] = {**WELL, "problem": "cannot read it: gone"}
    pause = Pause(inbox="inbox-9", since=NOW - 60, reason="cleaning")
    lines = _shown(_status(voice=Voice(health=_health(inboxes=inboxes)), pauses=(pause,)))
    assert [line for line in lines if line.startswith("inbox inbox-")] == [
        "inbox inbox-9: paused for 1 min (cleaning), events",
        "inbox inbox-7: events, cannot read it: gone",
    ]
    assert "and 28 inboxes of which there is nothing to say" in lines


def test_a_pause_is_shown_also_while_no_daemon_runs() -> None:
    pause = Pause(inbox="scans", since=NOW - 60, reason=None)
    assert "inbox scans: paused for 1 min" in _shown(_status(pid=None, voice=Voice(), pauses=(pause,)))


def test_the_vl_server_and_listeners_say_how_they_are() -> None:
    server = {**PIPELINE, "status": "unavailable", "api_url": "http://vl:8118/v1", "docker_status": "not reachable"}
    lines = _shown(
        _status(
            voice=Voice(
                health=_health(
                    pipelines={
                        "vl": {**server, "error": "nobody answers"},
                        "ocrv6": {**PIPELINE, "status": "unavailable"},
                    },
                    hearing={"sqs-scans": {**EAR, "problem": "access denied"}, "webhook": EAR},
                )
            )
        )
    )
    assert "pipeline vl: unavailable, 2 readers, VL server http://vl:8118/v1 not reachable: nobody answers" in lines
    assert "pipeline ocrv6: unavailable, 2 readers: its readers are starting" in lines
    assert "listener sqs-scans: 5 heard, 4 told, 1 not understood: access denied" in lines
    assert "listener webhook: 5 heard, 4 told, 1 not understood" in lines


def test_the_oldest_says_what_it_waits_for_and_what_helps() -> None:
    oldest = Oldest(job=a_job(JobState.WAITING), wait=Wait(thing="its pipeline: why", remedy="mend it"))
    said = _shown(_status(oldest=oldest))[-1]
    assert said == "oldest: job 1 (scans/text/scan.png) has waited 0.0 s for its pipeline: why -> mend it"


@pytest.mark.parametrize("scope", DrainScope)
def test_an_end_that_is_coming_is_shown(scope: DrainScope) -> None:
    lines = _shown(_status(draining=Draining(scope=scope, since=NOW)))
    assert lines[1].startswith("it drains: it takes nothing new")


def test_a_line_for_a_log_names_who_is_in_trouble() -> None:
    assert line_of(_status()) == (
        "2025-06-15 15:06:40 UTC  healthy (pid 17, up 2 h 1 min); 3 waiting, 1 running; "
        "last minute: 30 read, 2 given up; 45 pages"
    )
    troubled = _health(inboxes={"scans": {**WELL, "problem": "gone"}}, hearing={"webhook": {**EAR, "problem": "why"}})
    assert line_of(_status(voice=Voice(health=troubled))).endswith("; problems: inbox scans, listener webhook")
