"""Events that a store posts to us."""

import hashlib
import threading

from ocr_inbox.hearing.ear import Ear
from ocr_inbox.hearing.events import parse
from ocr_inbox.model import HearingVitals
from ocr_inbox.ports import Clock, Tell

_FATE = "nothing is lost, the next scan looks at everything"


class Webhook:
    """Remembers how much was heard; for any thread."""

    def __init__(self, tell: Tell, clock: Clock) -> None:
        self._ear = Ear("webhook", tell, clock, fate=_FATE)
        self._one_at_a_time = threading.Lock()

    def take(self, body: bytes) -> bool:
        """Whether an inbox was told of what the body says; raises EventNotUnderstoodError."""
        with self._one_at_a_time:
            taken = self._ear.hear(body, hashlib.sha256(body).hexdigest()[:16], _nobody_waits)
        if not taken:
            parse(body)  # whoever posted it should hear what is wrong with it
        return taken

    def vitals(self) -> HearingVitals:
        """How much was heard."""
        ear = self._ear
        return HearingVitals(
            name="webhook",
            received=ear.received,
            told=ear.told,
            not_understood=ear.not_understood,
            unwanted=ear.unwanted,
            heard_at=ear.heard_at,
        )


def _nobody_waits() -> None:
    """Whoever posted was answered long before."""
