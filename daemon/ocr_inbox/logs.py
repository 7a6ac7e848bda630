"""Events for people on a terminal, for the journal in its own words, and as JSON for everyone else."""

import logging
import os
import select
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TextIO

import structlog

from ocr_inbox.entries import IntoJournal
from ocr_inbox.errors import OcrInboxError
from ocr_inbox.journal import Journal, is_journal
from ocr_inbox.model import UPLOADS, Job, JobState

log = structlog.get_logger()

_LEVELS = {JobState.DONE: "info", JobState.SKIPPED: "info", JobState.WAITING: "warning", JobState.BURIED: "error"}
_EVENTS = {
    JobState.DONE: "job_done",
    JobState.SKIPPED: "job_skipped",
    JobState.WAITING: "job_waits",
    JobState.BURIED: "job_buried",
}

Steps = list[structlog.typing.Processor]


@dataclass
class Logging:
    """Remembers how much is said, and whether it is said to the journal."""

    level: str
    to_journal: bool = False

    def __call__(self, _: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Raises structlog.DropEvent where an event is not to be said."""
        if getattr(logging, method.upper()) < getattr(logging, self.level.upper()):
            raise structlog.DropEvent
        return event


@dataclass(frozen=True, eq=False)
class _Unhurried:
    """A file that is not waited for: what it does not take at once is lost."""

    descriptor: int

    def write(self, text: str) -> int:
        poll = select.poll()
        poll.register(self.descriptor, select.POLLOUT)
        with suppress(OSError):
            if poll.poll(0):
                os.write(self.descriptor, text.encode(errors="backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""


class _Libraries(logging.Handler):
    def __init__(self, logger: structlog.PrintLogger, *, said: Steps, told: Steps) -> None:
        super().__init__()
        self._logger = logger
        self.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=said, processors=told))

    def emit(self, record: logging.LogRecord) -> None:
        """Say what a library says; what the journal has taken is said already."""
        with suppress(structlog.DropEvent):
            self._logger.msg(self.format(record))


def set_up_logging(level: str, stream: TextIO = sys.stderr, journal: Journal | None = None) -> Logging:
    """Send structlog's events and the warnings of libraries to `stream`, or to the journal where that is behind it.

    What journald does not take goes to the stream after all. The level may be changed later, by what is returned.
    """
    if journal is None and is_journal(stream.fileno(), os.environ):
        journal = Journal()
    settings = Logging(level, to_journal=journal is not None)
    said: Steps = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    told: Steps = [
        *([IntoJournal(journal)] if journal else []),
        structlog.processors.UnicodeDecoder(),
        _renderer(stream),
    ]
    file = _Unhurried(stream.fileno()) if journal else stream
    structlog.configure(
        processors=[settings, *said, *told],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(file),  # type: ignore[arg-type] # it writes, and that is all
        cache_logger_on_first_use=True,
    )
    libraries = _Libraries(
        structlog.PrintLogger(file),  # type: ignore[arg-type] # likewise
        said=[structlog.stdlib.add_logger_name, *said],
        told=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *told],
    )
    logging.basicConfig(level=logging.WARNING, handlers=[libraries], force=True)
    logging.captureWarnings(capture=True)
    if journal:
        sys.excepthook = _log_crash
    return settings


def _renderer(stream: TextIO) -> structlog.typing.Processor:
    return structlog.dev.ConsoleRenderer() if stream.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Instead of a traceback on stderr, of which the journal would make an entry a line."""
    log.critical("crashed", exc_info=(kind, error, trace))


def log_end(error: OcrInboxError) -> None:
    """Why the daemon ends, for whoever looks into the journal only."""
    log.critical("ended", code=error.code, reason=str(error))


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
    if job.document.inbox != UPLOADS:
        fields["key"] = job.document.key
    if state is JobState.DONE:
        fields["pages"] = job.pages
        fields["seconds"] = round((job.finished_at or 0.0) - (job.started_at or 0.0), 3)
    else:
        fields |= {"code": job.code, "reason": job.reason, "attempt": job.attempts}
    log.log(getattr(logging, _LEVELS[state].upper()), _EVENTS[state], **fields)
