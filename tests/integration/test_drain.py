"""`run --once` ends when nothing can change any more by itself, and not before."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from builders import some_inbox_vitals, some_pipeline_vitals
from ledgers import TEXT, claimed, enqueued
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.drain import Drain
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import InboxVitals, PipelineVitals

pytestmark = pytest.mark.timeout(30)


@dataclass
class Parts:
    """How the parts of the daemon are just now, and how often somebody asked."""

    inbox: InboxVitals = field(default_factory=some_inbox_vitals)
    pipeline: PipelineVitals = field(default_factory=some_pipeline_vitals)
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def inboxes(self) -> Sequence[InboxVitals]:
        self.asked.release()
        return [self.inbox]

    def pipelines(self) -> Sequence[PipelineVitals]:
        return [self.pipeline]


def _drain(chronicle: Chronicle, parts: Parts) -> Drain:
    return Drain(chronicle=chronicle, inboxes=parts.inboxes, pipelines=parts.pipelines)


def test_an_empty_daemon_is_drained_at_once(chronicle: Chronicle) -> None:
    drain, stop = _drain(chronicle, Parts()), threading.Event()
    drain.run(stop)
    assert stop.is_set()
    assert drain.problems == []


@pytest.mark.parametrize(
    "unfinished",
    [replace(some_inbox_vitals(), last_scan_at=None), replace(some_inbox_vitals(), settling=1)],
    ids=["unscanned", "settling"],
)
def test_it_waits_for_the_first_scan_and_for_files_that_still_grow(
    chronicle: Chronicle, unfinished: InboxVitals
) -> None:
    parts, stop = Parts(inbox=unfinished), threading.Event()
    thread = threading.Thread(target=_drain(chronicle, parts).run, args=(stop,))
    thread.start()
    assert parts.asked.acquire(timeout=10)
    assert parts.asked.acquire(timeout=10)
    assert not stop.is_set()
    parts.inbox = some_inbox_vitals()
    thread.join(10)
    assert stop.is_set()


def test_it_waits_for_jobs_that_can_still_end(ledger: Ledger, chronicle: Chronicle) -> None:
    job = claimed(ledger)
    parts, stop = Parts(), threading.Event()
    drain = _drain(chronicle, parts)
    ledger.heard.append(drain.hear)
    thread = threading.Thread(target=drain.run, args=(stop,))
    thread.start()
    assert parts.asked.acquire(timeout=10)
    assert parts.asked.acquire(timeout=10)
    ledger.retry(job, "crashed", "why", not_before=0.0)
    assert parts.asked.acquire(timeout=10)
    assert not stop.is_set()
    ledger.bury(ledger.claim(TEXT, "lane", 1)[0], "crashed", "why")
    thread.join(10)
    assert (stop.is_set(), drain.buried, drain.problems) == (True, 1, [])


def test_it_does_not_wait_for_the_world_but_says_what_is_wrong(ledger: Ledger, chronicle: Chronicle) -> None:
    ledger.put_off(claimed(ledger), "inbox_unavailable", "why", not_before=0.0)
    parts = Parts(inbox=replace(some_inbox_vitals(problem="cannot read /srv/scans: gone"), last_scan_at=None))
    drain = _drain(chronicle, parts)
    drain.run(threading.Event())
    assert drain.problems == [
        "inbox scans: cannot read /srv/scans: gone",
        "1 documents wait; `ocr-inbox jobs --state waiting` says why",
    ]


def test_it_does_not_wait_for_a_pipeline_that_cannot_start(ledger: Ledger, chronicle: Chronicle) -> None:
    enqueued(ledger, "a")
    ledger.note_obstacle(TEXT, "models_missing", "models are missing")
    drain = _drain(chronicle, Parts(pipeline=some_pipeline_vitals(ready=False, problem="models are missing")))
    drain.run(threading.Event())
    assert drain.problems[0] == "pipeline text: models are missing"


def test_it_waits_until_the_jobs_say_what_is_in_their_way(ledger: Ledger, chronicle: Chronicle) -> None:
    """Who reads its last line asks them, and by then nobody is there to find out."""
    enqueued(ledger, "a")
    parts, stop = Parts(pipeline=some_pipeline_vitals(ready=False, problem="models are missing")), threading.Event()
    thread = threading.Thread(target=_drain(chronicle, parts).run, args=(stop,))
    thread.start()
    assert parts.asked.acquire(timeout=10)
    assert parts.asked.acquire(timeout=10)
    assert not stop.is_set()
    ledger.note_obstacle(TEXT, "models_missing", "models are missing")
    thread.join(10)
    assert stop.is_set()


def test_it_ends_when_it_is_told_to(ledger: Ledger, chronicle: Chronicle) -> None:
    claimed(ledger)
    parts, stop = Parts(), threading.Event()
    thread = threading.Thread(target=_drain(chronicle, parts).run, args=(stop,))
    thread.start()
    assert parts.asked.acquire(timeout=10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_pipeline_that_cannot_start_is_no_problem_where_no_document_wants_it(chronicle: Chronicle) -> None:
    drain = _drain(chronicle, Parts(pipeline=some_pipeline_vitals(ready=False, problem="its server is away")))
    drain.run(threading.Event())
    assert drain.problems == []
