"""Which files have stopped changing."""

from dataclasses import dataclass, field

from ocr_inbox.model import Signature


@dataclass(slots=True)
class Settler:
    """Remembers files that may still be growing; a file settles after `quiet` seconds without a change."""

    quiet: float
    _since: dict[str, tuple[Signature, float]] = field(default_factory=dict)

    def observe(self, path: str, signature: Signature, now: float) -> None:
        """This file looks like this now; a changed look starts its waiting anew."""
        known = self._since.get(path)
        if known is None or known[0] != signature:
            self._since[path] = (signature, now)

    def forget(self, path: str) -> None:
        """This file is gone, or known to be complete."""
        self._since.pop(path, None)

    def pending(self) -> tuple[str, ...]:
        """The files that are still waited for."""
        return tuple(self._since)

    def take_settled(self, now: float) -> list[tuple[str, Signature]]:
        """The files that have been quiet long enough; they are forgotten here."""
        settled = [(path, look) for path, (look, since) in self._since.items() if now - since >= self.quiet]
        for path, _ in settled:
            del self._since[path]
        return settled

    def next_due(self) -> float | None:
        """When the first file can settle, on the clock that `observe` was given."""
        return min(since for _, since in self._since.values()) + self.quiet if self._since else None
