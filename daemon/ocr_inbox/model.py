"""The values that travel between the modules: documents, jobs, and how the daemon's parts are."""

import os
from dataclasses import dataclass
from enum import Enum, IntEnum

UPLOADS = "uploads"
"""The built-in inbox of what comes over HTTP; somebody waits for each of its documents."""


class PipelineName(str, Enum):
    """The three ways to read a document."""

    TEXT = "text"
    TABLE = "table"
    DOCUMENT = "document"


class JobState(str, Enum):
    """Where a job stands; only the first two can still change by themselves."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    BURIED = "buried"
    SKIPPED = "skipped"


class Priority(IntEnum):
    """Lower goes first; a person who waits goes before a folder, and what is fresh before what lay there for long."""

    INTERACTIVE = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3
    BACKFILL = 4


class Output(str, Enum):
    """What is written for a document; the JSON sidecar always is."""

    JSON = "json"
    MARKDOWN = "markdown"
    CSV = "csv"
    XLSX = "xlsx"
    HOCR = "hocr"
    ALTO = "alto"
    PDF = "pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One version of one file or object: rewritten in place, it is another document."""

    inbox: str
    key: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What changes when a file does: nanoseconds since the epoch, and bytes.

    The change time is in it so that a file moved away and back again counts as a new version.
    """

    modified_ns: int
    changed_ns: int
    size: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Signature":
        """The signature that a file with this status has."""
        return cls(modified_ns=status.st_mtime_ns, changed_ns=status.st_ctime_ns, size=status.st_size)

    @classmethod
    def from_version(cls, version: str) -> "Signature":
        """The signature that `version` was made from; raises ValueError for anything else."""
        modified, changed, size = (int(part, 16) for part in version.split("-"))
        return cls(modified_ns=modified, changed_ns=changed, size=size)

    @property
    def version(self) -> str:
        """The version that documents in folders carry."""
        return f"{self.modified_ns:x}-{self.changed_ns:x}-{self.size:x}"

    def same_content(self, other: "Signature") -> bool:
        """Whether nothing was written between the two, though permissions or the name may have changed."""
        return (self.modified_ns, self.size) == (other.modified_ns, other.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A document as an inbox first saw it; `size` is in bytes."""

    document: Document
    size: int
    by_event: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a rule asks for a document; without a pipeline it is skipped for `reason`.

    `fallback` may read it while the server that the pipeline needs is away.
    """

    pipeline: PipelineName | None
    rule: str
    priority: Priority = Priority.NORMAL
    outputs: tuple[Output, ...] = (Output.JSON,)
    fallback: PipelineName | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A document's way through the ledger; times are seconds since the epoch.

    `attempts` is counted when the job is claimed and is the fence of every later update.
    `sidecar` is where the result lies once it is durable, as the inbox names it. `anew` says that a person asked
    for another reading, whatever lies there. `diverted` is why its fallback claimed it last, where that did.
    """

    id: int
    document: Document
    size: int
    assignment: Assignment
    state: JobState
    attempts: int
    attempts_allowed: int
    not_before: float
    enqueued_at: float
    started_at: float | None = None
    finished_at: float | None = None
    sidecar: str | None = None
    code: str | None = None
    reason: str | None = None
    pages: int | None = None
    pages_done: int = 0
    anew: bool = False
    diverted: str | None = None

    @property
    def read_by(self) -> PipelineName | None:
        """Whose readers claimed it last: those that were asked for, or those of its fallback."""
        return self.assignment.pipeline if self.diverted is None else self.assignment.fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A pipeline whose server is away, and why: what has a fallback is read by that for as long."""

    pipeline: PipelineName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One line of a job's history."""

    at: float
    state: JobState
    attempt: int
    code: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Jobs that are open, and those that came to their end since the daemon started."""

    waiting: int = 0
    running: int = 0
    done: int = 0
    skipped: int = 0
    buried: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why no reader of a pipeline can be opened."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """An inbox of which a person wants nothing to be read for now; `since` is in seconds since the epoch."""

    inbox: str
    since: float
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """An inbox that is away, and why; not before `not_before` one of its documents finds out whether it is back.

    Times are seconds since the epoch.
    """

    inbox: str
    since: float
    not_before: float
    code: str
    reason: str


class DrainScope(str, Enum):
    """What a daemon that is to end reads before: what its readers have in hand, or all that waits and can be read."""

    HAND = "hand"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draining:
    """A person wants the daemon to end; `since` is in seconds since the epoch."""

    scope: DrainScope
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVitals:
    """The server that a pipeline needs: `status` is "running", "not reachable", "unhealthy" or not known yet.

    `problem` is why it is known to be of no use, None where it can be used.
    """

    url: str
    status: str
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineVitals:
    """How a pipeline is: its wire family, whether its readers can take work, and why not if they cannot.

    `loaded` says that an engine is in memory: not every one is before its first document.
    `restarts` counts readers that were replaced after a crash, an overrun or for their memory.
    """

    pipeline: PipelineName
    family: str
    ready: bool
    loaded: bool
    readers: int
    restarts: int
    device: str
    problem: str | None = None
    server: ServerVitals | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxVitals:
    """How an inbox is: "events" or "polling", and why it is paused if it is.

    `found_by_scan` counts new documents that no event had told of, `settling` files that may still be growing,
    `listed` what the scan of a bucket has seen so far, `heard` what others told of objects in it; times are seconds
    since the epoch.
    """

    name: str
    mode: str
    found_by_scan: int
    last_scan_at: float | None
    settling: int = 0
    listed: int = 0
    heard: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingVitals:
    """How a listener is: messages received, objects told of to an inbox, messages deleted, and those left alone.

    `heard_at` is when the server last answered, in seconds since the epoch; `problem` is why it does not.
    """

    name: str
    received: int
    told: int
    not_understood: int
    unwanted: int
    heard_at: float | None
    deleted: int = 0
    problem: str | None = None
