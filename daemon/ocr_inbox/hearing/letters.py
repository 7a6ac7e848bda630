"""Messages of a queue that somebody works on: whose answer is there, and which must stay hidden from others."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message as the queue calls it; the handle is another one each time that it is handed out."""

    id: str
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    letter: Letter
    due: float
    acknowledged: bool = False


class Letters:
    """Remembers what is neither deleted nor given back; for any thread. Times are seconds of any clock."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[str, _Held] = {}
        self._changing = threading.Lock()

    @property
    def full(self) -> bool:
        """Whether enough is being worked on."""
        return len(self._held) >= self._most

    def take(self, letter: Letter, *, due: float) -> Callable[[], None]:
        """How to say that the message is answered; until then it must be hidden again at `due`."""
        with self._changing:
            self._held[letter.id] = _Held(letter=letter, due=due)
        return partial(self._acknowledge, letter.id)

    def _acknowledge(self, identity: str) -> None:
        with self._changing:
            if identity in self._held:
                self._held[identity] = replace(self._held[identity], acknowledged=True)

    def answered(self) -> tuple[Letter, ...]:
        """Those that may be deleted."""
        with self._changing:
            return tuple(held.letter for held in self._held.values() if held.acknowledged)

    def unanswered(self, *, due_by: float) -> tuple[Letter, ...]:
        """Those that others would see again soon."""
        with self._changing:
            return tuple(it.letter for it in self._held.values() if it.due <= due_by and not it.acknowledged)

    def hide(self, letters: Iterable[Letter], *, due: float) -> None:
        """These are hidden, and must be again at `due`."""
        with self._changing:
            for letter in letters:
                if letter.id in self._held:
                    self._held[letter.id] = replace(self._held[letter.id], due=due)

    def forget(self, letters: Iterable[Letter]) -> None:
        """These are no longer ours; one that came again meanwhile is."""
        with self._changing:
            for letter in letters:
                if letter.id in self._held and self._held[letter.id].letter == letter:
                    del self._held[letter.id]
