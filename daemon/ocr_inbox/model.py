"""The values that travel between the modules: documents, jobs, readings, pages."""

from dataclasses import dataclass
from enum import Enum, IntEnum


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
    """Lower goes first; a person who waits goes before a folder."""

    INTERACTIVE = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


class Output(str, Enum):
    """What is written for a document; the JSON sidecar always is."""

    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One version of one file or object: rewritten in place, it is another document."""

    inbox: str
    key: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A document as an inbox first saw it; `size` is in bytes."""

    document: Document
    size: int
    by_event: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a rule asks for a document; without a pipeline it is skipped for `reason`."""

    pipeline: PipelineName | None
    rule: str
    priority: Priority = Priority.NORMAL
    outputs: tuple[Output, ...] = (Output.JSON,)
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A document's way through the ledger; times are seconds since the epoch.

    `attempts` is counted when the job is claimed and is the fence of every later update.
    `sidecar` is where the result lies once it is durable, as the inbox names it.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One line of a job's history."""

    at: float
    state: JobState
    attempt: int
    code: str | None
    reason: str | None


Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One line of text: four corners clockwise from its top left, pixels of the upright page."""

    text: str
    score: float
    polygon: tuple[Point, Point, Point, Point]

    @property
    def bbox(self) -> Box:
        """The upright rectangle around the polygon: x1, y1, x2, y2."""
        xs, ys = [x for x, _ in self.polygon], [y for _, y in self.polygon]
        return min(xs), min(ys), max(xs), max(ys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as it was read; `index` counts from 0, width and height are pixels."""

    index: int
    width: int
    height: int
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds spent on a window: decoding, and inside the engine."""

    preprocess: float
    inference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What read a page: enough to read it the same way again.

    `family` is the word the wire calls the pipeline by, such as "ocrv5".
    `config_digest` is a hash over every setting that changes what is read.
    """

    family: str
    paddleocr: str
    paddlex: str
    runtime: str
    device: str
    models: tuple[str, ...]
    config_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A run of pages for a reader: where the bytes lie, and what is already known of them.

    `location` is an absolute path below `root`, which no symbolic link may leave.
    `known_sha256` is what an existing sidecar of the same configuration was made from.
    """

    root: str
    location: str
    first_page: int = 0
    page_count: int = 1
    known_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader made of a window; `page_total` counts the whole document's pages."""

    sha256: str
    media_type: str
    size: int
    page_total: int
    pages: tuple[Page, ...]
    engine: Engine
    timing: Timing
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyRead:
    """The bytes are those that the existing sidecar was made from: there is nothing to read."""

    sha256: str
