"""Events for people on a terminal, and as JSON for everyone else."""

import logging
import sys
from typing import TextIO

import structlog

from ocr_inbox.model import Job, JobState

log = structlog.get_logger()

_LEVELS = {JobState.DONE: "info", JobState.SKIPPED: "info", JobState.WAITING: "warning", JobState.BURIED: "error"}
_EVENTS = {
    JobState.DONE: "job_done",
    JobState.SKIPPED: "job_skipped",
    JobState.WAITING: "job_waits",
    JobState.BURIED: "job_buried",
}


def set_up_logging(level: str, stream: TextIO = sys.stderr) -> None:
    """Send structlog's events and the warnings of libraries to `stream`."""
    first: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if stream.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*first, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    libraries = logging.StreamHandler(stream)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *first],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[libraries], force=True)
    logging.captureWarnings(capture=True)


def log_outcome(job: Job) -> None:
    """One event for every job that ended or went back to waiting; the key of an upload stays unsaid."""
    state = job.state
    fields: dict[str, str | int | float | None] = {
        "job": job.id,
        "inbox": job.document.inbox,
        "pipeline": job.assignment.pipeline.value if job.assignment.pipeline else None,
    }
    if job.diverted:
        fields["diverted"] = job.diverted
    if job.document.inbox != "uploads":
        fields["key"] = job.document.key
    if state is JobState.DONE:
        fields["pages"] = job.pages
        fields["seconds"] = round((job.finished_at or 0.0) - (job.started_at or 0.0), 3)
    else:
        fields |= {"code": job.code, "reason": job.reason, "attempt": job.attempts}
    log.log(getattr(logging, _LEVELS[state].upper()), _EVENTS[state], **fields)
