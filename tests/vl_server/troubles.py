"""What the server is told to do wrong, and what it remembers of its requests."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Trouble(_Strict):
    """What happens to pages: all, or those of these numbers, or those with these words on them.

    `fail` is status 500, `drop` a connection that breaks off, `hang` no answer at all. Pages are counted from 1, in
    the order in which they are first asked for: a page that is asked for again keeps its number. After `times` such
    requests the trouble is over.
    """

    kind: Literal["fail", "drop", "hang"]
    pages: list[int] | None = None
    words: str | None = None
    times: int | None = None

    def concerns(self, page: int, text: str) -> bool:
        return (self.pages is None or page in self.pages) and (self.words is None or self.words in text)


class Control(_Strict):
    """How the server is; as it comes, it is well."""

    healthy: bool = True
    slow_seconds: float = Field(default=0.0, ge=0)
    troubles: list[Trouble] = []


class Entry(_Strict):
    """A request for a chat completion; one that was refused has no page."""

    page: int | None
    prompt: str | None
    text: str
    outcome: Literal["answered", "refused", "failed", "dropped", "hung", "unhealthy"]


class Logbook:
    """What the server was told last, and every request since."""

    def __init__(self, control: Control) -> None:
        self.tell(control)

    def tell(self, control: Control) -> None:
        """From now on be so; what was asked before is forgotten."""
        self.control = control
        self.entries: list[Entry] = []
        self._pages: dict[str, int] = {}
        self._happened = [0] * len(control.troubles)

    def page_of(self, digest: str) -> int:
        return self._pages.setdefault(digest, len(self._pages) + 1)

    def next_trouble(self, page: int, text: str) -> Trouble | None:
        """What happens to this request, which counts as having happened."""
        for place, trouble in enumerate(self.control.troubles):
            over = trouble.times is not None and self._happened[place] >= trouble.times
            if not over and trouble.concerns(page, text):
                self._happened[place] += 1
                return trouble
        return None
