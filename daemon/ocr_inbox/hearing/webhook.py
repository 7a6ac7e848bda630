"""Events that a store posts to us."""

import threading

from ocr_inbox.hearing.ear import NOTHING_LOST, Ear
from ocr_inbox.model import HearingVitals
from ocr_inbox.ports import Clock, Tell


class Webhook:
    """Remembers how much was heard; for any thread."""

    def __init__(self, tell: Tell, clock: Clock) -> None:
        self._ear = Ear("webhook", tell, clock, fate=NOTHING_LOST)
        self._one_at_a_time = threading.Lock()

    def take(self, body: bytes) -> bool:
        """Whether an inbox was told of what the body says; raises EventNotUnderstoodError."""
        with self._one_at_a_time:
            return self._ear.demand(body)

    def vitals(self) -> HearingVitals:
        """How much was heard."""
        return self._ear.vitals()
