"""A lane with a real ledger, a real folder and readers that do as they are told."""

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from typing_extensions import Self

from builders import a_page, a_reading
from folders import a_folder_inbox, document_at, put
from ledgers import TEXT, Clock
from ocr_inbox.dispatch import Habits, Lane
from ocr_inbox.errors import OcrInboxError
from ocr_inbox.files import read_source
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Absence, Arrival, Assignment, Job, Output
from ocr_inbox.ports import Inbox, Outcome
from ocr_inbox.reading import AlreadyRead, Bound, Window
from ocr_inbox.retrying import Patience
from ocr_inbox.windows import Pace

BOTH = (Output.JSON, Output.MARKDOWN)
PATIENCE = Patience(attempts=3, first_delay=5.0, longest_delay=60.0, put_off_delay=0.05)


@dataclass
class ScriptedReaders:
    """Reads a file that says "9 pages" as nine pages, and first fails as often as its script says."""

    script: dict[str, list[OcrInboxError | Callable[[Window], Outcome | None]]] = field(default_factory=dict)
    obstacles: list[OcrInboxError] = field(default_factory=list)
    asked: list[Window] = field(default_factory=list)

    def open(self) -> None:
        if self.obstacles:
            raise self.obstacles.pop(0)

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        self.asked.extend(batch)
        return [self._outcome(window) for window in batch]

    def _outcome(self, window: Window) -> Outcome:
        steps = self.script.get(window.source.path, [])
        step = steps.pop(0) if steps else None
        outcome = step(window) if callable(step) else step
        try:
            return outcome or read_as_told(window)
        except OcrInboxError as error:
            return error


def read_as_told(window: Window) -> Outcome:
    content = read_source(window.source, 1 << 20)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 == window.known_sha256:
        return AlreadyRead(sha256=sha256)
    if window.text:
        return Bound(sha256=sha256, pdf=b"%PDF-1.7")
    total = int(content.split()[0]) if content.endswith(b"pages") else 1
    indexes = range(window.first_page, min(total, window.first_page + window.page_count))
    pages = tuple(a_page(f"page {index}", index=index) for index in indexes)
    return replace(a_reading(pages=pages), sha256=sha256, size=len(content), page_total=total)


@dataclass
class Site:
    """An inbox folder, the ledger, and the lane between them."""

    root: Path
    inbox: Inbox
    ledger: Ledger
    clock: Clock
    readers: ScriptedReaders = field(default_factory=ScriptedReaders)
    batch: int = 1
    abreast: int = 1
    hands: int = 1
    config_digest: str = "c0ffee"
    inbox_name: str = "scans"
    eager: bool = True
    absence: Absence | None = None

    def archiving(self) -> Self:
        """What was read is moved to the folder `archive` beside the inbox, what was buried to `failed`."""
        beside = self.root.parent
        self.inbox = a_folder_inbox(
            self.root, after="archive", after_failure="move", archive=beside / "archive", failed=beside / "failed"
        )
        return self

    def drop(self, *keys: str, content: bytes = b"pixels", outputs: tuple[Output, ...] = (Output.JSON,)) -> list[Job]:
        """Put files there and note them."""
        for key in keys:
            put(self.root, key, content)
        return self.note(*keys, outputs=outputs)

    def note(self, *keys: str, outputs: tuple[Output, ...] = (Output.JSON,)) -> list[Job]:
        """Note files that are there."""
        arrivals = [Arrival(document=document_at(self.root, key), size=1) for key in keys]
        assignment = Assignment(pipeline=TEXT, rule="**", outputs=outputs)
        return self.ledger.enqueue([(arrival, assignment) for arrival in arrivals])

    def serve(self, outcomes: int = 1) -> list[Job]:
        """Run the lane until the ledger has told of so many jobs that ended or wait again."""
        stop, heard = threading.Event(), list[Job]()

        def hear(job: Job) -> None:
            heard.append(job)
            if len(heard) >= outcomes:
                stop.set()
                self.ledger.bell.ring()

        self.ledger.heard.append(hear)
        self.lane().run(stop)
        self.ledger.heard.remove(hear)
        return heard

    def lane(self) -> Lane:
        return Lane(
            name="lane",
            habits=Habits(
                pipeline=TEXT,
                digest=lambda _: self.config_digest,
                patience=PATIENCE,
                pace=Pace(window_pages=4, abreast=self.abreast),
                batch=self.batch,
                hands=self.hands,
                eager=self.eager,
            ),
            ledger=self.ledger,
            inboxes={self.inbox_name: self.inbox},
            readers=self.readers,
            clock=self.clock,
            absence=lambda: self.absence,
        )

    def sidecar(self, key: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.root / f"{key}.ocr.json").read_bytes())
        return content
