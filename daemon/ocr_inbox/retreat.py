"""An orderly end: the doors close, what is in hand or in the queue is read, and the daemon stops."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.errors import LedgerUnavailableError
from ocr_inbox.model import PipelineName
from ocr_inbox.ports import Loop
from ocr_inbox.pulse import Pulse

_LOOK_SECONDS = 0.5
_TURN_SECONDS = 120.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retreat:
    """Watches for the order to drain, which anybody may write into the ledger; keeps the promise of `ports.Loop`.

    `closed` is set when nothing new is to come in, at the latest when the daemon stops. `served` are the pipelines
    that are read for.
    """

    chronicle: Chronicle
    served: Sequence[PipelineName]
    closed: threading.Event
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return "retreat"

    def run(self, stop: threading.Event) -> None:
        """Set `stop` once a person asked for an end and nothing that was meant can come to its own any more."""
        try:
            while not stop.is_set() and not self._is_over():
                self.pulse.expect(_TURN_SECONDS)
                stop.wait(_LOOK_SECONDS)
        finally:
            self.closed.set()
            stop.set()

    def _is_over(self) -> bool:
        try:
            draining = self.chronicle.draining()
            if draining is None:
                return False
            if not self.closed.is_set():
                log.info("draining", scope=draining.scope.value)
                self.closed.set()
            return self.chronicle.unsettled(*self.served) == 0
        except LedgerUnavailableError:  # the lanes say so
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A loop that lets something in, and ends as soon as the doors are closed."""

    loop: Loop
    closed: threading.Event

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return self.loop.name

    @property
    def pulse(self) -> Pulse:
        """Keep the promise of `ports.Loop`."""
        return self.loop.pulse

    def run(self, _: threading.Event) -> None:
        """Return soon after the doors are closed, which is no later than everything else stops."""
        self.loop.run(self.closed)
