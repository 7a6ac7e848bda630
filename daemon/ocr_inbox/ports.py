"""The promises between the loops and the world, each kept by at least two real things."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ocr_inbox.errors import OcrInboxError
from ocr_inbox.model import Arrival, Document, HearingVitals, InboxVitals, Output, PipelineVitals
from ocr_inbox.objects import ObjectName
from ocr_inbox.pulse import Pulse
from ocr_inbox.reading import AlreadyRead, Bound, Deliverable, Reading, Source, Window

Clock = Callable[[], float]
"""Seconds since the epoch."""

Outcome = Reading | AlreadyRead | Bound | OcrInboxError
"""What became of a window; a failure is a value here, so that one never takes its batch along."""

Tell = Callable[[Sequence[ObjectName], Callable[[], None]], bool]
"""Whether somebody wants these objects looked up: then what is given with them is called once, later, by any thread."""


class Inbox(Protocol):
    """A place where documents arrive. Doing anything here twice is doing it once.

    Every method may raise InboxUnavailableError, which uses up no attempt.
    """

    @property
    def name(self) -> str:
        """The name that jobs, rules and metrics know this inbox by."""
        ...

    def arrivals(self, stop: threading.Event) -> Iterator[Sequence[Arrival]]:
        """Batches of documents that are complete, until `stop` is set.

        Asking for the next batch acknowledges the one before: until then it may be handed out again. Empty ones come
        at least every few seconds, so that whoever asks in vain for longer knows that the world hangs.
        A document that was handed out before may be handed out again at any time.
        """
        ...

    def uri(self, document: Document) -> str:
        """Where the document lies, for people and sidecars."""
        ...

    def locate(self, document: Document) -> Source:
        """Where a reader finds the bytes.

        Raises SourceGoneError, or SourceChangedError where another version is in its place.
        """
        ...

    def delivered(self, document: Document, output: Output) -> bytes | None:
        """What lies there now under the name of this document's output, whoever wrote it."""
        ...

    def figure(self, document: Document, name: str) -> bytes | None:
        """The figure of this name that was delivered with this document's markdown, if it is still there."""
        ...

    def figures_link(self, document: Document) -> str:
        """How this document's markdown refers to the place of its figures: relative, percent-encoded."""
        ...

    def sidecar_uri(self, document: Document) -> str:
        """Where the JSON sidecar of this document lies, or will."""
        ...

    def deliver(self, document: Document, deliverables: Sequence[Deliverable]) -> str:
        """Leave the files durably in the order given, each whole or not at all, and name where the JSON sidecar is.

        Figures are there, in a place of their own that never arrives, before the file that refers to them; once it is
        there, those of an earlier one go.

        Raises SourceChangedError where the source is no longer the version that was read.
        """
        ...

    def archive(self, document: Document) -> None:
        """Take the source out of the way as configured; it was read. Another version is left alone."""
        ...

    def reject(self, document: Document) -> None:
        """Take the source out of the way as configured; it was buried. Another version is left alone."""
        ...


class WatchedInbox(Inbox, Protocol):
    """An inbox whose `arrivals` somebody takes."""

    def rescan(self) -> None:
        """Everything is looked through soon; for any thread and for signal handlers."""
        ...

    def vitals(self) -> InboxVitals:
        """How it is; `found_by_scan` is 0, because only the ledger knows what was new."""
        ...


class Readers(Protocol):
    """Reader processes of one pipeline."""

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        """One outcome for each window, in order; blocks until a reader is free and done.

        A crash or an overrun costs only the window that caused it: the rest of its batch is read again.
        Raises PipelineUnavailableError where no reader can be started, StoppingError once they are closed.
        """
        ...

    def open(self) -> None:
        """Make sure that a free reader stands ready; raises as `read` does."""
        ...


class Loop(Protocol):
    """Something that runs in a thread of its own until it is told to stop."""

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        ...

    @property
    def pulse(self) -> Pulse:
        """The signs of life of its threads."""
        ...

    def run(self, stop: threading.Event) -> None:
        """Return soon after `stop` is set; an exception ends the whole daemon."""
        ...


class Vitals(Protocol):
    """How the parts of the daemon are, for those who ask from outside."""

    def pipelines(self) -> Sequence[PipelineVitals]:
        """The pipelines that are configured."""
        ...

    def inboxes(self) -> Sequence[InboxVitals]:
        """The inboxes that are configured."""
        ...

    def hearing(self) -> Sequence[HearingVitals]:
        """Those who listen for new objects in buckets."""
        ...
