"""What is left beside a document: a reading or a failure as versioned JSON, and what else its rule asks for."""

import json
import math
from dataclasses import dataclass
from datetime import datetime, timezone

from ocr_inbox.errors import OcrInboxError, UnreadableDocumentError
from ocr_inbox.figures import linked
from ocr_inbox.model import Job, Output, PipelineName
from ocr_inbox.outputs import RENDERERS, shortcomings
from ocr_inbox.reading import Deliverable, Reading
from ocr_inbox.results import DOCUMENT_FAMILY, Json, markdown, result_of

SCHEMA_VERSION = 1

SUFFIXES = {
    Output.JSON: ".ocr.json",
    Output.MARKDOWN: ".ocr.md",
    Output.CSV: ".ocr.csv",
    Output.XLSX: ".ocr.xlsx",
    Output.HOCR: ".ocr.hocr",
    Output.ALTO: ".ocr.alto.xml",
    Output.PDF: ".ocr.pdf",
}
"""What is appended to a document's name; nothing that ends so is ever taken for a document."""

FIGURES_SUFFIX = ".ocr.figures"
"""Likewise, for the place of the figures that its markdown refers to."""

_SCHEMA: dict[str, Json] = {"name": "ocr-inbox/sidecar", "version": SCHEMA_VERSION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the document lies, and the digest of the configuration that it is read under; `now` is in seconds.

    `figures` is where its figures will be, as seen from its markdown and as part of a URL.
    """

    uri: str
    config_digest: str
    now: float
    figures: str = "."


def render(job: Job, reading: Reading, provenance: Provenance, pdf: bytes | None = None) -> tuple[Deliverable, ...]:
    """The files for a document that was read, the JSON last: who finds it finds the others.

    The searchable PDF is made where the pages can be drawn, and is `pdf`.

    Raises UnreadableDocumentError where not one page could be read.
    """
    if reading.failed and not reading.pages:
        raise UnreadableDocumentError(f"cannot read any page: {reading.failed[0].reason}")
    others = [output for output in job.assignment.outputs if output not in {Output.JSON, Output.PDF}]
    files = [_rendered(output, reading, provenance) for output in others]
    if pdf is not None:
        files.append(Deliverable(output=Output.PDF, content=pdf))
    files.append(Deliverable(output=Output.JSON, content=_encode(_success(job, reading, provenance))))
    return tuple(files)


def _rendered(output: Output, reading: Reading, provenance: Provenance) -> Deliverable:
    if output is not Output.MARKDOWN:
        return Deliverable(output=output, content=RENDERERS[output](reading))
    figures = {figure.name: figure for page in reading.pages for figure in page.figures}
    text = linked(markdown(reading.pages), lambda name: f"{provenance.figures}/{name}" if name in figures else None)
    return Deliverable(output=output, content=_clean(text).encode(), figures=tuple(figures.values()))


def render_failure(job: Job, error: OcrInboxError, provenance: Provenance) -> tuple[Deliverable, ...]:
    """The file for a document that was given up."""
    content: Json = {
        "schema": _SCHEMA,
        "success": False,
        "status": "error",
        "error": str(error),
        "error_code": error.code,
        "source": {
            "inbox": job.document.inbox,
            "key": job.document.key,
            "uri": provenance.uri,
            "bytes": job.size,
            "version": job.document.version,
        },
        "job": _job(job, provenance),
        "engine": {"config_digest": provenance.config_digest},
        "warnings": [],
    }
    return (Deliverable(output=Output.JSON, content=_encode(content)),)


def known_sha256(sidecar: bytes | None, config_digest: str, *, as_document: bool = False) -> str | None:
    """What a sidecar that lies there was made from, if it is a success, or a partial one, of the same configuration.

    It must have the shape of the document pipeline's where that was asked for, and only there.
    """
    try:
        content = json.loads(sidecar or b"null")
        whole = content["schema"] == _SCHEMA and content["status"] in ("ok", "partial")
        if not whole or content["engine"]["config_digest"] != config_digest:
            return None
        if (content["pipeline"] == DOCUMENT_FAMILY) is not as_document:
            return None
        sha256 = content["source"]["sha256"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return sha256 if isinstance(sha256, str) else None


def _success(job: Job, reading: Reading, provenance: Provenance) -> Json:
    family = _family(job, reading)
    return {
        "schema": _SCHEMA,
        "success": True,
        "status": "partial" if reading.failed else "ok",
        "pipeline": family,
        "result": result_of(reading, family),
        "metrics": _metrics(job, reading, provenance.now),
        "source": {
            "inbox": job.document.inbox,
            "key": job.document.key,
            "uri": provenance.uri,
            "media_type": reading.media_type,
            "bytes": reading.size,
            "sha256": reading.sha256,
            "version": job.document.version,
            "pages": reading.page_total,
        },
        "job": _job(job, provenance),
        "engine": {
            "paddleocr": reading.engine.paddleocr,
            "paddlex": reading.engine.paddlex,
            "runtime": reading.engine.runtime,
            "device": reading.engine.device,
            "models": list(reading.engine.models),
            "config_digest": provenance.config_digest,
        },
        "failed_pages": [
            {"page": failure.index, "error_code": failure.code, "error": failure.reason} for failure in reading.failed
        ],
        "embedded_pages": [page.index for page in reading.pages if page.embedded],
        "warnings": [*reading.warnings, *_diversions(job), *shortcomings(reading, job.assignment.outputs)],
    }


def _family(job: Job, reading: Reading) -> str:
    """Who asked for a document gets the shape of one, whoever read it."""
    return DOCUMENT_FAMILY if job.assignment.pipeline is PipelineName.DOCUMENT else reading.engine.family


def _diversions(job: Job) -> list[Json]:
    asked, reader = job.assignment.pipeline, job.read_by
    if not (job.diverted and asked and reader):
        return []
    return [f"read by the {reader.value} pipeline, because the {asked.value} pipeline cannot be used: {job.diverted}"]


def _metrics(job: Job, reading: Reading, now: float) -> Json:
    by_server = reading.engine.family == DOCUMENT_FAMILY
    network = {"network_time": round(sum(page.network_seconds for page in reading.pages), 4)} if by_server else {}
    return {
        "total_time": max(0.0, round(now - (job.started_at or now), 4)),
        "inference_time": round(reading.timing.inference, 4),
        "upload_time": 0.0,
        "preprocess_time": round(reading.timing.preprocess, 4),
        **network,
        "image_size_kb": round(reading.size / 1024, 2),
        "compressed": False,
        "source": "docker" if by_server else "local",
    }


def _job(job: Job, provenance: Provenance) -> Json:
    return {
        "id": job.id,
        "rule": job.assignment.rule,
        "attempts": job.attempts,
        "enqueued_at": timestamp(job.enqueued_at),
        "started_at": timestamp(job.started_at),
        "finished_at": timestamp(provenance.now),
    }


def timestamp(seconds: float | None) -> str | None:
    """ISO 8601 in UTC, to the millisecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, tz=timezone.utc).isoformat(timespec="milliseconds")


def _encode(content: Json) -> bytes:
    return json.dumps(finite(content), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def finite(content: Json) -> Json:
    """The same JSON with null for every NaN and infinity, and no lone surrogates in its text."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, str):
        return _clean(content)
    if isinstance(content, list):
        return [finite(item) for item in content]
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    return content


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
