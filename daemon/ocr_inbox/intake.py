"""From an inbox into the ledger: one loop for each inbox."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from ocr_inbox.errors import InfrastructureError, LedgerUnavailableError
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Arrival
from ocr_inbox.ports import Inbox
from ocr_inbox.pulse import Pulse
from ocr_inbox.routing import Rule, route

_BATCH_SECONDS = 120.0
"""An inbox has something to say more often than that, a ledger too."""

log = structlog.get_logger()


@dataclass
class Intake:
    """Notes what arrives, and counts what no event had told of; `rules` may be exchanged at any time."""

    inbox: Inbox
    rules: Sequence[Rule]
    ledger: Ledger
    retry_seconds: float = 5.0
    found_by_scan: int = 0
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return f"intake-{self.inbox.name}"

    def run(self, stop: threading.Event) -> None:
        """Take batches until `stop`; the next one is asked for only when this one is safely noted."""
        while not stop.is_set():
            self.pulse.expect(_BATCH_SECONDS, whom=self.inbox.name)
            try:
                for batch in self.inbox.arrivals(stop):
                    with self.pulse.within(_BATCH_SECONDS):
                        self._note(batch, stop)
            except InfrastructureError as error:
                self._pause(error, stop)

    def _note(self, batch: Sequence[Arrival], stop: threading.Event) -> None:
        while True:
            try:
                new = self.ledger.unknown(batch)
                if new:
                    rules = self.rules
                    self.ledger.enqueue([(arrival, route(arrival.document.key, rules)) for arrival in new])
            except LedgerUnavailableError as error:
                if stop.is_set():
                    raise
                self._pause(error, stop)
            else:
                self.found_by_scan += sum(not arrival.by_event for arrival in new)
                return

    def _pause(self, error: InfrastructureError, stop: threading.Event) -> None:
        log.error("intake_paused", inbox=self.inbox.name, code=error.code, reason=str(error))
        stop.wait(self.retry_seconds)
        self.pulse.expect(_BATCH_SECONDS)
