"""An inbox that is a bucket, keeping the promises of `ports.Inbox`."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ocr_inbox.errors import InboxAwayError, InboxUnavailableError, SourceChangedError, SourceGoneError
from ocr_inbox.figures import is_name
from ocr_inbox.model import Arrival, Document, InboxVitals, Output
from ocr_inbox.objects import ObjectName, ObjectSource
from ocr_inbox.ports import Clock
from ocr_inbox.reading import Deliverable
from ocr_inbox.s3 import figures, removal
from ocr_inbox.s3.delivery import Delivery, fetched
from ocr_inbox.s3.ground import Ground, sidecar_of, stamp_of
from ocr_inbox.s3.habits import Abilities, probe
from ocr_inbox.s3.listing import demand_version
from ocr_inbox.s3.lookout import Lookout
from ocr_inbox.s3.options import BucketOptions
from ocr_inbox.s3.refusals import common, named
from ocr_inbox.s3.store import Connection


class BucketInbox:
    """Remembers its connection, and what its store can do; every method may be called from any thread."""

    def __init__(self, options: BucketOptions, clock: Clock) -> None:
        """Nobody is asked anything before `arrivals` is called, or a document is dealt with."""
        self._options = options
        self._ground = Ground(options)
        self._connection = Connection(options.store)
        self._lookout = Lookout(options, self._connection, clock)
        self._abilities: Abilities | None = None
        self._probing = threading.Lock()
        self._heard = 0

    @property
    def name(self) -> str:
        """Keep the promise of `ports.Inbox`."""
        return self._options.name

    def arrivals(self, stop: threading.Event) -> Iterator[Sequence[Arrival]]:
        """Keep the promise of `ports.Inbox`, in batches of at most 1,000; `stop` ends it whatever hangs."""
        return self._lookout.batches(stop)

    def concerns(self, name: ObjectName) -> bool:
        """Whether an object lies in the part of a bucket that is watched, be it a document or not."""
        return self._ground.covers(name)

    def hear(self, names: Sequence[ObjectName], acknowledge: Callable[[], None]) -> bool:
        """Take a hint that these objects are new; `acknowledge` is called once those are noted that are documents.

        False where too much was told already; it is never called then.
        """
        self._heard += len(names)
        documents = [name for name in names if self._ground.holds(name, 1)]
        if documents:
            return self._lookout.hearsay.tell(documents, acknowledge)
        acknowledge()
        return True

    def rescan(self) -> None:
        """List everything soon; for any thread and for signal handlers."""
        self._lookout.hearsay.demand_scan()

    def vitals(self) -> InboxVitals:
        """How it is; `found_by_scan` is 0, because only the ledger knows what was new."""
        return replace(self._lookout.vitals(), heard=self._heard)

    def uri(self, document: Document) -> str:
        """Keep the promise of `ports.Inbox`: s3://bucket/key, percent-encoded."""
        return _uri(self._ground.object_of(document))

    def sidecar_uri(self, document: Document) -> str:
        """Keep the promise of `ports.Inbox`."""
        return _uri(self._ground.output(document, Output.JSON))

    def locate(self, document: Document) -> ObjectSource:
        """Keep the promise of `ports.Inbox`; raises AccessDeniedError also where no sidecar could be left."""
        name, stamp = self._ground.object_of(document), stamp_of(document)
        self._demand_abilities()
        client = self._connection.client()
        try:
            with _told_apart(client, name):
                demand_version(client, name, stamp)
        except SourceChangedError:
            # What it is now is looked up: there are stores whose listing never tells of the version that they serve.
            self._lookout.hearsay.tell([name], lambda: None)
            raise
        return ObjectSource(store=self._options.store, name=name, etag=stamp.etag, size=stamp.size)

    def delivered(self, document: Document, output: Output) -> bytes | None:
        """Keep the promise of `ports.Inbox`."""
        return fetched(self._connection.client(), self._ground.output(document, output))

    def figure(self, document: Document, name: str) -> bytes | None:
        """Keep the promise of `ports.Inbox`."""
        if not is_name(name):
            return None
        folder = self._ground.figures(document)
        return fetched(self._connection.client(), replace(folder, key=folder.key + name))

    def figures_link(self, document: Document) -> str:
        """Keep the promise of `ports.Inbox`."""
        return quote(self._ground.figures(document).key.split("/")[-2])

    def deliver(self, document: Document, deliverables: Sequence[Deliverable]) -> str:
        """Keep the promise of `ports.Inbox`, in the order given, the JSON only while the source is unchanged."""
        source, stamp = self._ground.object_of(document), stamp_of(document)
        client, abilities = self._connection.client(), self._demand_abilities()
        delivery = Delivery(client=client, source=source, stamp=stamp, abilities=abilities)
        if len(deliverables) > 1:
            delivery.demand_source()
        for deliverable in deliverables:
            target = self._ground.output(document, deliverable.output)
            if deliverable.output is Output.JSON:
                delivery.put_last(target, deliverable)
            else:
                self._leave(delivery, document, target, deliverable)
        return self.sidecar_uri(document)

    def _leave(self, delivery: Delivery, document: Document, target: ObjectName, deliverable: Deliverable) -> None:
        folder = self._ground.figures(document)
        figures.write(delivery.client, folder, deliverable.figures)
        delivery.put(target, deliverable)
        if deliverable.output is Output.MARKDOWN:
            figures.sweep(delivery.client, folder, {figure.name for figure in deliverable.figures})

    def archive(self, document: Document) -> None:
        """Keep the promise of `ports.Inbox`; the sidecar stays where it was delivered."""
        name, stamp = self._ground.object_of(document), stamp_of(document)
        client = self._connection.client()
        with suppress(SourceGoneError):
            if self._options.after == "tag":
                removal.tag(client, name, stamp, "done")
            elif self._options.after == "delete":
                removal.delete(client, name, stamp, self._demand_abilities())
            elif self._options.after == "archive":
                removal.copied(client, name, stamp, self._ground.copies(document, self._options.archive))
                removal.delete(client, name, stamp, self._demand_abilities())

    def reject(self, document: Document) -> None:
        """Keep the promise of `ports.Inbox`; the sidecar that says why goes along."""
        name, stamp = self._ground.object_of(document), stamp_of(document)
        client = self._connection.client()
        with suppress(SourceGoneError):
            if self._options.after_failure == "tag":
                removal.tag(client, name, stamp, "failed")
            elif self._options.after_failure == "move":
                moved = removal.copied(client, name, stamp, self._ground.copies(document, self._options.failed))
                if self._options.sidecars is None:
                    removal.carry(client, self._ground.output(document, Output.JSON), sidecar_of(moved))
                removal.delete(client, name, stamp, self._demand_abilities())

    def _demand_abilities(self) -> Abilities:
        with self._probing:
            if self._abilities is None:
                with common():
                    self._abilities = probe(self._connection.client(), self._options.sidecar_place, self._options.name)
            return self._abilities


@contextmanager
def _told_apart(client: Any, name: ObjectName) -> Iterator[None]:
    """A HEAD is refused without a reason: a listing says whether that concerns just this object."""
    try:
        yield
    except InboxAwayError:
        raise
    except InboxUnavailableError:
        with common(), named(f"list bucket {name.bucket}"):
            client.list_objects_v2(Bucket=name.bucket, Prefix=name.key, MaxKeys=1)
        raise


def _uri(name: ObjectName) -> str:
    return f"s3://{name.bucket}/{quote(name.key)}"
