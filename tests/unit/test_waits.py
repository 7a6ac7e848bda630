"""What a document waits for is the first thing that must change, and it is said with what would help."""

from dataclasses import replace

import pytest

from builders import NOW, a_document, a_job, an_assignment
from ocr_inbox.model import Draining, DrainScope, Hold, Job, JobState, Obstacle, Pause, PipelineName
from ocr_inbox.waits import Circumstances, wait_of

CALM = Circumstances(now=NOW, runs=True)
PAUSE = Pause(inbox="scans", since=NOW - 120, reason="the scanner is cleaned")
HAND = Draining(scope=DrainScope.HAND, since=NOW)
MISSING = Obstacle(code="models_missing", reason="PP-OCRv6 is not there")
HOLD = Hold(inbox="scans", since=NOW - 90, not_before=NOW + 5, code="inbox_unavailable", reason="nobody answers")
AWAY = Obstacle(code="vl_unavailable", reason="nobody answers")


def _waiting(*, attempts: int = 0, not_before: float = NOW, code: str | None = None, inbox: str = "scans") -> Job:
    job = a_job(JobState.WAITING, document=a_document(inbox=inbox), code=code, reason="why" if code else None)
    return replace(job, attempts=attempts, not_before=not_before)


def test_a_job_in_its_place_waits_for_its_turn() -> None:
    assert wait_of(_waiting(), CALM).thing == "its turn, and it is the next"
    assert wait_of(_waiting(), replace(CALM, ahead=1)).thing == "its turn: 1 job goes before it"
    assert wait_of(_waiting(), replace(CALM, ahead=12)).thing == "its turn: 12 jobs go before it"
    assert wait_of(_waiting(), CALM).remedy == ""


def test_what_went_wrong_before_is_not_forgotten_when_its_turn_comes_again() -> None:
    wait = wait_of(_waiting(attempts=1, code="crashed"), CALM)
    assert wait.thing == "its turn, and it is the next; before, crashed: why"


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("timeout", ""),
        ("inbox_unavailable", "mend that; it goes on by itself"),
        ("access_denied", "mend that; it goes on by itself"),
    ],
)
def test_a_job_that_is_put_off_says_until_when_and_why(code: str, remedy: str) -> None:
    wait = wait_of(_waiting(attempts=1, not_before=NOW + 90, code=code), CALM)
    assert wait.thing == f"2025-06-15 15:08:10 UTC (in 1 min 30 s), when it is tried again; {code}: why"
    assert wait.remedy == remedy


def test_what_is_in_the_way_of_its_pipeline_goes_before_its_own_delay() -> None:
    wait = wait_of(_waiting(attempts=1, not_before=NOW + 90, code="timeout"), replace(CALM, obstacle=MISSING))
    assert wait.thing == "its pipeline: models_missing: PP-OCRv6 is not there"
    assert wait.remedy == "run `ocr-inbox models pull`; it goes on by itself"


def test_an_inbox_that_is_away_goes_before_its_own_delay_and_before_its_pipeline() -> None:
    waiting = _waiting(attempts=1, not_before=NOW + 90, code="timeout")
    wait = wait_of(waiting, replace(CALM, hold=HOLD, obstacle=MISSING))
    assert wait.thing == (
        "inbox scans, away for 1 min 30 s and tried again at 2025-06-15 15:06:45 UTC: inbox_unavailable: nobody answers"
    )
    assert wait.remedy == "mend that; it goes on by itself"
    assert "does not run" in wait_of(waiting, replace(CALM, runs=False, hold=HOLD)).thing


def test_a_server_that_is_away_is_nothing_to_a_job_that_has_a_fallback() -> None:
    document = replace(_waiting(), assignment=an_assignment(PipelineName.DOCUMENT))
    diverted = replace(document, assignment=an_assignment(PipelineName.DOCUMENT, fallback=PipelineName.TABLE))
    away = replace(CALM, obstacle=AWAY)
    assert wait_of(document, away).thing == "its pipeline: vl_unavailable: nobody answers"
    assert "VL server" in wait_of(document, away).remedy
    assert wait_of(diverted, away).thing == "its turn, and it is the next"


def test_while_no_daemon_runs_what_it_was_last_told_of_does_not_count() -> None:
    wait = wait_of(_waiting(), replace(CALM, runs=False, obstacle=MISSING))
    assert wait.thing == "the daemon, which does not run"
    assert "systemctl start" in wait.remedy


def test_a_pause_goes_before_everything() -> None:
    around = Circumstances(now=NOW, runs=False, pause=PAUSE, draining=HAND, obstacle=MISSING, ahead=3)
    wait = wait_of(_waiting(code="timeout", not_before=NOW + 90), around)
    assert wait.thing == "the end of the pause of inbox scans, 2 min long: the scanner is cleaned"
    assert wait.remedy == "`ocr-inbox resume scans`"
    assert "scans, 2 min long" in wait_of(_waiting(), replace(around, pause=replace(PAUSE, reason=None))).thing


def test_a_daemon_that_drains_takes_up_nothing_but_uploads_and_the_queue_if_that_was_meant() -> None:
    assert "the next start of the daemon" in wait_of(_waiting(), replace(CALM, draining=HAND)).thing
    assert wait_of(_waiting(inbox="uploads"), replace(CALM, draining=HAND)).thing == "its turn, and it is the next"
    queue = replace(HAND, scope=DrainScope.QUEUE)
    assert wait_of(_waiting(), replace(CALM, draining=queue)).thing == "its turn, and it is the next"
