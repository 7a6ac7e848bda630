"""What people and dashboards ask of the ledger."""

import pytest

from builders import an_arrival, an_assignment
from ledgers import TEXT, Clock, claimed, enqueued, keys_of
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.errors import UnknownJobError
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState, PipelineName


def test_the_history_writes_itself(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    job = claimed(ledger)
    clock.now = 1001.0
    ledger.retry(job, "timeout", "too slow", not_before=1001.0)
    clock.now = 1002.0
    (job,) = ledger.claim(TEXT, "lane", 1)
    ledger.note_window(job, 0, "c0ffee", b"{}", done=1, total=2)
    clock.now = 1003.0
    ledger.bury(job, "crashed", "why")
    lines = [(line.at, line.state.value, line.attempt, line.code) for line in chronicle.history(job.id)]
    assert lines == [
        (1000.0, "waiting", 0, None),
        (1000.0, "running", 1, None),
        (1001.0, "waiting", 1, "timeout"),
        (1002.0, "running", 2, None),
        (1003.0, "buried", 2, "crashed"),
    ]


def test_listings_show_the_newest_first_and_page_by_id(ledger: Ledger, chronicle: Chronicle) -> None:
    enqueued(ledger, "a", "b", "c")
    ledger.finish(ledger.claim(TEXT, "lane", 1)[0])
    assert keys_of(chronicle.jobs(Selection())) == ["c", "b", "a"]
    assert keys_of(chronicle.jobs(Selection(limit=1, before=3))) == ["b"]
    assert keys_of(chronicle.jobs(Selection(state=JobState.DONE))) == ["a"]
    assert chronicle.jobs(Selection(inbox="elsewhere")) == []
    assert chronicle.jobs(Selection(pipeline=PipelineName.TABLE)) == []
    assert dict(chronicle.totals()) == {JobState.DONE: 1, JobState.WAITING: 2}


def test_queues_show_what_is_open_for_each_inbox(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    assert chronicle.queues() == []
    claimed(ledger, "a")
    clock.now = 1005.0
    enqueued(ledger, "b")
    ledger.enqueue([(an_arrival("c", inbox="mail"), an_assignment())])
    queues = [(queue.inbox, queue.waiting, queue.running, queue.oldest) for queue in chronicle.queues()]
    assert queues == [("mail", 1, 0, 1005.0), ("scans", 1, 1, 1000.0)]


def test_only_jobs_that_can_end_by_themselves_are_unsettled(ledger: Ledger, chronicle: Chronicle) -> None:
    assert chronicle.unsettled(TEXT) == 0
    job = claimed(ledger, "a")
    assert chronicle.unsettled(TEXT) == 1
    ledger.put_off(job, "inbox_unavailable", "why", not_before=1000.0)
    assert chronicle.unsettled(TEXT) == 0
    (job,) = ledger.claim(TEXT, "lane", 1)
    ledger.retry(job, "crashed", "why", not_before=1000.0)
    assert chronicle.unsettled(TEXT) == 1


def test_a_finished_job_is_forgotten_with_its_history_and_an_open_one_never(
    ledger: Ledger, chronicle: Chronicle
) -> None:
    job = claimed(ledger)
    chronicle.forget(job)
    assert chronicle.job(job.id) == job
    ledger.finish(job)
    chronicle.forget(job)
    assert chronicle.history(job.id) == []
    with pytest.raises(UnknownJobError):
        chronicle.job(job.id)
