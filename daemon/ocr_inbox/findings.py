"""What was found at a checkup: how it is and, where that is not well, how to mend it."""

from dataclasses import dataclass
from enum import Enum


class Health(Enum):
    """How a finding is to be taken."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    health: Health
    detail: str
    remedy: str = ""


def good(subject: str, detail: str) -> Finding:
    """It is well."""
    return Finding(subject=subject, health=Health.GOOD, detail=detail)


def bad(subject: str, detail: str, remedy: str) -> Finding:
    """The daemon cannot work so."""
    return Finding(subject=subject, health=Health.BAD, detail=detail, remedy=remedy)


def doubtful(subject: str, detail: str, remedy: str) -> Finding:
    """It may be meant so, or not."""
    return Finding(subject=subject, health=Health.DOUBTFUL, detail=detail, remedy=remedy)
