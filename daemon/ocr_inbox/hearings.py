"""Who tells the buckets of new objects, and which of them is told what."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from ocr_inbox.hearing.minio import MinioListener, StreamOptions
from ocr_inbox.hearing.sqs import SqsListener
from ocr_inbox.hearing.webhook import Webhook
from ocr_inbox.model import HearingVitals
from ocr_inbox.objects import DEFAULT_REGION, ObjectName
from ocr_inbox.options import store_of
from ocr_inbox.ports import WatchedInbox
from ocr_inbox.s3 import BucketInbox, Connection
from ocr_inbox.settings import BucketSettings, Settings


@dataclass(frozen=True, slots=True)
class Switchboard:
    """Passes hints on to the inboxes that they concern."""

    inboxes: Sequence[BucketInbox]

    def tell(self, names: Sequence[ObjectName], acknowledge: Callable[[], None]) -> bool:
        """Whether it was taken: then `acknowledge` is called once, when all that is new is noted.

        False where it concerns no inbox, or one of them has too much to look at already.
        """
        concerned = [(inbox, [name for name in names if inbox.concerns(name)]) for inbox in self.inboxes]
        concerned = [(inbox, theirs) for inbox, theirs in concerned if theirs]
        countdown = Countdown(acknowledge, len(concerned))
        return bool(concerned) and all(inbox.hear(theirs, countdown.step) for inbox, theirs in concerned)


@dataclass
class Countdown:
    """Calls `done` after so many steps."""

    done: Callable[[], None]
    steps: int
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self) -> None:
        """One step less; from any thread."""
        with self._lock:
            self.steps -= 1
            last = self.steps == 0
        if last:
            self.done()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """All who listen: in loops of their own, and to what is posted."""

    listeners: Sequence[SqsListener | MinioListener]
    webhook: Webhook
    posted_to: bool

    def vitals(self) -> list[HearingVitals]:
        """How they are."""
        return [it.vitals() for it in self.listeners] + ([self.webhook.vitals()] if self.posted_to else [])


def ears(settings: Settings, inboxes: Sequence[WatchedInbox]) -> Ears:
    """Those that the configuration asks for, who tell the buckets among these inboxes."""
    switchboard = Switchboard([inbox for inbox in inboxes if isinstance(inbox, BucketInbox)])
    return Ears(
        listeners=tuple(_listeners(settings, switchboard)),
        webhook=Webhook(switchboard.tell, time.time),
        posted_to=settings.api.event_key_file is not None,
    )


def _listeners(settings: Settings, switchboard: Switchboard) -> Iterator[SqsListener | MinioListener]:
    """One for each queue, however many inboxes share it, and one for each stream."""
    queues: set[str] = set()
    for bucket in settings.buckets:
        if bucket.sqs_url is not None and bucket.sqs_url not in queues:
            queues.add(bucket.sqs_url)
            yield _queue(settings, bucket, bucket.sqs_url, switchboard)
        elif bucket.events == "minio":
            yield _stream(settings, bucket, switchboard)


def _queue(settings: Settings, bucket: BucketSettings, url: str, switchboard: Switchboard) -> SqsListener:
    connection = Connection(store_of(settings, bucket))
    return SqsListener(f"sqs-{bucket.name}", url, partial(connection.client, "sqs"), switchboard.tell, time.time)


def _stream(settings: Settings, bucket: BucketSettings, switchboard: Switchboard) -> MinioListener:
    store = store_of(settings, bucket)
    options = StreamOptions(
        name=f"minio-{bucket.name}",
        endpoint_url=store.endpoint_url or "",
        region=store.region or DEFAULT_REGION,
        bucket=bucket.bucket,
        prefix=bucket.prefix,
        ca_file=store.ca_file,
        verify_tls=store.verify_tls,
    )
    return MinioListener(options, Connection(store).credentials, switchboard.tell, time.time)
