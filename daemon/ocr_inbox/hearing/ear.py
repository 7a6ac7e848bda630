"""One message after the other: understood, handed on, and counted."""

import hashlib
from collections.abc import Callable

import structlog

from ocr_inbox.errors import EventNotUnderstoodError
from ocr_inbox.hearing.events import parse
from ocr_inbox.hearing.obstacle import Problem
from ocr_inbox.model import HearingVitals
from ocr_inbox.ports import Clock, Tell

NOTHING_LOST = "nothing is lost, the next scan looks at everything"
_REMEMBERED = 10_000

log = structlog.get_logger()


class Once:
    """Remembers what was said, up to a number, so that it is not said again."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._said: dict[str, None] = {}

    def first(self, mark: str) -> bool:
        """Whether this is new, as far as is remembered."""
        new = mark not in self._said
        self._said[mark] = None
        if len(self._said) > self._most:
            del self._said[next(iter(self._said))]
        return new


class Ear:
    """Remembers how much was heard; for one thread, but the counts may be read from any.

    `fate` says what becomes of a message that nobody can use.
    """

    def __init__(self, listener: str, tell: Tell, clock: Clock, *, fate: str) -> None:
        self._received = self._told = self._not_understood = self._unwanted = 0
        self._heard_at: float | None = None
        self._listener = listener
        self._tell = tell
        self._clock = clock
        self._fate = fate
        self._not_understood_ones, self._unwanted_ones, self._unwanted_buckets = Once(), Once(), Once()

    def vitals(self, problem: Problem | None = None, *, deleted: int = 0) -> HearingVitals:
        """How the listener is that this ear belongs to."""
        return HearingVitals(
            name=self._listener,
            received=self._received,
            told=self._told,
            deleted=deleted,
            not_understood=self._not_understood,
            unwanted=self._unwanted,
            heard_at=self._heard_at,
            problem=problem.reason if problem else None,
        )

    def listen(self) -> None:
        """Somebody is there, even if there is nothing to tell."""
        self._heard_at = self._clock()

    def hear(self, body: bytes, mark: str | None = None, acknowledge: Callable[[], None] = lambda: None) -> bool:
        """As `demand`; nobody needs to hear what is wrong with a message that is not understood."""
        try:
            return self.demand(body, mark, acknowledge)
        except EventNotUnderstoodError:
            return False

    def demand(self, body: bytes, mark: str | None = None, acknowledge: Callable[[], None] = lambda: None) -> bool:
        """Whether `acknowledge` was called or will be; otherwise the message is left alone.

        `mark` is the same whenever the same message comes again; some have no name but their content. Raises
        EventNotUnderstoodError.
        """
        self.listen()
        mark = mark or hashlib.sha256(body).hexdigest()[:16]
        try:
            told = parse(body)
        except EventNotUnderstoodError as error:
            self._received += 1
            self._leave_not_understood(mark, error)  # here it is said to whoever runs the daemon, once
            raise
        self._received += bool(told.objects or told.others)
        if not told.objects:
            acknowledge()
            return True
        if self._tell(told.objects, acknowledge):
            self._told += len(told.objects)
            return True
        self._leave_unwanted(mark, told.objects[0].bucket)
        return False

    def _leave_not_understood(self, mark: str, error: EventNotUnderstoodError) -> None:
        if self._not_understood_ones.first(mark):
            self._not_understood += 1
            self._log("event_not_understood", mark, str(error))

    def _leave_unwanted(self, mark: str, bucket: str) -> None:
        self._unwanted += self._unwanted_ones.first(mark)
        if self._unwanted_buckets.first(bucket):
            self._log("event_unwanted", mark, f"cannot use events of bucket {bucket}: no inbox takes them now")

    def _log(self, event: str, mark: str, reason: str) -> None:
        log.warning(event, listener=self._listener, message=mark, reason=f"{reason}; {self._fate}")
