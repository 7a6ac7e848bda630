"""All loops run until one of them fails or somebody asks them to stop."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from ocr_inbox.ports import Loop

_LOOK_SECONDS = 1.0
_LEAVE_SECONDS = 8.0
"""For the loops to put down what was cut short; what takes longer hangs, and nobody can help it."""

log = structlog.get_logger()


@dataclass
class Supervision:
    """Runs each loop in a thread of its own; the first failure stops the others and is raised again."""

    loops: Sequence[Loop]
    stop: threading.Event
    failures: list[BaseException] = field(default_factory=list)

    def run(
        self,
        *,
        grace_seconds: float,
        begun: Callable[[], None],
        wake: Callable[[], None],
        cut_short: Callable[[], None],
    ) -> None:
        """Return when all loops have ended after `stop`, or those are left behind that do not end.

        `begun` hears that all run, `wake` rouses those that sleep; after `grace_seconds`, `cut_short` ends what holds
        up the others.
        """
        threads = [
            threading.Thread(target=self._guard, args=(loop,), name=loop.name, daemon=True) for loop in self.loops
        ]
        for thread in threads:
            thread.start()
        begun()
        while not self.stop.wait(_LOOK_SECONDS):
            pass  # a signal that came just before an endless wait would be answered by nobody
        wake()
        _join(threads, grace_seconds)
        cut_short()
        _join(threads, min(grace_seconds, _LEAVE_SECONDS))
        for thread in threads:
            if thread.is_alive():
                log.error("loop_did_not_stop", loop=thread.name)
        if self.failures:
            raise self.failures[0]

    def _guard(self, loop: Loop) -> None:
        try:
            loop.run(self.stop)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the main thread
            self.failures.append(error)
            self.stop.set()
        finally:
            loop.pulse.end()


def _join(threads: Sequence[threading.Thread], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
