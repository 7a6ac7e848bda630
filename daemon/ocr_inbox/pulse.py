"""Signs of life: whoever says by when it is heard of again can be found missing."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

AS_LONG_AS_IT_TAKES = float("inf")
"""For waiting on others who are watched themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A thread that should have been heard of by now, `seconds` ago for the last time, on a monotonic clock.

    `whom` is what it waits for, such as an inbox; without that it is our own fault.
    """

    loop: str
    whom: str
    thread: int
    since: float
    seconds: float


@dataclass(frozen=True, slots=True)
class _Promise:
    since: float
    seconds: float
    whom: str


class Pulse:
    """Remembers what the threads of one loop have promised; a promise costs a microsecond, and any thread may look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._promises: dict[int, _Promise] = {}

    def expect(self, seconds: float, whom: str = "") -> None:
        """The calling thread is heard of again within so many seconds, unless `whom` keeps it waiting."""
        self._promises[threading.get_ident()] = _Promise(self._clock(), seconds, whom)

    def end(self) -> None:
        """Nothing is to be heard of the calling thread any more."""
        self._promises.pop(threading.get_ident(), None)

    @contextmanager
    def within(self, seconds: float, whom: str = "") -> Iterator[None]:
        """What is done in here takes no longer, unless `whom` keeps it waiting; then counts what counted before."""
        before = self._promises.get(threading.get_ident())
        self.expect(seconds, whom)
        try:
            yield
        finally:
            if before is None:
                self.end()
            else:
                self.expect(before.seconds, before.whom)

    def silences(self, loop: str, now: float) -> list[Silence]:
        """The promises that are broken by now."""
        return [
            Silence(loop=loop, whom=it.whom, thread=thread, since=it.since, seconds=now - it.since)
            for thread, it in self._promises.copy().items()
            if now - it.since > it.seconds
        ]


def silences(pulses: Mapping[str, Pulse], now: float) -> list[Silence]:
    """Who is missing of these loops, by their names."""
    return [silence for loop, pulse in pulses.items() for silence in pulse.silences(loop, now)]
