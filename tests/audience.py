"""Somebody for listeners to tell, who remembers and answers when a test says so."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ocr_inbox.objects import ObjectName
from ocr_inbox.ports import Loop
from running import eventually

PATIENCE = 60.0
"""Seconds; only a failing test waits that long."""


class Audience:
    """Keeps the promise of `ports.Tell`; it wants what lies in its buckets."""

    def __init__(self, *buckets: str) -> None:
        self._buckets = buckets
        self._told: list[tuple[ObjectName, Callable[[], None]]] = []

    def tell(self, names: Sequence[ObjectName], acknowledge: Callable[[], None]) -> bool:
        wanted = [name for name in names if name.bucket in self._buckets]
        self._told += [(name, acknowledge) for name in wanted]
        return bool(wanted)

    def keys(self) -> list[str]:
        """What was told, in order."""
        return [name.key for name, _ in self._told]

    def wait(self, *keys: str) -> None:
        """Return when all of these were told."""
        eventually(lambda: set(self.keys()) >= set(keys), PATIENCE)

    def answer(self) -> None:
        """Acknowledge everything so far, by another thread as the inbox does."""
        told = list(self._told)
        thread = threading.Thread(target=lambda: [acknowledge() for _, acknowledge in told])
        thread.start()
        thread.join()


@contextmanager
def running(loop: Loop) -> Iterator[threading.Event]:
    """The event that stops it, which happens in the end; whatever ended it before is raised."""
    stop, failures = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            loop.run(stop)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            failures.append(error)

    thread = threading.Thread(target=run, name=loop.name, daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive(), "the loop did not end when it was told to stop"
    if failures:
        raise failures[0]
