"""How things stand, asked of the ledger by those who operate it."""

from builders import a_document, an_arrival, an_assignment
from ledgers import TEXT, Clock, claimed, enqueued, keys_of
from ocr_inbox.chronicle import Chronicle, Ended, Selection
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Arrival, JobState, Obstacle, PipelineName
from ocr_inbox.turns import ahead_of


def _bury(ledger: Ledger, key: str) -> None:
    ledger.bury(claimed(ledger, key), "crashed", "why")


def test_a_listing_can_be_of_what_changed_since_a_moment(ledger: Ledger, chronicle: Chronicle, clock: Clock) -> None:
    _bury(ledger, "long ago")
    enqueued(ledger, "patient")
    clock.now += 100
    ledger.finish(ledger.claim(TEXT, "lane", 1)[0])
    _bury(ledger, "now")
    assert keys_of(chronicle.jobs(Selection(since=1050.0))) == ["now", "patient"]
    assert keys_of(chronicle.jobs(Selection(since=1050.0, state=JobState.BURIED))) == ["now"]
    assert keys_of(chronicle.jobs(Selection(since=0.0, state=JobState.BURIED))) == ["now", "long ago"]
    assert keys_of(chronicle.jobs(Selection(since=1050.0, inbox="scans", pipeline=TEXT, limit=1))) == ["now"]
    assert chronicle.jobs(Selection(since=1101.0)) == []


def test_all_versions_of_a_document_are_told_newest_first(ledger: Ledger, chronicle: Chronicle) -> None:
    for version in ("1-1-1", "2-2-2"):
        document = a_document("a", version=version)
        ledger.enqueue([(Arrival(document=document, size=1), an_assignment())])
    enqueued(ledger, "b")
    assert [job.document.version for job in chronicle.versions("scans", "a")] == ["2-2-2", "1-1-1"]
    assert chronicle.versions("mail", "a") == []


def test_a_key_is_found_in_every_inbox_that_knows_it(ledger: Ledger, chronicle: Chronicle) -> None:
    assert chronicle.places("a") == []
    for inbox in ("scans", "mail", "attic"):
        ledger.enqueue([(an_arrival("a" if inbox != "mail" else "b", inbox=inbox), an_assignment())])
    assert chronicle.places("a") == ["attic", "scans"]
    assert chronicle.places("c") == []


def test_the_oldest_that_waits_is_found_whatever_runs_or_goes_first(
    ledger: Ledger, chronicle: Chronicle, clock: Clock
) -> None:
    assert chronicle.oldest_waiting() is None
    claimed(ledger, "running")
    assert chronicle.oldest_waiting() is None
    clock.now += 1
    ledger.enqueue([(an_arrival("table", inbox="mail"), an_assignment(PipelineName.TABLE))])
    clock.now += 1
    enqueued(ledger, "text")
    oldest = chronicle.oldest_waiting()
    assert oldest is not None
    assert oldest.document.key == "table"


def test_what_came_to_its_end_lately_is_counted_with_its_pages(
    ledger: Ledger, chronicle: Chronicle, clock: Clock
) -> None:
    _bury(ledger, "long ago")
    clock.now += 100
    for key, pages in (("a", 2), ("b", 3)):
        job = claimed(ledger, key)
        ledger.note_sidecar(job, "sidecar", pages)
        ledger.finish(job)
    _bury(ledger, "c")
    assert chronicle.ended_since(1050.0) == [
        Ended(state=JobState.BURIED, documents=1, pages=0),
        Ended(state=JobState.DONE, documents=2, pages=5),
    ]


def test_what_is_in_the_way_of_a_pipeline_can_be_asked_for(ledger: Ledger, chronicle: Chronicle) -> None:
    assert chronicle.obstacle(TEXT) is None
    ledger.note_obstacle(TEXT, "models_missing", "why")
    assert chronicle.obstacle(TEXT) == Obstacle(code="models_missing", reason="why")


def test_the_place_of_a_job_counts_only_what_can_be_claimed_before_it(
    ledger: Ledger, chronicle: Chronicle, clock: Clock
) -> None:
    put_off = claimed(ledger, "put off")
    ledger.put_off(put_off, "timeout", "why", not_before=clock.now + 50)
    enqueued(ledger, "a", "b")
    ledger.enqueue([(an_arrival("held", inbox="mail"), an_assignment())])
    ledger.enqueue([(an_arrival("other"), an_assignment(PipelineName.TABLE))])
    (job,) = enqueued(ledger, "asked")
    assert ahead_of(ledger.database, job, clock.now) == 3
    ledger.pause("mail", None)
    assert ahead_of(ledger.database, job, clock.now) == 2
    ledger.claim(TEXT, "lane", 1)
    assert ahead_of(ledger.database, chronicle.job(job.id), clock.now) == 1
