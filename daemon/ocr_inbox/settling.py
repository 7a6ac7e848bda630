"""Which files have stopped changing."""

from dataclasses import dataclass, field
from itertools import takewhile

from ocr_inbox.model import Signature


@dataclass(slots=True)
class Settler:
    """Remembers files that may still be growing; a file settles after `quiet` seconds without a change."""

    quiet: float
    _since: dict[str, tuple[Signature, float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._since)

    def observe(self, path: str, signature: Signature, now: float) -> None:
        """This file looks like this now; a changed look starts its waiting anew."""
        known = self._since.get(path)
        if known is None or known[0] != signature:
            self.forget(path)  # so that it goes to the end: the first is always the one that settles next
            self._since[path] = (signature, now)

    def forget(self, path: str) -> None:
        """This file is gone, or known to be complete."""
        self._since.pop(path, None)

    def take_settled(self, now: float) -> list[tuple[str, Signature]]:
        """The files that have been quiet long enough, with their last look; they are forgotten here."""
        quiet = takewhile(lambda item: now - item[1][1] >= self.quiet, self._since.items())
        settled = [(path, look) for path, (look, _) in quiet]
        for path, _ in settled:
            del self._since[path]
        return settled

    def next_due(self) -> float | None:
        """When the first file can settle, on the clock that `observe` was given."""
        for _, since in self._since.values():
            return since + self.quiet
        return None
