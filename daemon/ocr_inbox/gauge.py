"""How much is open, how much came to its end, and whether the ledger can be written at all."""

import threading
from dataclasses import dataclass, field, replace

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.errors import LedgerUnavailableError
from ocr_inbox.model import Counts, Job, JobState
from ocr_inbox.pulse import Pulse

_LOOK_SECONDS = 1.0
_LOCKED_SECONDS = 120.0
"""Nobody who writes holds the ledger for longer; where it is locked all the time, somebody hangs."""
_ENDS = {JobState.DONE: "done", JobState.SKIPPED: "skipped", JobState.BURIED: "buried"}


@dataclass
class Gauge:
    """Keeps the promise of `ports.Loop`; remembers the latest counts, and why the ledger cannot be used."""

    chronicle: Chronicle
    counts: Counts = field(default_factory=Counts)
    problem: str | None = None
    pulse: Pulse = field(default_factory=Pulse)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return "ledger"

    def hear(self, job: Job) -> None:
        """Count a job that ended; for any thread."""
        end = _ENDS.get(job.state)
        if end:
            with self._counting:
                self.counts = replace(self.counts, **{end: getattr(self.counts, end) + 1})

    def run(self, stop: threading.Event) -> None:
        """Look once a second, until `stop`; that costs a read, and a transaction with nothing in it."""
        self.pulse.expect(_LOCKED_SECONDS)
        while not stop.is_set():
            self.look()
            stop.wait(_LOOK_SECONDS)

    def look(self) -> None:
        """A disk that is full or broken is a problem; a ledger that stays locked is silence, which is graver."""
        try:
            queues = self.chronicle.queues()
            with self.chronicle.database.transaction():
                pass
        except LedgerUnavailableError as error:
            self.problem = str(error)
            if "is locked" in self.problem:
                return
        else:
            self.problem = None
            waiting, running = sum(it.waiting for it in queues), sum(it.running for it in queues)
            with self._counting:
                self.counts = replace(self.counts, waiting=waiting, running=running)
        self.pulse.expect(_LOCKED_SECONDS)
