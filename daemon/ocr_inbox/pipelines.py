"""From the settings of a pipeline to its readers and its habits."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from itertools import combinations
from typing import TYPE_CHECKING

from ocr_inbox.dispatch import Habits
from ocr_inbox.model import Output, PipelineName
from ocr_inbox.processes import Care, ProcessReaders
from ocr_inbox.reader import open_text_reader
from ocr_inbox.reading import Limits
from ocr_inbox.retrying import Patience
from ocr_inbox.settings import Settings
from ocr_inbox.sidecar import SCHEMA_VERSION

if TYPE_CHECKING:
    from ocr_inbox.paddle.text import TextOptions

PRELOAD = "ocr_inbox.preload"
_READER_BYTES = 1 << 30
"""What one reader of the default models needs at most: 900 MB were measured, then level."""


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
        line_orientation=text.line_orientation,
        page_orientation=text.page_orientation,
        unwarping=text.unwarping,
        detection_side=text.detection_side,
        detection_limit=text.detection_limit,
        least_score=text.least_score,
        threads=text_threads(settings),
    )


def text_readers(settings: Settings, count: int | None = None) -> ProcessReaders:
    """The reader processes of the text pipeline, not yet started."""
    text = settings.pipelines.text
    # What paddlex keeps and fetches lies beside our models, not in a folder of its own in the user's home.
    os.environ.setdefault("PADDLE_PDX_CACHE_HOME", str(settings.models.cache.parent / "paddlex"))
    return ProcessReaders(
        open_engine=partial(open_text_reader, text_options(settings), limits(settings)),
        count=count or text_reader_count(settings),
        care=Care(
            preload=PRELOAD,
            start_seconds=text.start_seconds,
            page_seconds=text.page_seconds,
            most_documents=text.most_documents,
            most_rss=text.most_rss_mb << 20,
        ),
    )


def text_threads(settings: Settings) -> int:
    """Threads of one reader: two by default, more gain little (0.88 s for one, 0.62 s for two per detection)."""
    return settings.pipelines.text.threads or min(2, _cores())


def text_reader_count(settings: Settings) -> int:
    """Readers of the text pipeline: by default as many as the cores feed and the memory holds, at most 8."""
    if settings.pipelines.text.readers:
        return settings.pipelines.text.readers
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
    return max(1, min(_cores() // text_threads(settings), memory // 2 // _READER_BYTES, 8))


def text_habits(settings: Settings) -> Habits:
    """How the lanes of the text pipeline work."""
    text = settings.pipelines.text
    return Habits(
        pipeline=PipelineName.TEXT,
        digests={outputs: config_digest(settings, outputs) for outputs in _every_choice_of_outputs()},
        patience=patience(settings),
        window_pages=text.window_pages,
        batch=text.batch,
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


def _every_choice_of_outputs() -> list[tuple[Output, ...]]:
    others = [output for output in Output if output is not Output.JSON]
    return [(Output.JSON, *choice) for size in range(len(others) + 1) for choice in combinations(others, size)]


def config_digest(settings: Settings, outputs: Sequence[Output]) -> str:
    """A name for everything that changes what a sidecar says; where it is computed does not."""
    options = asdict(text_options(settings))
    for indifferent in ("models", "device", "threads"):
        del options[indifferent]
    decisive = {
        "options": options,
        "outputs": [output.value for output in outputs],
        "pdf_dpi": settings.limits.pdf_dpi,
        "paddleocr": version("paddleocr"),
        "schema": SCHEMA_VERSION,
    }
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def text_family(settings: Settings) -> str:
    """The word that the wire calls the text pipeline by."""
    return "ocr" + settings.pipelines.text.model.removeprefix("PP-OCR")
