"""For tests of inboxes: a thread that takes arrivals, and waiting for them with an end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ocr_inbox.folder import FolderInbox
from ocr_inbox.model import Arrival, Document
from ocr_inbox.ports import Inbox

PATIENCE = 8.0
"""Seconds; only a failing test waits that long."""


class Listener:
    """Everything that an inbox has handed out so far, in order."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.batches: list[int] = []
        self._news = threading.Condition()

    def take(self, inbox: Inbox, stop: threading.Event) -> None:
        for batch in inbox.arrivals(stop):
            with self._news:
                self.arrivals += batch
                self.batches.append(len(batch))
                self._news.notify_all()

    def seen(self) -> set[str]:
        return {arrival.document.key for arrival in self.arrivals}

    def wait(self, what: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(what, PATIENCE), f"only these arrived: {sorted(self.seen())[:20]}"

    def expect(self, *keys: str) -> Arrival:
        """The latest arrival of the last of these keys, once all of them are there."""
        self.wait(lambda: self.seen().issuperset(keys))
        return next(arrival for arrival in reversed(self.arrivals) if arrival.document.key == keys[-1])

    def expect_another(self, document: Document) -> Arrival:
        """An arrival of the same key in another version."""
        self.wait(lambda: self._others(document) != [])
        return self._others(document)[-1]

    def _others(self, document: Document) -> list[Arrival]:
        same_key = [arrival for arrival in self.arrivals if arrival.document.key == document.key]
        return [arrival for arrival in same_key if arrival.document != document]

    def forget(self) -> None:
        with self._news:
            self.arrivals.clear()


@contextmanager
def listening(inbox: Inbox) -> Iterator[Listener]:
    listener, stop = Listener(), threading.Event()
    thread = threading.Thread(target=listener.take, args=(inbox, stop), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        stop.set()
        if isinstance(inbox, FolderInbox):
            inbox.rescan()  # wakes it, which saves the tests a fifth of a second each
        thread.join(PATIENCE)
    assert not thread.is_alive(), "arrivals did not end when it was told to stop"


def arrival_of(inbox: Inbox, key: str) -> Arrival:
    """The first arrival of a key; the inbox is listened to for as long as that takes."""
    with listening(inbox) as listener:
        return listener.expect(key)
