"""The ledger's promises on real SQLite files: who holds a job, who is next, and what can never be written."""

import sqlite3
import threading
from pathlib import Path

import pytest

from builders import a_document, an_arrival, an_assignment
from ledgers import TEXT, Clock, claimed, enqueued, keys_of
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.errors import (
    JobNotFinishedError,
    LostClaimError,
    SourceChangedError,
    SourceGoneError,
    UnknownJobError,
)
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Assignment, Job, JobState, Output, PipelineName, Priority

BOTH = (Output.JSON, Output.MARKDOWN)


def test_a_new_job_waits_as_its_rule_says(ledger: Ledger, chronicle: Chronicle) -> None:
    assignment = Assignment(pipeline=TEXT, rule="in/**", priority=Priority.HIGH, outputs=BOTH)
    (job,) = ledger.enqueue([(an_arrival("in/a"), assignment)])
    assert job == chronicle.job(job.id) == chronicle.find(an_arrival("in/a").document)
    assert (job.state, job.attempts, job.attempts_allowed, job.enqueued_at) == (JobState.WAITING, 0, 3, 1000.0)
    assert (job.assignment, job.size, job.document) == (assignment, 2048, a_document("in/a"))


def test_the_same_document_twice_is_one_job_and_another_version_is_another(ledger: Ledger) -> None:
    assert len(enqueued(ledger, "a", "b", "a")) == 2
    assert enqueued(ledger, "a", "b") == []
    rewritten = an_arrival("a", version="2-2-2")
    assert ledger.unknown([an_arrival("a"), rewritten, an_arrival("c")]) == [rewritten, an_arrival("c")]
    assert keys_of(ledger.enqueue([(rewritten, an_assignment())])) == ["a"]


def test_a_document_that_had_vanished_and_arrives_again_is_read_after_all(ledger: Ledger, chronicle: Chronicle) -> None:
    """A share that was unmounted has all its documents again when it is back."""
    job = claimed(ledger)
    ledger.skip(job, SourceGoneError.code, "it is no longer there")
    arrival = an_arrival(job.document.key)
    for _ in range(2):
        assert ledger.unknown([arrival]) == [arrival]
        (again,) = ledger.enqueue([(arrival, an_assignment(PipelineName.TABLE))])
        assert (again.id, again.state, again.reason) == (job.id, JobState.WAITING, None)
        assert ledger.unknown([arrival]) == ledger.enqueue([(arrival, an_assignment())]) == []
        (taken,) = ledger.claim(PipelineName.TABLE, "lane", 1)
        assert taken.attempts < taken.attempts_allowed
        ledger.skip(taken, SourceGoneError.code, "it is no longer there")
    assert [line.state.value for line in chronicle.history(job.id)][-3:] == ["waiting", "running", "skipped"]


def test_a_document_that_was_replaced_stays_skipped(ledger: Ledger) -> None:
    job = claimed(ledger)
    ledger.skip(job, SourceChangedError.code, "it was rewritten")
    assert ledger.unknown([an_arrival(job.document.key)]) == []


def test_a_document_that_arrives_again_leaves_its_job_as_it_is(ledger: Ledger, chronicle: Chronicle) -> None:
    ledger.finish(claimed(ledger))
    assert ledger.enqueue([(an_arrival("a"), an_assignment(PipelineName.TABLE))]) == []
    assert chronicle.job(1).state is JobState.DONE
    assert chronicle.job(1).assignment.pipeline is TEXT


@pytest.mark.parametrize("key", ['"', "a\nb", "é/日本", "'; DROP TABLE jobs; --", "1", "null", "[]", "a\\x00b"])
def test_strange_keys_arekeys_of(ledger: Ledger, key: str) -> None:
    assert ledger.unknown([an_arrival(key)]) == [an_arrival(key)]
    enqueued(ledger, key)
    assert ledger.unknown([an_arrival(key)]) == []
    assert keys_of(ledger.claim(TEXT, "lane", 1)) == [key]


def test_what_no_rule_takes_is_noted_once_as_skipped(ledger: Ledger, chronicle: Chronicle) -> None:
    heard: list[Job] = []
    ledger.heard.append(heard.append)
    skipped = Assignment(pipeline=None, rule="", reason="no rule matches it")
    (job,) = ledger.enqueue([(an_arrival("a"), skipped)])
    assert ledger.enqueue([(an_arrival("a"), skipped)]) == []
    assert (job.state, job.code, job.reason, job.finished_at) == (JobState.SKIPPED, "no_rule", skipped.reason, 1000.0)
    assert heard == [job]
    assert ledger.claim(TEXT, "lane", 1) == []
    assert len(chronicle.history(job.id)) == 1


def test_an_attempt_is_counted_when_it_isclaimed(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    clock.now = 1010.0
    job = claimed(ledger)
    assert (job.state, job.attempts, job.started_at) == (JobState.RUNNING, 1, 1010.0)
    assert chronicle.job(job.id) == job


def test_jobs_are_claimed_in_the_order_they_came(ledger: Ledger) -> None:
    enqueued(ledger, "c", "a")
    enqueued(ledger, "b")
    assert keys_of(ledger.claim(TEXT, "lane", 2)) == ["c", "a"]
    assert keys_of(ledger.claim(TEXT, "lane", 2)) == ["b"]
    assert ledger.claim(TEXT, "lane", 2) == []


def test_the_urgent_go_first_and_never_share_a_batch_with_others(ledger: Ledger) -> None:
    for priority in reversed(Priority):
        enqueued(ledger, f"{priority.name}-1", f"{priority.name}-2", priority=priority)
    batches = [keys_of(ledger.claim(TEXT, "lane", 8)) for _ in Priority]
    assert batches == [[f"{priority.name}-1", f"{priority.name}-2"] for priority in Priority]


def test_a_pipeline_claims_only_its_own(ledger: Ledger) -> None:
    ledger.enqueue([(an_arrival("a"), an_assignment(PipelineName.TABLE))])
    assert ledger.claim(TEXT, "lane", 1) == []
    assert keys_of(ledger.claim(PipelineName.TABLE, "lane", 1)) == ["a"]


def test_what_is_tried_again_goes_to_the_back_of_the_queue(ledger: Ledger, clock: Clock) -> None:
    job = claimed(ledger, "poison")
    enqueued(ledger, "a")
    clock.now = 1001.0
    enqueued(ledger, "b")
    ledger.retry(job, "crashed", "cannot read it", not_before=1005.0)
    clock.now = 1004.9
    assert keys_of(ledger.claim(TEXT, "lane", 1)) == ["a"]
    clock.now = 1005.0
    assert keys_of(ledger.claim(TEXT, "lane", 8)) == ["b", "poison"]


def test_a_failed_attempt_stays_counted(ledger: Ledger) -> None:
    job = claimed(ledger)
    ledger.retry(job, "crashed", "cannot read it", not_before=1000.0)
    (again,) = ledger.claim(TEXT, "lane", 1)
    assert (again.attempts, again.attempts_allowed) == (2, 3)
    assert (again.code, again.reason) == (None, None)


def test_waiting_for_the_world_costs_no_attempt_but_the_number_goes_on(ledger: Ledger, chronicle: Chronicle) -> None:
    job = claimed(ledger)
    ledger.put_off(job, "inbox_unavailable", "cannot write: no space left", not_before=1000.0)
    waiting = chronicle.job(job.id)
    assert (waiting.state, waiting.attempts, waiting.attempts_allowed) == (JobState.WAITING, 1, 4)
    assert (waiting.code, waiting.reason) == ("inbox_unavailable", "cannot write: no space left")
    assert ledger.claim(TEXT, "lane", 1)[0].attempts == 2


_UPDATES = {
    "note_window": lambda ledger, job: ledger.note_window(job, 0, "c0ffee", b"{}", done=1, total=2),
    "note_sidecar": lambda ledger, job: ledger.note_sidecar(job, "file:///a.ocr.json"),
    "finish": lambda ledger, job: ledger.finish(job),
    "bury": lambda ledger, job: ledger.bury(job, "crashed", "why"),
    "skip": lambda ledger, job: ledger.skip(job, "vanished", "why"),
    "retry": lambda ledger, job: ledger.retry(job, "crashed", "why", 0.0),
    "put_off": lambda ledger, job: ledger.put_off(job, "infrastructure", "why", 0.0),
}


@pytest.mark.parametrize("update", _UPDATES)
def test_whoever_lost_a_job_cannot_touch_it_any_more(ledger: Ledger, chronicle: Chronicle, update: str) -> None:
    lost = claimed(ledger)
    ledger.recover()
    with pytest.raises(LostClaimError, match="attempt 1 no longer holds it"):
        _UPDATES[update](ledger, lost)
    (current,) = ledger.claim(TEXT, "another lane", 1)
    with pytest.raises(LostClaimError):
        _UPDATES[update](ledger, lost)
    assert chronicle.job(lost.id) == current
    _UPDATES[update](ledger, current)


def test_a_finished_job_cannot_be_finished_again(ledger: Ledger) -> None:
    job = claimed(ledger)
    ledger.finish(job)
    with pytest.raises(LostClaimError):
        ledger.bury(job, "crashed", "why")


def test_progress_and_the_sidecar_are_kept_over_a_restart(ledger: Ledger, chronicle: Chronicle) -> None:
    job = claimed(ledger)
    ledger.note_window(job, 0, "c0ffee", b"{}", done=4, total=9)
    ledger.note_sidecar(job, "file:///a.ocr.json")
    assert ledger.recover() == 1
    waiting = chronicle.job(job.id)
    assert (waiting.state, waiting.attempts, waiting.code) == (JobState.WAITING, 1, "interrupted")
    assert (waiting.sidecar, waiting.pages_done, waiting.pages) == ("file:///a.ocr.json", 4, 9)
    assert ledger.recover() == 0


def test_a_document_read_whole_shows_all_its_pages(ledger: Ledger, chronicle: Chronicle) -> None:
    job = claimed(ledger)
    ledger.note_sidecar(job, "file:///a.ocr.json", pages=9)
    ledger.finish(job)
    assert (chronicle.job(job.id).pages_done, chronicle.job(job.id).pages) == (9, 9)


def test_a_person_may_ask_again_for_what_has_ended(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    job = claimed(ledger)
    ledger.bury(job, "crashed", "why")
    clock.now = 2000.0
    granted = ledger.grant(job.id)
    assert granted == chronicle.job(job.id)
    assert (granted.state, granted.attempts, granted.attempts_allowed) == (JobState.WAITING, 1, 4)
    assert (granted.code, granted.finished_at, granted.sidecar, granted.not_before) == (None, None, None, 2000.0)
    assert ledger.claim(TEXT, "lane", 1)[0].attempts == 2


def test_only_what_has_ended_and_can_be_read_may_be_asked_for_again(ledger: Ledger) -> None:
    with pytest.raises(UnknownJobError, match="cannot retry job 7: there is no such job"):
        ledger.grant(7)
    (waiting,) = enqueued(ledger, "a")
    with pytest.raises(JobNotFinishedError, match="it is waiting"):
        ledger.grant(waiting.id)
    ledger.claim(TEXT, "lane", 1)
    with pytest.raises(JobNotFinishedError, match="it is running"):
        ledger.grant(waiting.id)
    (unread,) = ledger.enqueue([(an_arrival("b"), Assignment(pipeline=None, rule="", reason="no rule matches it"))])
    with pytest.raises(JobNotFinishedError, match="no rule matches it"):
        ledger.grant(unread.id)


def test_listeners_hear_of_every_end_and_every_wait_after_it_is_committed(ledger: Ledger, tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []

    def listen(job: Job) -> None:
        with sqlite3.connect(tmp_path / "ledger.sqlite") as other:
            (state,) = other.execute("SELECT state FROM jobs WHERE id = ?", (job.id,)).fetchone()
        heard.append((job.state.value, state))

    ledger.heard.append(listen)
    ledger.retry(claimed(ledger, "a"), "crashed", "why", not_before=1000.0)
    ledger.finish(ledger.claim(TEXT, "lane", 1)[0])
    ledger.bury(claimed(ledger, "b"), "crashed", "why")
    assert heard == [("waiting", "waiting"), ("done", "done"), ("buried", "buried")]


def test_new_work_rings_the_bell_and_old_work_does_not(ledger: Ledger) -> None:
    heard = ledger.bell.count()
    enqueued(ledger, "a")
    assert ledger.bell.count() == heard + 1
    enqueued(ledger, "a")
    assert ledger.bell.count() == heard + 1


def test_threads_that_claim_at_once_never_share_a_job(ledger: Ledger) -> None:
    enqueued(ledger, *[f"{number}" for number in range(60)])
    claimed: list[int] = []
    start = threading.Barrier(4)

    def claim(lane: str) -> None:
        start.wait()
        while jobs := ledger.claim(TEXT, lane, 2):
            claimed.extend(job.id for job in jobs)
            ledger.finish(jobs[0])

    lanes = [threading.Thread(target=claim, args=(f"lane-{number}",)) for number in range(4)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    assert sorted(claimed) == list(range(1, 61))
