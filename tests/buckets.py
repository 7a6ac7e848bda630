"""Bucket inboxes for tests, in real stores and with short patience, and lanes that serve them."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from PIL import Image

from audience import running
from builders import a_page, an_engine
from lanes import PATIENCE
from ledgers import TEXT
from listening import arrival_of
from ocr_inbox.dispatch import Habits, Lane
from ocr_inbox.intake import Intake
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Document, Job, JobState, Output
from ocr_inbox.objects import Store as StoreSettings
from ocr_inbox.ports import Outcome
from ocr_inbox.reader import LoadedReader
from ocr_inbox.reading import Deliverable, Engine, Limits, Page, Window
from ocr_inbox.routing import Rule
from ocr_inbox.s3 import BucketInbox, BucketOptions, Place
from ocr_inbox.s3 import store as connecting
from ocr_inbox.windows import Pace
from pages import encoded
from running import eventually
from stores import Store

KEY = "in/scan.png"
JSON = Deliverable(output=Output.JSON, content=b'{"status": "ok"}\n')
ENDED = (JobState.DONE, JobState.BURIED, JobState.SKIPPED)


def a_bucket_inbox(
    store: StoreSettings,
    bucket: str,
    *,
    name: str = "scans",
    prefix: str = "in/",
    after: Literal["leave", "tag", "archive", "delete"] = "leave",
    after_failure: Literal["leave", "tag", "move"] = "leave",
    reconcile_seconds: float = 60.0,
    sidecars: Place | None = None,
    archive: Place | None = None,
    not_before: float = 0.0,
) -> BucketInbox:
    options = BucketOptions(
        name=name,
        store=store,
        bucket=bucket,
        prefix=prefix,
        reconcile_seconds=reconcile_seconds,
        not_before=not_before,
        sidecars=sidecars,
        after=after,
        archive=archive or Place(bucket=bucket, prefix=f"{prefix}archive/"),
        after_failure=after_failure,
        failed=Place(bucket=bucket, prefix=f"{prefix}failed/"),
    )
    return BucketInbox(options, time.time)


def a_document(inbox: BucketInbox) -> Document:
    """What lies at `KEY`."""
    return arrival_of(inbox, "scan.png").document


def a_scan(number: int = 0) -> bytes:
    """A small image; another one for each number."""
    return encoded(Image.new("RGB", (40, 40), (number % 256, number // 256, 77)))


def requests_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What every connection that is made from now on asks of its store, by boto3's names, without repetitions."""
    asked: list[str] = []
    make = connecting._client

    def listened_to(*arguments: Any) -> Any:
        client = make(*arguments)
        client.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
        return client

    monkeypatch.setattr(connecting, "_client", listened_to)
    return asked


@dataclass
class CountingEngine:
    """Reads every page as the same line, and remembers how many."""

    read_so_far: int = 0

    def describe(self) -> Engine:
        return an_engine()

    def read(self, index: int, pixels: object) -> Page:  # noqa: ARG002 - every page is as good as another
        self.read_so_far += 1
        return a_page("Invoice 2041", index=index)


@dataclass
class LoadedReaders:
    """What happens inside a reader process, without the process; keeps the promise of `ports.Readers`."""

    limits: Limits = field(default_factory=Limits)
    engine: CountingEngine = field(default_factory=CountingEngine)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.reader = LoadedReader(engine=self.engine, limits=self.limits)

    def open(self) -> None:
        """It is."""

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        with self.turn:
            return self.reader.read(batch)


@dataclass
class BucketSite:
    """A bucket that people upload to, its inbox, and the ledger and the lane of one daemon."""

    store: Store
    inbox: BucketInbox
    ledger: Ledger
    readers: LoadedReaders = field(default_factory=LoadedReaders)
    told: list[Job] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger.clock = time.time  # a store takes its time
        self.ledger.heard.append(self.told.append)

    @contextmanager
    def working(self) -> Iterator[None]:
        """What arrives is read meanwhile, as a daemon does it."""
        with ExitStack() as stack:
            intake = Intake(self.inbox, [Rule(match="**", pipeline=TEXT)], self.ledger, retry_seconds=0.1)
            for loop in (intake, self._lane()):
                stack.enter_context(running(loop))
            yield
            stack.callback(self.ledger.bell.ring)

    def _lane(self) -> Lane:
        habits = Habits(
            pipeline=TEXT, digest=lambda _: "c0ffee", patience=PATIENCE, pace=Pace(window_pages=4, abreast=1), hands=2
        )
        return Lane(
            name="lane",
            habits=habits,
            ledger=self.ledger,
            inboxes={self.inbox.name: self.inbox},
            readers=self.readers,
            clock=time.time,
        )

    def ended(self) -> list[Job]:
        return [job for job in self.told if job.state in ENDED]

    def until(self, count: int, seconds: float = 60.0) -> list[Job]:
        """Wait until so many jobs have come to their end, and say which."""
        eventually(lambda: len(self.ended()) >= count, seconds)
        return self.ended()

    def until_one_waits(self, times: int = 1) -> Job:
        """A job that was put off so often, waiting for the world."""
        return eventually(lambda: [job for job in self.told if job.state is JobState.WAITING][times - 1 :], 60)[0]


def sidecar_in(store: Store, key: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(store.get(key + ".ocr.json"))
    return content


def assert_read(store: Store, contents: dict[str, bytes]) -> None:
    """Each of these objects has one sidecar, which is its own."""
    keys = {key for key in store.keys("") if key.endswith(".ocr.json")}
    assert keys == {f"{key}.ocr.json" for key in contents}
    for key, content in contents.items():
        assert sidecar_in(store, key)["source"]["sha256"] == hashlib.sha256(content).hexdigest()


def description_of(store: Store, key: str) -> Any:
    """What the store says of an object."""
    return store.client().head_object(Bucket=store.bucket, Key=key)


def tags_of(store: Store, key: str) -> dict[str, str]:
    found = store.client().get_object_tagging(Bucket=store.bucket, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}
