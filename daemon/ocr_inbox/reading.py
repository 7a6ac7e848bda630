"""The values of reading: windows of pages, what stands on them, and what is left for a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from ocr_inbox.model import Output, Signature
from ocr_inbox.objects import ObjectSource

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
class LayoutBox:
    """A part of a page that layout detection found; `label` is the model's word, such as "paragraph_title"."""

    label: str
    score: float
    bbox: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table; rows and columns count from 0, `bbox` is None where the model does not give it."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str
    bbox: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as HTML and as its cells."""

    html: str
    bbox: Box
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A formula as LaTeX."""

    latex: str
    bbox: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of a page in reading order: `order` counts what is read, None is what stands aside."""

    label: str
    order_label: str | None
    bbox: Box
    content: str
    lines: int
    index: int
    order: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture on a page, as the bytes of a JPEG file; `name` is made of them, so that it means no other picture."""

    name: str
    content: bytes

    __pydantic_config__: ClassVar[Mapping[str, str]] = {"ser_json_bytes": "base64", "val_json_bytes": "base64"}
    """Checkpoints are JSON, which has no bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as it was read; `index` counts from 0, width and height are pixels.

    PP-OCR finds regions; PP-StructureV3 layout, tables, formulas, blocks and markdown; PaddleOCR-VL tables, blocks
    and markdown, which refers to its figures by their names. Of an `embedded` page the regions are the text that its
    PDF carries: it was not drawn, and no engine has seen it. `network_seconds` of its reading a server was at work.
    """

    index: int
    width: int
    height: int
    regions: tuple[Region, ...] = ()
    layout: tuple[LayoutBox, ...] = ()
    tables: tuple[Table, ...] = ()
    formulas: tuple[Formula, ...] = ()
    blocks: tuple[Block, ...] = ()
    markdown: str | None = None
    figures: tuple[Figure, ...] = ()
    embedded: bool = False
    network_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds spent on a window: decoding, and inside the engine."""

    preprocess: float
    inference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFailure:
    """A page that could not be read while others of its document could."""

    index: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What read a page: `family` is the word the wire calls the pipeline by, such as "ocrv5"."""

    family: str
    paddleocr: str
    paddlex: str
    runtime: str
    device: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """Where a reader finds the bytes of a file: `path` is relative to `root`, and no link is followed below it.

    `signature` is that of the version to read.
    """

    root: str
    path: str
    signature: Signature

    @property
    def size(self) -> int:
        """In bytes."""
        return self.signature.size

    @property
    def fetch_seconds(self) -> float:
        """How long a reader may take to get it, beside reading it."""
        return 0.0


Source = FileSource | ObjectSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A run of pages for a reader; page_count is at most how many it reads.

    `known_sha256` is what an existing sidecar of the same configuration was made from. With `text` nothing is read:
    these pages were, and are wanted as a searchable PDF. Pages bring their figures only where `figures` asks for them:
    they are large.
    """

    source: Source
    first_page: int
    page_count: int
    known_sha256: str | None = None
    text: tuple[Page, ...] = ()
    figures: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader made of a window; `page_total` counts the document's pages, `size` its bytes."""

    sha256: str
    media_type: str
    size: int
    page_total: int
    pages: tuple[Page, ...]
    engine: Engine
    timing: Timing
    failed: tuple[PageFailure, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def joined(cls, windows: Sequence["Reading"]) -> "Reading":
        """The windows of one document, in order, as one reading."""
        return replace(
            windows[0],
            pages=tuple(page for window in windows for page in window.pages),
            failed=tuple(page for window in windows for page in window.failed),
            timing=Timing(
                preprocess=sum(window.timing.preprocess for window in windows),
                inference=sum(window.timing.inference for window in windows),
            ),
            warnings=tuple(dict.fromkeys(warning for window in windows for warning in window.warnings)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyRead:
    """The bytes are those that the existing sidecar was made from: there is nothing to read."""

    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A document as a searchable PDF, made from bytes with this sha256."""

    sha256: str
    pdf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverable:
    """One file to leave for a document, and the figures that it refers to, which have to be there before it."""

    output: Output
    content: bytes
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a document a reader takes on.

    `max_bytes`: an A3 colour scan at 600 dpi has 209 MB uncompressed, and a file is held in memory whole.
    `max_pixels` of one page: the same scan has 70 million; 100 million take 700 MB while they are decoded,
    4 bytes each inside Pillow and 3 in the result, and twice that in the rare TIFF of floating-point numbers.
    `max_pages`: far above any letter or report, far below what would hold a queue up for hours.
    `pdf_dpi`: at 200 dots per inch 6-point print is 17 pixels high; the text models read lines of 48 pixels
    and detect them down to about 10. Scans in a PDF carry no more detail than they were made with.
    """

    max_bytes: int = 256 * 2**20
    max_pixels: int = 100_000_000
    max_pages: int = 2_000
    pdf_dpi: int = 200
