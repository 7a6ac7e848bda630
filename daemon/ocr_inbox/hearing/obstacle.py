"""What keeps a listener from hearing: said once, and waited out."""

import random
from dataclasses import dataclass

import structlog

_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 60.0
_LASTING_SECONDS = 3600.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong and what to do about it; one that is `lasting` goes away only if somebody changes the server."""

    code: str
    reason: str
    lasting: bool = False


def delay(failures: int, *, lasting: bool, chance: float) -> float:
    """Seconds to wait after so many failures in a row; `chance` in [0, 1) spreads them (half to full delay)."""
    longest = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** min(failures - 1, 30))
    return (_LASTING_SECONDS if lasting else longest) * (0.5 + chance / 2)


class Obstacle:
    """Remembers what is in a listener's way; for one thread, but `problem` may be read from any."""

    def __init__(self, listener: str) -> None:
        self.problem: Problem | None = None
        self._listener = listener
        self._failures = 0

    def meet(self, problem: Problem) -> float:
        """The seconds to wait; it is said aloud if it is another one than before."""
        if self.problem is None or problem.code != self.problem.code:
            log.warning("hearing_troubled", listener=self._listener, code=problem.code, reason=problem.reason)
        self.problem = problem
        self._failures += 1
        return delay(self._failures, lasting=problem.lasting, chance=random.random())  # noqa: S311 - guards nothing

    def clear(self) -> None:
        """Nothing is in the way."""
        if self.problem is not None:
            log.info("hearing_again", listener=self._listener)
        self.problem = None
        self._failures = 0
