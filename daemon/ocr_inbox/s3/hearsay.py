"""What others tell of new objects, kept until somebody has looked whether it is true."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from ocr_inbox.objects import ObjectName

_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Objects that somebody told of, and how to say that they are safely noted."""

    names: tuple[ObjectName, ...]
    acknowledge: Callable[[], None]


class Hearsay:
    """Remembers what was told, up to a number: what is refused then is found by the next scan, or told again."""

    def __init__(self) -> None:
        self._heard: deque[Heard] = deque()
        self._news = threading.Condition()
        self._scan_wanted = False

    def tell(self, names: Sequence[ObjectName], acknowledge: Callable[[], None]) -> bool:
        """Whether it was taken: then `acknowledge` is called once, later, by another thread."""
        with self._news:
            if len(self._heard) >= _MOST:
                self._scan_wanted = True  # by now, listing is the shorter way
                return False
            self._heard.append(Heard(names=tuple(names), acknowledge=acknowledge))
            self._news.notify_all()
        return True

    def demand_scan(self) -> None:
        """Everything is to be looked through; from any thread and from signal handlers."""
        self._scan_wanted = True

    def take_demand(self) -> bool:
        """Whether a scan was demanded since the last call; one that is demanded meanwhile is the one that follows."""
        wanted = self._scan_wanted
        if wanted:
            self._scan_wanted = False
        return wanted

    def first(self, count: int) -> tuple[Heard, ...]:
        """The oldest of what was told; it stays until it is dropped."""
        with self._news:
            return tuple(islice(self._heard, count))

    def drop(self, heard: Sequence[Heard]) -> None:
        """Forget the oldest, which these are."""
        with self._news:
            for _ in heard:
                self._heard.popleft()

    def wait(self, seconds: float) -> None:
        """Return when there is something, or after so many seconds."""
        with self._news:
            self._news.wait_for(lambda: bool(self._heard), seconds)
