"""From the settings of each pipeline to its readers and its habits."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ocr_inbox.dispatch import Habits
from ocr_inbox.model import Output, PipelineName
from ocr_inbox.processes import Care, OpenEngine, ProcessReaders
from ocr_inbox.reader import open_document_reader, open_table_reader, open_text_reader
from ocr_inbox.reading import Limits
from ocr_inbox.retrying import Patience
from ocr_inbox.settings import ReaderSettings, Settings
from ocr_inbox.sidecar import SCHEMA_VERSION
from ocr_inbox.windows import Pace

if TYPE_CHECKING:
    from ocr_inbox.paddle.document import DocumentOptions
    from ocr_inbox.paddle.table import TableOptions
    from ocr_inbox.paddle.text import TextOptions

PRELOAD = "ocr_inbox.preload"
_READER_BYTES = 3584 << 20
"""What one reader of the default models may need: 1.3 GB for A4 pages at 150 dpi were measured, 3.2 at 300 dpi."""


_DOCUMENT_READERS = 2
"""Readers that wait for the VL server need no cores of their own: while one decodes, the other's page is read."""
_SHARE_OF_SERVER = 0.9
"""Of the time for a page: the server's silence is noticed before the reader would be killed for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VlServer:
    """The server that a pipeline needs, the model that it must serve, and how often it is looked at."""

    url: str
    model: str
    look_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One pipeline as it is configured: `family` is the wire's word for it, `models` are the bundled ones it needs."""

    family: str
    models: tuple[str, ...]
    open_engine: OpenEngine
    readers: int
    care: Care
    habits: Habits
    server: VlServer | None = None

    @property
    def pipeline(self) -> PipelineName:
        """Which pipeline this is."""
        return self.habits.pipeline

    def process_readers(self, count: int | None = None) -> ProcessReaders:
        """The reader processes, not yet started."""
        return ProcessReaders(open_engine=self.open_engine, count=count or self.readers, care=self.care)


def plans(settings: Settings) -> tuple[Plan, ...]:
    """The pipelines that are switched on."""
    # What paddlex keeps and fetches lies beside our models, not in a folder of its own in the user's home.
    os.environ.setdefault("PADDLE_PDX_CACHE_HOME", str(settings.models.cache.parent / "paddlex"))
    pipelines = settings.pipelines
    return tuple(
        plan(settings)
        for section, plan in (
            (pipelines.text, text_plan),
            (pipelines.table, table_plan),
            (pipelines.document, document_plan),
        )
        if section.enabled
    )


def text_plan(settings: Settings) -> Plan:
    """PP-OCR."""
    options, readers = text_options(settings), _reader_count(settings.pipelines.text)
    return Plan(
        family="ocr" + options.family.removeprefix("PP-OCR"),
        models=options.model_names() if options.models else (),
        open_engine=partial(open_text_reader, options, limits(settings)),
        readers=readers,
        care=_care(settings.pipelines.text),
        habits=_habits(settings, PipelineName.TEXT, settings.pipelines.text, options, readers),
    )


def table_plan(settings: Settings) -> Plan:
    """PP-StructureV3."""
    options, readers = table_options(settings), _reader_count(settings.pipelines.table)
    return Plan(
        family="structure",
        models=options.model_names(),
        open_engine=partial(open_table_reader, options, limits(settings)),
        readers=readers,
        care=_care(settings.pipelines.table),
        habits=_habits(settings, PipelineName.TABLE, settings.pipelines.table, options, readers),
    )


def document_plan(settings: Settings) -> Plan:
    """PaddleOCR-VL."""
    options, document = document_options(settings), settings.pipelines.document
    readers = document.readers or _DOCUMENT_READERS
    return Plan(
        family="vl",
        models=(),
        open_engine=partial(open_document_reader, options, limits(settings)),
        readers=readers,
        care=_care(document),
        habits=_habits(settings, PipelineName.DOCUMENT, document, options, readers),
        server=VlServer(url=options.server_url, model=options.server_model, look_seconds=document.look_seconds),
    )


def text_options(settings: Settings) -> "TextOptions":
    """What decides how the text pipeline reads."""
    from ocr_inbox.paddle.text import TextOptions

    text = settings.pipelines.text
    return TextOptions(
        family=text.model,
        size=text.model_size,
        engine=text.engine,
        device=text.device,
        models=settings.models.cache if settings.models.source == "bundled" else None,
        language=text.language,
        pdf_text=text.pdf_text,
        line_orientation=text.line_orientation,
        page_orientation=text.page_orientation,
        unwarping=text.unwarping,
        detection_side=text.detection_side,
        detection_limit=text.detection_limit,
        least_score=text.least_score,
        threads=_threads(text),
    )


def table_options(settings: Settings) -> "TableOptions":
    """What decides how the table pipeline reads."""
    from ocr_inbox.paddle.table import TableOptions

    table = settings.pipelines.table
    return TableOptions(
        family=table.model,
        size=table.model_size,
        engine=table.engine,
        device=table.device,
        models=settings.models.cache if settings.models.source == "bundled" else None,
        formulas=table.formulas,
        seals=table.seals,
        charts=table.charts,
        regions=table.regions,
        threads=_threads(table),
    )


def document_options(settings: Settings) -> "DocumentOptions":
    """What decides how the document pipeline reads."""
    from ocr_inbox.paddle.document import DocumentOptions, has_layout_model

    document = settings.pipelines.document
    models = settings.models.cache if settings.models.source == "bundled" else None
    there = models is None or has_layout_model(models, document.version)
    return DocumentOptions(
        version=document.version,
        server_url=document.server_url,
        served_model=document.served_model,
        layout=there if document.layout == "auto" else document.layout == "on",
        models=models,
        engine=document.engine,
        device=document.device,
        max_new_tokens=document.max_new_tokens,
        page_seconds=document.page_seconds * _SHARE_OF_SERVER,
        requests=document.requests,
        threads=_threads(document),
    )


def patience(settings: Settings) -> Patience:
    """How failures are answered."""
    retry = settings.retry
    return Patience(
        attempts=retry.attempts,
        first_delay=retry.first_delay_seconds,
        longest_delay=retry.longest_delay_seconds,
        put_off_delay=retry.put_off_seconds,
    )


def limits(settings: Settings) -> Limits:
    """What a document may cost."""
    limit = settings.limits
    return Limits(
        max_bytes=int(limit.max_mb * (1 << 20)),
        max_pixels=int(limit.max_megapixels * 1_000_000),
        max_pages=limit.max_pages,
        pdf_dpi=limit.pdf_dpi,
    )


def _threads(section: ReaderSettings) -> int:
    """Threads of one reader: two by default, more gain little (0.88 s for one, 0.62 s for two per detection)."""
    return section.threads or min(2, _cores())


def _reader_count(section: ReaderSettings) -> int:
    """By default as many as the cores feed and the memory holds, at most 8."""
    if section.readers:
        return section.readers
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
    return max(1, min(_cores() // _threads(section), memory // 2 // _READER_BYTES, 8))


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _care(section: ReaderSettings) -> Care:
    return Care(
        preload=PRELOAD,
        start_seconds=section.start_seconds,
        page_seconds=section.page_seconds,
        most_documents=section.most_documents,
        most_rss=section.most_rss_mb << 20,
    )


def _habits(settings: Settings, pipeline: PipelineName, section: ReaderSettings, options: Any, readers: int) -> Habits:
    return Habits(
        pipeline=pipeline,
        digest=lru_cache(partial(_digest, settings, options)),
        patience=patience(settings),
        pace=Pace(window_pages=section.window_pages, abreast=readers),
        batch=section.batch,
        eager=section.preload,
    )


def _digest(settings: Settings, options: Any, outputs: Sequence[Output]) -> str:
    """A name for everything that changes what a sidecar says; where it is computed does not."""
    indifferent = ("models", "device", "threads", "server_url", "page_seconds", "requests")
    decisive = {
        "options": {name: value for name, value in asdict(options).items() if name not in indifferent},
        "pipeline": type(options).__name__,
        "bundled": options.models is not None,
        "outputs": [output.value for output in outputs],
        "pdf_dpi": settings.limits.pdf_dpi,
        "paddleocr": version("paddleocr"),
        "schema": SCHEMA_VERSION,
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]
