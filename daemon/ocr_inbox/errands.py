"""Requests that other threads make: what hangs in a socket holds up neither a stop nor the end of the process."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

from typing_extensions import Self

from ocr_inbox.errors import StoppingError

_LOOK_SECONDS = 0.2

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    call: Callable[[], Any]
    future: "Future[Any]"


class Errands:
    """Remembers its threads: as many as are needed, up to `most`. Use it with `with`, from one thread."""

    def __init__(self, name: str, most: int, stop: threading.Event) -> None:
        self._name = name
        self._most = most
        self._stop = stop
        self._errands: SimpleQueue[_Errand | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._count = 0

    def __enter__(self) -> Self:
        """No thread is made here."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The threads end when they have done what they were sent for; nobody waits for them."""
        for _ in range(self._count):
            self._errands.put(None)

    def send(self, call: Callable[[], Result]) -> "Future[Result]":
        """What will become of `call`."""
        future: Future[Result] = Future()
        self._errands.put(_Errand(call=call, future=future))
        if not self._idle.acquire(blocking=False) and self._count < self._most:
            self._count += 1
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return future

    def result(self, future: "Future[Result]") -> Result:
        """What became of it; raises StoppingError once the daemon stops."""
        while not self._stop.is_set():
            if wait([future], timeout=_LOOK_SECONDS).done:
                return future.result()
        raise StoppingError("cannot wait for the store: the daemon is stopping")

    def _run(self) -> None:
        while (errand := self._errands.get()) is not None:
            try:
                errand.future.set_result(errand.call())
            except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
                errand.future.set_exception(error)
            self._idle.release()
