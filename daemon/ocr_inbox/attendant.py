"""Whether all loops still turn: told to the service manager, and said aloud where one is missing."""

import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

import structlog

from ocr_inbox import notify
from ocr_inbox.notify import ServiceManager
from ocr_inbox.pulse import Pulse, Silence, silences

_TICK_SECONDS = 1.0
_TURNS_A_WATCHDOG = 3
"""How often the watchdog is fed, at least, before it would bite."""
_EXTENSION = "EXTEND_TIMEOUT_USEC=20000000"
"""While stopping; how long that may take is our configuration's business, not the unit's."""
_LEAVE_SECONDS = 5.0

log = structlog.get_logger()


class Wish(Enum):
    """What the attendant is asked to do, from any thread or signal handler."""

    BEGIN = "begin"
    RELOAD = "reload"
    STOP = "stop"
    LEAVE = "leave"


@dataclass
class Roll:
    """Remembers who is missing; one look is not enough, because after the machine stood still everybody is."""

    missing: Sequence[Silence] = ()
    _seen: Sequence[Silence] = ()

    def call(self, found: Sequence[Silence]) -> tuple[list[Silence], list[Silence]]:
        """Those who are missing from now on, and those who are back."""
        before, suspects = set(map(_which, self.missing)), set(map(_which, self._seen))
        missing = [silence for silence in found if _which(silence) in suspects]
        gone, still = [it for it in missing if _which(it) not in before], set(map(_which, missing))
        back = [silence for silence in self.missing if _which(silence) not in still]
        self.missing, self._seen = missing, found
        return gone, back


def _which(silence: Silence) -> tuple[str, int, float]:
    return silence.loop, silence.thread, silence.since


@dataclass
class Attendant:
    """Looks after the loops with these pulses, by name; `status` is asked with those who are missing.

    The watchdog is fed while nobody is missing who could not be excused by the world: an inbox that hangs would hang
    again after a restart, and the documents that were in hand would have used up an attempt.
    """

    manager: ServiceManager
    pulses: Mapping[str, Pulse]
    status: Callable[[Sequence[Silence]], str]
    reload: Callable[[], None]
    inboxes: Collection[str] = ()
    roll: Roll = field(default_factory=Roll)
    _wishes: "queue.SimpleQueue[Wish]" = field(default_factory=queue.SimpleQueue)
    _owed: tuple[str, ...] = ()
    _said: str = ""
    _said_at: float = float("-inf")
    _fed_at: float = float("-inf")
    _stopping: bool = False

    def ask(self, wish: Wish) -> None:
        """Soon; safe in a signal handler, which may interrupt this very call."""
        self._wishes.put(wish)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """In a thread of its own, until the `with` block ends."""
        thread = threading.Thread(target=self._work, name="attendant", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.ask(Wish.LEAVE)
            thread.join(_LEAVE_SECONDS)

    def _work(self) -> None:
        tick = min(_TICK_SECONDS, (self.manager.watchdog_seconds or float("inf")) / _TURNS_A_WATCHDOG)
        wish: Wish | None = self._wishes.get()
        while wish is not Wish.LEAVE:
            if wish is not None:
                self._fulfil(wish)
            self.turn(time.monotonic())
            try:
                wish = self._wishes.get(timeout=tick)
            except queue.Empty:
                wish = None

    def _fulfil(self, wish: Wish) -> None:
        if wish is Wish.BEGIN:
            self._owed = notify.ready()
        elif wish is Wish.STOP:
            self._stopping = True
            self._owed = ("STOPPING=1", notify.status("stopping: what is being read may come to its end"))
        elif wish is Wish.RELOAD and not self._stopping:
            self.manager.tell(*notify.reloading())
            self.reload()
            self._owed = notify.ready()

    def turn(self, now: float) -> None:
        """Look once, and tell what is new; `now` is on the monotonic clock."""
        if self._stopping:
            lines = [*self._owed, "WATCHDOG=1", _EXTENSION]
        else:
            self._call_the_roll(now)
            lines = [*self._owed, *self._news(now), *self._food(now)]
        if lines and self.manager.tell(*lines):
            self._owed = ()
        elif lines:  # all of it again, at the next turn
            self._said, self._said_at, self._fed_at = "", float("-inf"), float("-inf")

    def _news(self, now: float) -> list[str]:
        """A line for the status, where it is another one and the last one is a second old."""
        if not self.manager.listens or now - self._said_at < _TICK_SECONDS:
            return []
        status = self.status(self.roll.missing)
        if status == self._said:
            return []
        self._said, self._said_at = status, now
        return [notify.status(status)]

    def _food(self, now: float) -> list[str]:
        """A line for the watchdog, where it is due and deserved."""
        patience = self.manager.watchdog_seconds
        hung = any(not silence.whom for silence in self.roll.missing)
        if patience is None or hung or now - self._fed_at < patience / _TURNS_A_WATCHDOG / 2:
            return []
        self._fed_at = now
        return ["WATCHDOG=1"]

    def _call_the_roll(self, now: float) -> None:
        gone, back = self.roll.call(silences(self.pulses, now))
        for silence in gone:
            self._say(silence)
        for silence in back:
            log.info("loop_goes_on", loop=silence.loop, inbox=self._inbox(silence), seconds=round(silence.seconds))

    def _say(self, silence: Silence) -> None:
        told = {"loop": silence.loop, "seconds": round(silence.seconds), "stack": _stack(silence.thread)}
        if silence.whom:
            log.warning("answer_overdue", whom=silence.whom, inbox=self._inbox(silence), **told)
        else:
            log.critical("loop_hung", **told)

    def _inbox(self, silence: Silence) -> str | None:
        return silence.whom if silence.whom in self.inboxes else None


def _stack(thread: int) -> str | None:
    """Where a thread is now, if it still is."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - nothing else tells
    return "".join(traceback.format_stack(frame)) if frame else None
