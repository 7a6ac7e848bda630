"""The hands of a lane: what it has on its way to its end, in threads that hold up neither the lane nor a stop."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from types import TracebackType

from typing_extensions import Self

from ocr_inbox.errands import Errands
from ocr_inbox.errors import InfrastructureError
from ocr_inbox.pulse import AS_LONG_AS_IT_TAKES, Pulse


class Hands:
    """Remembers what each of them has. Use it with `with`, from one thread.

    What hangs in one when the process ends is cut off there, as by a crash: nobody waits for it but `free`.
    """

    def __init__(self, name: str, count: int, stop: threading.Event, pulse: Pulse) -> None:
        self._errands = Errands(name, count, stop)
        self._count = count
        self._pulse = pulse
        self._full: list[Future[None]] = []

    def __enter__(self) -> Self:
        """No thread is made here."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all are empty; what of the world was in their way is found at the next start."""
        with self._errands, suppress(InfrastructureError):
            self._wait_for(0)

    def free(self) -> None:
        """Wait until one is free; raises what was raised in any of them."""
        self._wait_for(self._count - 1)

    def take(self, task: Callable[[], None]) -> None:
        """Have a free one do this."""
        self._full.append(self._errands.send(task))

    def _wait_for(self, most: int) -> None:
        while True:
            for ended in [future for future in self._full if future.done()]:
                self._full.remove(ended)
                ended.result()
            if len(self._full) <= most:
                return
            with self._pulse.within(AS_LONG_AS_IT_TAKES):
                wait(self._full, return_when=FIRST_COMPLETED)
