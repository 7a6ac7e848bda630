"""What keeps a whole pipeline from reading is said by each job that waits for it, and noted once."""

import pytest

from builders import an_arrival, an_assignment
from ledgers import TEXT, Clock, claimed, enqueued, steps
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState, PipelineName

MISSING = ("models_missing", "cannot load PP-OCRv5: run ocr-inbox models pull")


def _reasons(chronicle: Chronicle, selection: Selection | None = None) -> dict[str, tuple[str | None, str | None]]:
    return {job.document.key: (job.code, job.reason) for job in chronicle.jobs(selection or Selection())}


def test_every_job_that_waits_says_what_is_in_its_pipelines_way_until_it_is_gone(
    ledger: Ledger, chronicle: Chronicle
) -> None:
    first, _ = enqueued(ledger, "a", "b")
    ledger.enqueue([(an_arrival("c"), an_assignment(PipelineName.TABLE))])
    ledger.note_obstacle(TEXT, *MISSING)
    assert _reasons(chronicle) == {"a": MISSING, "b": MISSING, "c": (None, None)}
    assert _reasons(chronicle, Selection(state=JobState.WAITING, inbox="scans", pipeline=TEXT, before=2)) == {
        "a": MISSING
    }
    assert [(job.code, job.reason) for job in (chronicle.job(first.id), chronicle.find(first.document)) if job] == [
        MISSING
    ] * 2
    ledger.clear_obstacle(TEXT)
    assert _reasons(chronicle) == dict.fromkeys("abc", (None, None))


def test_what_comes_later_says_it_too_and_a_new_reason_takes_the_place_of_the_old(
    ledger: Ledger, chronicle: Chronicle
) -> None:
    ledger.note_obstacle(TEXT, *MISSING)
    enqueued(ledger, "a")
    assert _reasons(chronicle) == {"a": MISSING}
    ledger.note_obstacle(TEXT, "pipeline_unavailable", "out of memory")
    assert _reasons(chronicle) == {"a": ("pipeline_unavailable", "out of memory")}


def test_a_jobs_own_reason_goes_before_that_of_its_pipeline(ledger: Ledger, chronicle: Chronicle) -> None:
    job = claimed(ledger, "a")
    ledger.note_obstacle(TEXT, *MISSING)
    assert _reasons(chronicle) == {"a": (None, None)}, "it is being read"
    ledger.put_off(job, "inbox_unavailable", "no space left", not_before=1000.0)
    assert _reasons(chronicle) == {"a": ("inbox_unavailable", "no space left")}
    ledger.finish(ledger.claim(TEXT, "lane", 1)[0])
    assert _reasons(chronicle) == {"a": (None, None)}


def test_what_was_in_the_way_before_a_restart_is_forgotten(ledger: Ledger, chronicle: Chronicle) -> None:
    enqueued(ledger, "a")
    ledger.note_obstacle(TEXT, *MISSING)
    assert ledger.recover() == 0
    assert _reasons(chronicle) == {"a": (None, None)}


@pytest.mark.parametrize("waiting", [1, 500])
def test_an_obstacle_costs_the_same_however_many_wait(ledger: Ledger, waiting: int) -> None:
    enqueued(ledger, *[str(number) for number in range(waiting)])
    assert steps(ledger.database, lambda: ledger.note_obstacle(TEXT, *MISSING)) < 20
    assert steps(ledger.database, lambda: ledger.clear_obstacle(TEXT)) < 20


def _changes(ledger: Ledger) -> int:
    return int(ledger.database.read("SELECT total_changes() AS n")[0]["n"])


def test_noting_what_is_noted_and_clearing_what_is_clear_write_nothing(ledger: Ledger) -> None:
    ledger.clear_obstacle(TEXT)
    ledger.note_obstacle(TEXT, *MISSING)
    before = _changes(ledger)
    ledger.note_obstacle(TEXT, *MISSING)
    assert _changes(ledger) == before
    ledger.clear_obstacle(TEXT)
    assert _changes(ledger) == before + 1


DOCUMENT, TABLE = PipelineName.DOCUMENT, PipelineName.TABLE
BOTH = (DOCUMENT, TABLE)


def test_jobs_of_a_pipeline_that_cannot_read_are_settled_and_what_runs_there_is_not(
    ledger: Ledger, chronicle: Chronicle
) -> None:
    job = claimed(ledger, "a")
    enqueued(ledger, "b")
    ledger.note_obstacle(TEXT, *MISSING)
    assert chronicle.unsettled(TEXT) == 1
    ledger.retry(job, "crashed", "why", not_before=1000.0)
    assert chronicle.unsettled(TEXT) == 0
    ledger.clear_obstacle(TEXT)
    assert chronicle.unsettled(TEXT) == 2
    assert chronicle.unsettled(TABLE) == chronicle.unsettled() == 0


def _documents_that_the_table_pipeline_may_read(ledger: Ledger, clock: Clock) -> None:
    """One that has waited from the start, and one that the server had in its hands when it died."""
    assignment = an_assignment(DOCUMENT, fallback=TABLE)
    ledger.enqueue([(an_arrival("a"), assignment)])
    ledger.put_off(ledger.claim(DOCUMENT, "document-0", 1)[0], "vl_unavailable", "why", not_before=clock.now)
    ledger.enqueue([(an_arrival("b"), assignment)])


def test_what_its_fallback_can_read_is_not_settled(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    _documents_that_the_table_pipeline_may_read(ledger, clock)
    assert chronicle.unsettled(*BOTH) == 2
    ledger.note_obstacle(DOCUMENT, "vl_unavailable", "nobody answers")
    assert chronicle.unsettled(*BOTH) == 2


@pytest.mark.parametrize("stuck", ["not served", "cannot read", "not the server"])
def test_what_its_fallback_cannot_read_either_is_settled(
    ledger: Ledger, chronicle: Chronicle, clock: Clock, stuck: str
) -> None:
    _documents_that_the_table_pipeline_may_read(ledger, clock)
    ledger.note_obstacle(DOCUMENT, "models_missing" if stuck == "not the server" else "vl_unavailable", "why")
    if stuck == "cannot read":
        ledger.note_obstacle(TABLE, *MISSING)
    assert chronicle.unsettled(*(BOTH if stuck != "not served" else (DOCUMENT,))) == 0
