"""While a pipeline's server is away, its jobs that have a fallback are claimed by that, and by nobody before."""

import sqlite3
from dataclasses import replace

import pytest

from builders import an_arrival, an_assignment
from ledgers import Clock, keys_of, steps
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Absence, Job, JobState, PipelineName, Priority

DOCUMENT, TABLE = PipelineName.DOCUMENT, PipelineName.TABLE
AWAY = Absence(pipeline=DOCUMENT, reason="nobody answers")


def _noted(
    ledger: Ledger, key: str, *, fallback: PipelineName | None = TABLE, priority: Priority = Priority.NORMAL
) -> Job:
    assignment = replace(an_assignment(DOCUMENT, fallback=fallback), priority=priority)
    (job,) = ledger.enqueue([(an_arrival(key), assignment)])
    return job


def _diverted(ledger: Ledger, key: str = "a") -> Job:
    _noted(ledger, key)
    (job,) = ledger.claim(TABLE, "table-0", 1, AWAY)
    return job


def test_a_new_job_keeps_the_fallback_of_its_rule(ledger: Ledger, chronicle: Chronicle) -> None:
    job = _noted(ledger, "a")
    assert chronicle.job(job.id) == job
    assert (job.assignment.fallback, job.diverted, job.read_by) == (TABLE, None, DOCUMENT)


def test_its_fallback_claims_a_job_only_during_the_absence(ledger: Ledger, chronicle: Chronicle) -> None:
    _noted(ledger, "a")
    assert not ledger.due(TABLE)
    assert ledger.claim(TABLE, "table-0", 1) == []
    assert ledger.due(TABLE, AWAY)
    (job,) = ledger.claim(TABLE, "table-0", 1, AWAY)
    assert (job.state, job.attempts, job.diverted, job.read_by) == (JobState.RUNNING, 1, "nobody answers", TABLE)
    assert job.assignment.pipeline is DOCUMENT
    assert chronicle.job(job.id) == job


def test_a_job_without_a_fallback_and_one_with_another_wait_for_the_server(ledger: Ledger) -> None:
    _noted(ledger, "a", fallback=None)
    _noted(ledger, "b", fallback=PipelineName.TEXT)
    assert not ledger.due(TABLE, AWAY)
    assert ledger.claim(TABLE, "table-0", 8, AWAY) == []
    assert keys_of(ledger.claim(DOCUMENT, "document-0", 8)) == ["a", "b"]


def test_what_is_diverted_stands_in_one_line_with_the_fallbacks_own(ledger: Ledger, clock: Clock) -> None:
    for key in ("1-document", "2-table", "3-document", "4-table"):
        clock.now += 1.0
        if key.endswith("table"):
            ledger.enqueue([(an_arrival(key), an_assignment(TABLE))])
        else:
            _noted(ledger, key)
    _noted(ledger, "0-urgent", priority=Priority.INTERACTIVE)
    claims = [ledger.claim(TABLE, "table-0", 3, AWAY) for _ in range(3)]
    assert [keys_of(jobs) for jobs in claims] == [["0-urgent"], ["1-document", "2-table", "3-document"], ["4-table"]]
    assert [job.diverted for job in claims[1]] == ["nobody answers", None, "nobody answers"]


def test_what_is_not_due_yet_is_not_diverted_either(ledger: Ledger, clock: Clock) -> None:
    _noted(ledger, "a")
    (job,) = ledger.claim(DOCUMENT, "document-0", 1)
    ledger.put_off(job, "vl_unavailable", "the server has gone", not_before=1010.0)
    assert ledger.claim(TABLE, "table-0", 1, AWAY) == []
    clock.now = 1010.0
    (again,) = ledger.claim(TABLE, "table-0", 1, AWAY)
    assert (again.attempts, again.attempts_allowed, again.code, again.diverted) == (2, 4, None, "nobody answers")


def test_a_diverted_job_that_has_to_be_read_again_goes_to_the_server_if_that_is_back(ledger: Ledger) -> None:
    ledger.retry(_diverted(ledger), "crashed", "why", not_before=1000.0)
    assert ledger.claim(TABLE, "table-0", 1) == []
    (again,) = ledger.claim(DOCUMENT, "document-0", 1)
    assert (again.diverted, again.read_by) == (None, DOCUMENT)


def test_a_person_who_asks_again_asks_the_pipeline_of_the_rule(ledger: Ledger) -> None:
    job = _diverted(ledger)
    ledger.note_sidecar(job, "file:///a.ocr.json")
    ledger.finish(job)
    granted = ledger.grant(job.id)
    assert (granted.diverted, granted.read_by, granted.assignment.fallback) == (None, DOCUMENT, TABLE)
    assert keys_of(ledger.claim(DOCUMENT, "document-0", 1)) == ["a"]


def test_who_archives_a_document_does_not_change_who_has_read_it(ledger: Ledger) -> None:
    ledger.note_sidecar(_diverted(ledger, "a"), "file:///a.ocr.json")
    _noted(ledger, "b")
    ledger.note_sidecar(ledger.claim(DOCUMENT, "document-0", 1)[0], "file:///b.ocr.json")
    ledger.recover()
    (first,) = ledger.claim(DOCUMENT, "document-0", 1)
    (second,) = ledger.claim(TABLE, "table-0", 1, AWAY)
    assert [(job.document.key, job.read_by) for job in (first, second)] == [("a", TABLE), ("b", DOCUMENT)]


def test_the_history_says_when_a_job_was_diverted_and_why(ledger: Ledger, chronicle: Chronicle) -> None:
    job = _diverted(ledger)
    ledger.retry(job, "crashed", "why", not_before=1000.0)
    ledger.finish(ledger.claim(DOCUMENT, "document-0", 1)[0])
    lines = [(line.state.value, line.code, line.reason) for line in chronicle.history(job.id)]
    assert lines == [
        ("waiting", None, None),
        ("running", "diverted", "nobody answers"),
        ("waiting", "crashed", "why"),
        ("running", None, None),
        ("done", None, None),
    ]


def test_the_file_itself_refuses_a_diversion_without_a_fallback(ledger: Ledger) -> None:
    job = _noted(ledger, "a", fallback=None)
    with pytest.raises(sqlite3.IntegrityError), ledger.database.transaction() as connection:
        connection.execute("UPDATE jobs SET diverted = 'why' WHERE id = ?", (job.id,))


_MANY_WAIT = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO jobs (inbox, key, version, size, pipeline, rule, priority, outputs, fallback, state, attempts_allowed,
                  not_before, enqueued_at, changed_at)
SELECT 'scans', 'waits-' || n, '1-1-1', 1, 'document', 'document/**', 2, 'json', iif(n % 2, 'table', NULL),
       'waiting', 3, 1, 1, 1 FROM numbers
"""


def test_diverting_a_job_costs_the_same_however_many_wait(ledger: Ledger) -> None:
    """The absence itself costs nothing: nobody goes through the queue when the server goes or comes."""
    _noted(ledger, "a")
    few = steps(ledger.database, lambda: ledger.claim(TABLE, "table-0", 1, AWAY))
    with ledger.database.transaction() as connection:
        connection.execute(_MANY_WAIT, (5_000,))
    many = steps(ledger.database, lambda: ledger.claim(TABLE, "table-0", 1, AWAY))
    assert many <= few + 20
