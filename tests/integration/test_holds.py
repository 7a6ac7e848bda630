"""An inbox that is away: one row says so, one of its jobs finds out whether it is back, and all others go on."""

from dataclasses import replace
from pathlib import Path

import pytest

from builders import an_arrival, an_assignment
from ledgers import TEXT, Clock, enqueued, keys_of, steps
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Absence, Hold, Job, JobState, PipelineName, Priority

DOCUMENT, TABLE = PipelineName.DOCUMENT, PipelineName.TABLE
HOLD = Hold(inbox="scans", since=1000.0, not_before=1010.0, code="inbox_unavailable", reason="nobody answers")


def _claim(ledger: Ledger, limit: int = 9) -> list[Job]:
    return ledger.claim(TEXT, "lane", limit)


def _held(ledger: Ledger, *keys: str) -> Job:
    """An inbox that holds documents of these keys, and the job that found out."""
    enqueued(ledger, *keys)
    (job,) = _claim(ledger, limit=1)
    assert ledger.hold(job, HOLD, not_before=1015.0)
    return job


def _enqueued_in(ledger: Ledger, inbox: str, *keys: str) -> None:
    ledger.enqueue([(an_arrival(key, inbox=inbox), an_assignment()) for key in keys])


def test_nothing_of_an_inbox_that_is_away_is_claimed_and_others_go_on(ledger: Ledger) -> None:
    _held(ledger, "a", "b", "c")
    _enqueued_in(ledger, "mail", "d")
    assert keys_of(_claim(ledger)) == ["d"]
    assert not ledger.due(TEXT)


def test_one_job_finds_out_whether_it_is_back_and_then_all_go_on(ledger: Ledger, clock: Clock) -> None:
    _held(ledger, "a", "b", "c", "d")
    clock.now = HOLD.not_before
    (tried,) = _claim(ledger)
    assert tried.document.key == "b"
    assert _claim(ledger) == []
    ledger.note_sidecar(tried, "b.ocr.json", 1)
    assert _claim(ledger) == []
    ledger.finish(tried)
    assert keys_of(_claim(ledger)) == ["c", "d"]


def test_as_long_as_it_is_away_one_job_after_the_other_finds_out_and_that_is_no_news(
    ledger: Ledger, chronicle: Chronicle, clock: Clock
) -> None:
    _held(ledger, *"abcd")
    for key, moment in zip("bcd", (1010.0, 1020.0, 1030.0), strict=True):
        clock.now = moment
        (tried,) = _claim(ledger)
        assert tried.document.key == key
        later = replace(HOLD, since=moment, not_before=moment + 10.0, reason="again")
        assert not ledger.hold(tried, later, not_before=moment + 50.0)
        assert _claim(ledger) == []
        assert chronicle.holds() == [replace(later, since=HOLD.since)]


def test_it_uses_up_no_attempt(ledger: Ledger, chronicle: Chronicle) -> None:
    job = chronicle.job(_held(ledger, "a").id)
    assert (job.state, job.attempts, job.attempts_allowed, job.not_before) == (JobState.WAITING, 1, 4, 1015.0)


def test_another_job_finds_out_when_the_first_takes_long(ledger: Ledger, clock: Clock) -> None:
    """It may be a document of a thousand pages, or hang."""
    _held(ledger, "a", "b", "c")
    clock.now = HOLD.not_before
    _claim(ledger)
    clock.now += 59.0
    assert _claim(ledger) == []
    clock.now += 2.0
    assert keys_of(_claim(ledger)) == ["c"]


def test_a_job_that_comes_back_for_another_reason_leaves_it_to_the_next(ledger: Ledger, clock: Clock) -> None:
    _held(ledger, "a", "b", "c")
    clock.now = HOLD.not_before
    (tried,) = _claim(ledger)
    ledger.put_off(tried, "access_denied", "this one is locked", not_before=2000.0)
    assert keys_of(_claim(ledger)) == ["c"]


@pytest.mark.parametrize("end", [Ledger.bury, Ledger.skip])
def test_every_end_of_a_document_is_the_end_of_it(
    ledger: Ledger, chronicle: Chronicle, clock: Clock, end: object
) -> None:
    _held(ledger, "a", "b")
    clock.now = HOLD.not_before
    (tried,) = _claim(ledger)
    assert callable(end)
    end(ledger, tried, "code", "reason")
    assert chronicle.holds() == []


def test_a_diversion_takes_nothing_of_it_either(ledger: Ledger) -> None:
    _held(ledger, "a")
    ledger.enqueue([(an_arrival("b"), an_assignment(DOCUMENT, fallback=TABLE))])
    absence = Absence(pipeline=DOCUMENT, reason="away")
    assert not ledger.due(TABLE, absence)
    assert ledger.claim(TABLE, "table-0", 9, absence) == []


def test_it_is_the_reason_of_every_job_that_waits_there_and_of_no_other(ledger: Ledger, chronicle: Chronicle) -> None:
    enqueued(ledger, "b")
    (failed,) = _claim(ledger)
    ledger.retry(failed, "timeout", "too slow", not_before=1001.0)
    _held(ledger, "a")
    _enqueued_in(ledger, "mail", "c")
    said = {job.document.key: (job.code, job.reason) for job in chronicle.jobs(Selection())}
    away = (HOLD.code, HOLD.reason)
    assert said == {"a": away, "b": away, "c": (None, None)}


def test_what_it_holds_back_cannot_end_by_itself(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    _held(ledger, "a", "b", "c")
    _enqueued_in(ledger, "mail", "d")
    assert chronicle.unsettled(TEXT) == 1
    clock.now = HOLD.not_before
    assert chronicle.unsettled(TEXT) == 1


def test_a_new_start_asks_anew(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "ledger.sqlite"
    with Database(path) as database:
        _held(Ledger(database, clock), "a", "b", "c")
    with Database(path) as database:
        ledger = Ledger(database, clock)
        assert ledger.recover() == 0
        assert keys_of(_claim(ledger)) == ["b", "c"]


def test_uploads_wait_each_by_itself_because_somebody_is_to_be_told(ledger: Ledger, chronicle: Chronicle) -> None:
    _enqueued_in(ledger, "uploads", "a", "b")
    (job,) = _claim(ledger, limit=1)
    assert not ledger.hold(job, replace(HOLD, inbox="uploads"), not_before=1015.0)
    assert chronicle.holds() == []
    assert (chronicle.job(job.id).code, chronicle.job(job.id).attempts_allowed) == (HOLD.code, 4)
    assert keys_of(_claim(ledger)) == ["b"]


@pytest.mark.parametrize("waiting", [2, 2_000])
def test_a_claim_costs_the_same_however_many_wait_for_an_inbox(ledger: Ledger, clock: Clock, waiting: int) -> None:
    enqueued(ledger, *map(str, range(waiting)), priority=Priority.HIGH)
    (job,) = _claim(ledger, limit=1)
    assert steps(ledger.database, lambda: ledger.hold(job, HOLD, not_before=1015.0)) < 40
    _enqueued_in(ledger, "mail", "a")
    assert steps(ledger.database, lambda: ledger.due(TEXT)) < 80
    assert steps(ledger.database, lambda: _claim(ledger, limit=1)) < 250
    assert steps(ledger.database, lambda: _claim(ledger, limit=1)) < 80
    clock.now = HOLD.not_before
    assert steps(ledger.database, lambda: _claim(ledger, limit=1)) < 250
