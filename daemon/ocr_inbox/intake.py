"""From an inbox into the ledger: one loop for each inbox."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from ocr_inbox.errors import InfrastructureError
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Arrival
from ocr_inbox.ports import Inbox
from ocr_inbox.routing import Rule, route

_RETRY_SECONDS = 5.0

log = structlog.get_logger()


@dataclass
class Intake:
    """Notes what arrives, and counts what no event had told of."""

    inbox: Inbox
    rules: Sequence[Rule]
    ledger: Ledger
    found_by_scan: int = 0

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return f"intake-{self.inbox.name}"

    def run(self, stop: threading.Event) -> None:
        """Take batches until `stop`; the next one is asked for only when this one is safely noted."""
        for batch in self.inbox.arrivals(stop):
            while not self._noted(batch):
                if stop.wait(_RETRY_SECONDS):
                    return

    def _noted(self, batch: Sequence[Arrival]) -> bool:
        try:
            new = self.ledger.unknown(batch)
            if new:
                self.ledger.enqueue([(arrival, route(arrival.document.key, self.rules)) for arrival in new])
        except InfrastructureError as error:
            log.error("intake_paused", inbox=self.inbox.name, code=error.code, reason=str(error))
            return False
        self.found_by_scan += sum(not arrival.by_event for arrival in new)
        return True
