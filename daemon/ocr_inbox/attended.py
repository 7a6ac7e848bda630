"""Inboxes and readers for those whose signs of life count: each call says whom it waits for."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Event

from ocr_inbox.model import Arrival, Document, Output
from ocr_inbox.ports import Inbox, Outcome, Readers
from ocr_inbox.pulse import AS_LONG_AS_IT_TAKES, Pulse
from ocr_inbox.reading import Deliverable, Source, Window

_ANSWER_SECONDS = 120.0
"""An inbox that needs longer hangs, or is so slow that somebody should know."""


@dataclass(frozen=True, slots=True)
class AttendedInbox:
    """Keeps the promise of `ports.Inbox`; what takes too long is the inbox's fault."""

    inbox: Inbox
    pulse: Pulse

    @property
    def name(self) -> str:
        """Keep the promise of `ports.Inbox`."""
        return self.inbox.name

    def arrivals(self, stop: Event) -> Iterator[Sequence[Arrival]]:
        """Keep the promise of `ports.Inbox`; whoever takes them attends to it."""
        return self.inbox.arrivals(stop)

    def uri(self, document: Document) -> str:
        """Keep the promise of `ports.Inbox`."""
        return self.inbox.uri(document)

    def sidecar_uri(self, document: Document) -> str:
        """Keep the promise of `ports.Inbox`."""
        return self.inbox.sidecar_uri(document)

    def figures_link(self, document: Document) -> str:
        """Keep the promise of `ports.Inbox`."""
        return self.inbox.figures_link(document)

    def figure(self, document: Document, name: str) -> bytes | None:
        """Keep the promise of `ports.Inbox`."""
        with self._asked():
            return self.inbox.figure(document, name)

    def locate(self, document: Document) -> Source:
        """Keep the promise of `ports.Inbox`."""
        with self._asked():
            return self.inbox.locate(document)

    def delivered(self, document: Document, output: Output) -> bytes | None:
        """Keep the promise of `ports.Inbox`."""
        with self._asked():
            return self.inbox.delivered(document, output)

    def deliver(self, document: Document, deliverables: Sequence[Deliverable]) -> str:
        """Keep the promise of `ports.Inbox`."""
        with self._asked():
            return self.inbox.deliver(document, deliverables)

    def archive(self, document: Document) -> None:
        """Keep the promise of `ports.Inbox`."""
        with self._asked():
            self.inbox.archive(document)

    def reject(self, document: Document) -> None:
        """Keep the promise of `ports.Inbox`."""
        with self._asked():
            self.inbox.reject(document)

    def _asked(self) -> AbstractContextManager[None]:
        return self.pulse.within(_ANSWER_SECONDS, whom=self.inbox.name)


@dataclass(frozen=True, slots=True)
class AttendedReaders:
    """Keeps the promise of `ports.Readers`; how long a reader takes, and who has it, is watched there."""

    readers: Readers
    pulse: Pulse

    def open(self) -> None:
        """Keep the promise of `ports.Readers`."""
        with self.pulse.within(AS_LONG_AS_IT_TAKES):
            self.readers.open()

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        """Keep the promise of `ports.Readers`."""
        with self.pulse.within(AS_LONG_AS_IT_TAKES):
            return self.readers.read(batch)
