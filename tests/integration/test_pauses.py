"""A paused inbox: nothing of it is claimed, and all the others go on as if it were not there."""

import sqlite3
from pathlib import Path

import pytest

from builders import an_arrival, an_assignment
from ledgers import TEXT, Clock, claimed, enqueued, keys_of, steps
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Absence, DrainScope, JobState, Pause, PipelineName, Priority

DOCUMENT, TABLE = PipelineName.DOCUMENT, PipelineName.TABLE


def _enqueued_in(ledger: Ledger, inbox: str, *keys: str) -> None:
    ledger.enqueue([(an_arrival(key, inbox=inbox), an_assignment()) for key in keys])


def _claim(ledger: Ledger, limit: int = 9) -> list[str]:
    return keys_of(ledger.claim(TEXT, "lane", limit))


def test_nothing_of_a_paused_inbox_is_claimed_until_it_is_resumed_and_then_in_its_old_place(
    ledger: Ledger, clock: Clock
) -> None:
    _enqueued_in(ledger, "scans", "early")
    clock.now += 1
    _enqueued_in(ledger, "mail", "middle")
    clock.now += 1
    _enqueued_in(ledger, "scans", "late")
    assert ledger.pause("scans", None)
    assert _claim(ledger, limit=1) == ["middle"]
    assert _claim(ledger) == []
    assert not ledger.due(TEXT)
    _enqueued_in(ledger, "mail", "last")
    assert ledger.resume("scans")
    assert _claim(ledger) == ["early", "late", "last"]


def test_what_is_in_hand_comes_to_its_end_and_what_goes_back_stays(ledger: Ledger, chronicle: Chronicle) -> None:
    first = claimed(ledger, "a")
    second = claimed(ledger, "b")
    ledger.pause("scans", None)
    ledger.note_sidecar(first, "a.ocr.json", 1)
    ledger.finish(first)
    ledger.retry(second, "timeout", "too slow", not_before=0.0)
    assert chronicle.job(first.id).state is JobState.DONE
    assert _claim(ledger) == []


def test_what_arrives_meanwhile_is_noted(ledger: Ledger, chronicle: Chronicle) -> None:
    ledger.pause("scans", None)
    enqueued(ledger, "a")
    assert [job.state for job in chronicle.jobs(Selection())] == [JobState.WAITING]


def test_a_diversion_takes_nothing_of_a_paused_inbox_either(ledger: Ledger) -> None:
    assignment = an_assignment(DOCUMENT, fallback=TABLE)
    ledger.enqueue([(an_arrival("a"), assignment), (an_arrival("b", inbox="mail"), assignment)])
    absence = Absence(pipeline=DOCUMENT, reason="away")
    ledger.pause("scans", None)
    assert keys_of(ledger.claim(TABLE, "table-0", 9, absence)) == ["b"]
    assert not ledger.due(TABLE, absence)
    ledger.resume("scans")
    assert keys_of(ledger.claim(TABLE, "table-0", 9, absence)) == ["a"]


def test_pausing_twice_is_pausing_once_and_a_new_reason_takes_the_place_of_the_old(
    ledger: Ledger, chronicle: Chronicle, clock: Clock
) -> None:
    assert ledger.pause("scans", "cleaning")
    clock.now += 5
    assert not ledger.pause("scans", None)
    assert chronicle.pauses() == [Pause(inbox="scans", since=1000.0, reason="cleaning")]
    assert not ledger.pause("scans", "moving house")
    assert chronicle.pauses() == [Pause(inbox="scans", since=1000.0, reason="moving house")]
    assert ledger.resume("scans")
    assert not ledger.resume("scans")
    assert chronicle.pauses() == []


def test_a_pause_is_the_reason_of_every_job_that_waits_and_of_no_other(ledger: Ledger, chronicle: Chronicle) -> None:
    running = claimed(ledger, "running")
    failed = claimed(ledger, "failed")
    ledger.retry(failed, "timeout", "too slow", not_before=0.0)
    enqueued(ledger, "waiting")
    ledger.enqueue([(an_arrival("elsewhere", inbox="mail"), an_assignment())])
    ledger.note_obstacle(TEXT, "models_missing", "why")
    ledger.pause("scans", "cleaning")
    reasons = {job.document.key: job.code for job in chronicle.jobs(Selection())}
    assert reasons == {"running": None, "failed": "paused", "waiting": "paused", "elsewhere": "models_missing"}
    said = "inbox scans is paused (cleaning); `ocr-inbox resume scans` lets it go on"
    assert chronicle.job(failed.id).reason == said
    ledger.finish(running)
    assert chronicle.job(running.id).code is None


def test_a_pause_outlives_the_daemon_and_a_wish_for_its_end_does_not(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "ledger.sqlite"
    with Database(path) as database:
        ledger = Ledger(database, clock)
        enqueued(ledger, "a")
        ledger.pause("scans", None)
        ledger.drain(DrainScope.HAND)
    with Database(path) as database:
        ledger, chronicle = Ledger(database, clock), Chronicle(database)
        ledger.recover()
        assert [pause.inbox for pause in chronicle.pauses()] == ["scans"]
        assert chronicle.draining() is None
        assert _claim(ledger) == []


def test_another_process_is_heard_at_the_next_look(ledger: Ledger) -> None:
    enqueued(ledger, "a")
    with Database(ledger.database.path) as theirs:
        other = Ledger(theirs, Clock())
        other.pause("scans", None)
        assert not ledger.due(TEXT)
        other.resume("scans")
        assert ledger.due(TEXT)


def test_uploads_cannot_be_paused_by_whatever_way(ledger: Ledger) -> None:
    """A row of that name would have requests wait for ever."""
    with pytest.raises(sqlite3.IntegrityError), ledger.database.transaction() as connection:
        connection.execute("INSERT INTO pauses VALUES ('uploads', 1.0, NULL)")


@pytest.mark.parametrize("waiting", [1, 2_000])
def test_a_claim_costs_the_same_however_much_a_paused_inbox_holds_back(ledger: Ledger, waiting: int) -> None:
    enqueued(ledger, *map(str, range(waiting)), priority=Priority.HIGH)
    _enqueued_in(ledger, "mail", "a")
    ledger.pause("scans", None)
    assert steps(ledger.database, lambda: ledger.due(TEXT)) < 80
    assert steps(ledger.database, lambda: ledger.claim(TEXT, "lane", 1)) < 200
    assert steps(ledger.database, lambda: ledger.claim(TEXT, "lane", 1)) < 80


def test_jobs_of_many_inboxes_are_claimed_in_the_order_of_one_queue(ledger: Ledger, clock: Clock) -> None:
    for number in range(12):
        clock.now += 1
        _enqueued_in(ledger, f"inbox-{number * 5 % 7}", f"{number:02}")
    assert _claim(ledger, 5) == ["00", "01", "02", "03", "04"]
    assert _claim(ledger, 9) == ["05", "06", "07", "08", "09", "10", "11"]


def test_what_a_pause_holds_back_cannot_end_by_itself(ledger: Ledger, chronicle: Chronicle) -> None:
    job = claimed(ledger, "a")
    enqueued(ledger, "b")
    assert chronicle.unsettled(TEXT) == 2
    ledger.pause("scans", None)
    assert chronicle.unsettled(TEXT) == 1
    ledger.finish(job)
    assert chronicle.unsettled(TEXT) == 0
