"""A bell that wakes whoever waits for work, and is not missed by one who was just looking away."""

import threading


class Bell:
    """Remembers how often it rang."""

    def __init__(self) -> None:
        self._rung = 0
        self._condition = threading.Condition()

    def count(self) -> int:
        """How often it rang so far; take it before looking for work."""
        with self._condition:
            return self._rung

    def ring(self) -> None:
        """Wake everyone who waits."""
        with self._condition:
            self._rung += 1
            self._condition.notify_all()

    def wait(self, heard: int, timeout: float) -> None:
        """Return at once if it rang since `heard` was counted, else when it rings or after `timeout` seconds."""
        with self._condition:
            self._condition.wait_for(lambda: self._rung != heard, timeout)
