"""Results of uploads are kept for a while, then forgotten with their files."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.errors import LedgerUnavailableError
from ocr_inbox.model import Job
from ocr_inbox.ports import Clock
from ocr_inbox.pulse import Pulse

_STEP_SECONDS = 120.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """Removes what an inbox finished more than `keep_seconds` ago; `remove` takes away a job's files."""

    inbox: str
    chronicle: Chronicle
    remove: Callable[[Job], None]
    keep_seconds: float
    clock: Clock
    interval: float = 60.0
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return "upkeep"

    def run(self, stop: threading.Event) -> None:
        """Look once a minute."""
        while not stop.is_set():
            self.sweep()
            self.pulse.expect(self.interval + _STEP_SECONDS, whom=self.inbox)
            stop.wait(self.interval)

    def sweep(self) -> int:
        """Forget what is old enough, and say how many jobs that were; what the disk refuses is left for next time."""
        forgotten = 0
        try:
            while jobs := self.chronicle.expired(self.inbox, self.clock() - self.keep_seconds):
                for job in jobs:
                    self.pulse.expect(_STEP_SECONDS, whom=self.inbox)
                    self.remove(job)
                    self.chronicle.forget(job)
                    forgotten += 1
        except LedgerUnavailableError as error:
            log.warning("upkeep_paused", inbox=self.inbox, reason=str(error))
        except OSError as error:  # its own words name the file, and that of an upload stays unsaid
            log.warning("upkeep_paused", inbox=self.inbox, reason=f"cannot remove a document: {error.strerror}")
        return forgotten
