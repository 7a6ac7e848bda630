"""What was heard of an inbox since it was last asked for."""

import threading
from dataclasses import dataclass, field

_BURST = 8_192
"""Half of what the kernel queues before it drops events, of which watchdog 6 says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Paths, each with whether its writer is known to be done; and whether to look through everything.

    `lost` says that events were dropped, so that nothing heard before can be relied on.
    """

    files: dict[str, bool]
    scan: bool
    lost: bool


@dataclass(slots=True)
class Hints:
    """Collects from any thread for one that waits; what is too much to remember becomes a scan."""

    _files: dict[str, bool] = field(default_factory=dict)
    _scan: bool = False
    _lost: bool = False
    _count: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, path: str, *, complete: bool) -> None:
        """Something happened to this file."""
        with self._news:
            self._count += 1
            if len(self._files) < _BURST:
                self._files[path] = complete or self._files.get(path, False)
            self._scan = self._scan or self._count >= _BURST
            self._news.notify()

    def demand_scan(self) -> None:
        """Somebody wants everything to be looked through; safe in a signal handler."""
        with self._news:
            self._scan = True
            self._news.notify()

    def lose(self) -> None:
        """Events were dropped."""
        with self._news:
            self._lost = True
            self._news.notify()

    def take(self, timeout: float) -> Heard:
        """Everything since the last time, as soon as there is something or after `timeout` seconds."""
        with self._news:
            self._news.wait_for(lambda: self._files or self._scan or self._lost, timeout)
            heard = Heard(files=self._files, scan=self._scan, lost=self._lost)
            self._files, self._scan, self._lost = {}, False, False
            if heard.scan:
                self._count = 0
            return heard
