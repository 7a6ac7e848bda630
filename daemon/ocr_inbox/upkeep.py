"""Results of uploads are kept for a while, then forgotten with their files."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.errors import LedgerUnavailableError
from ocr_inbox.ports import Clock
from ocr_inbox.pulse import Pulse

_STEP_SECONDS = 120.0

log = structlog.get_logger()


@dataclass(kw_only=True)
class Upkeep:
    """Removes what an inbox finished more than `keep_seconds` ago; `remove` takes away all files of a key.

    `stored` gives the key of each file that is there, and when it was last written. Where no job has such a key, a
    daemon was killed between storing the document and noting it, and nobody was ever told that it is there: that is
    looked for once, because listing what is kept would cost as much as there is of it.
    """

    inbox: str
    chronicle: Chronicle
    remove: Callable[[str], None]
    stored: Callable[[], Iterable[tuple[str, float]]]
    keep_seconds: float
    clock: Clock
    interval: float = 60.0
    pulse: Pulse = field(default_factory=Pulse)
    _strays: dict[str, float] | None = None

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
        forgotten, before = 0, self.clock() - self.keep_seconds
        try:
            while jobs := self.chronicle.expired(self.inbox, before):
                for job in jobs:
                    self.pulse.expect(_STEP_SECONDS, whom=self.inbox)
                    self.remove(job.document.key)
                    self.chronicle.forget(job)
                    forgotten += 1
            self._clear_strays(before)
        except LedgerUnavailableError as error:
            log.warning("upkeep_paused", inbox=self.inbox, reason=str(error))
        except OSError as error:  # its own words name the file, and that of an upload stays unsaid
            log.warning("upkeep_paused", inbox=self.inbox, reason=f"cannot remove a document: {error.strerror}")
        return forgotten

    def _clear_strays(self, before: float) -> None:
        if self._strays is None:
            self._strays = {key: at for key, at in self.stored() if not self.chronicle.knows(self.inbox, key)}
        for key in [key for key, at in self._strays.items() if at < before]:
            if not self.chronicle.knows(self.inbox, key):  # it may have been on its way when it was first seen
                self.remove(key)
            del self._strays[key]
