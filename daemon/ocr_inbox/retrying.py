"""What a failure means for the job: bury it, try again, wait for the world, alone or with its inbox, or let it be."""

from dataclasses import dataclass
from enum import Enum

from ocr_inbox.errors import (
    DocumentError,
    InboxAwayError,
    InfrastructureError,
    OcrInboxError,
    SourceGoneError,
    StoppingError,
    UnsupportedTypeError,
)
from ocr_inbox.media import named_like_a_document
from ocr_inbox.model import Job


class Verdict(Enum):
    """What happens to a job next."""

    BURY = "bury"
    RETRY = "retry"
    PUT_OFF = "put_off"
    HOLD = "hold"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how soon; delays are seconds, and double with each failure up to `longest_delay`."""

    attempts: int = 3
    first_delay: float = 5.0
    longest_delay: float = 600.0
    put_off_delay: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict, and for those that wait, the earliest time to look again.

    Where the whole inbox is held, another of its documents is tried earlier: it may be just this one that fails so.
    """

    verdict: Verdict
    not_before: float
    inbox_not_before: float = 0.0


def decide(error: OcrInboxError, job: Job, *, now: float, chance: float, patience: Patience) -> Decision:
    """What becomes of `job` after `error`; `chance` in [0, 1) spreads the retries (half to full delay)."""
    spread = 0.5 + chance / 2
    if isinstance(error, SourceGoneError):
        return Decision(verdict=Verdict.SKIP, not_before=now)
    if isinstance(error, InfrastructureError):
        return _put_off(error, job, soon=now + patience.put_off_delay * spread, late=now + patience.put_off_delay)
    if isinstance(error, UnsupportedTypeError) and not named_like_a_document(job.document.key):
        return Decision(verdict=Verdict.SKIP, not_before=now)
    if isinstance(error, DocumentError) or job.attempts >= job.attempts_allowed:
        return Decision(verdict=Verdict.BURY, not_before=now)
    # What was put off, and what a person asked for again, was granted more attempts: those are not failures.
    failures = max(1, job.attempts - job.attempts_allowed + patience.attempts)
    delay = min(patience.longest_delay, patience.first_delay * 2 ** min(failures - 1, 30))
    return Decision(verdict=Verdict.RETRY, not_before=now + delay * spread)


def _put_off(error: InfrastructureError, job: Job, *, soon: float, late: float) -> Decision:
    if isinstance(error, StoppingError):
        return Decision(verdict=Verdict.PUT_OFF, not_before=job.not_before)  # its place: before all that came later
    if isinstance(error, InboxAwayError):
        return Decision(verdict=Verdict.HOLD, not_before=late, inbox_not_before=soon)
    return Decision(verdict=Verdict.PUT_OFF, not_before=soon)
