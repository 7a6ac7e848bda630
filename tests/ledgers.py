"""Ledgers for tests: a clock that stands still, and jobs on their way."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from builders import an_arrival, an_assignment
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Job, PipelineName, Priority

TEXT = PipelineName.TEXT


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def enqueued(ledger: Ledger, *keys: str, priority: Priority = Priority.NORMAL) -> list[Job]:
    return ledger.enqueue([(an_arrival(key), replace(an_assignment(), priority=priority)) for key in keys])


def claimed(ledger: Ledger, key: str = "a") -> Job:
    """A new document that is being read; nothing else may wait."""
    enqueued(ledger, key)
    (job,) = ledger.claim(TEXT, "lane", 1)
    return job


def keys_of(jobs: Sequence[Job]) -> list[str]:
    return [job.document.key for job in jobs]


def steps(database: Database, call: Callable[[], object]) -> int:
    """How many instructions SQLite's machine takes for a call, in dozens."""
    ticks: list[None] = []
    database._connection().set_progress_handler(lambda: ticks.append(None), 12)
    call()
    database._connection().set_progress_handler(None, 0)
    return len(ticks)
