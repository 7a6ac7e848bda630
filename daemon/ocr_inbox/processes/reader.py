"""One reader: a process with an engine, ended and replaced when it must be."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as DeadlineError
from dataclasses import dataclass
from typing import Any

import structlog
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from ocr_inbox.errors import (
    OcrInboxError,
    PipelineUnavailableError,
    ReaderCrashedError,
    ReadingTimeoutError,
    StoppingError,
)
from ocr_inbox.ports import Outcome
from ocr_inbox.processes import inside
from ocr_inbox.pulse import Pulse
from ocr_inbox.reading import Window

_STOPPING = "cannot read now: the daemon is stopping"
_DIED = (ProcessExpired, RuntimeError)
"""What pebble says of a process that died in the middle of a task, and of a pool whose process died idle."""
_KILLING_SECONDS = 10.0
"""How long after a deadline pebble may need to kill a process, before its answer is not waited for any more."""
_ENDING_SECONDS = 60.0
"""What pebble does besides, such as starting a process and collecting a dead one, takes less."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """How readers are kept: seconds for starting and for each page, and when one is replaced.

    PaddleOCR's memory grows for some pages and then levels off; `most_rss` (bytes) catches what does not.
    """

    preload: str
    start_seconds: float = 300.0
    page_seconds: float = 120.0
    most_documents: int = 1000
    most_rss: int = 4 << 30


class Reader:
    """One process and the pool of one that pebble keeps for it; remembers how much it has read.

    Only `end` may be called while another call is under way.
    """

    def __init__(self, open_engine: inside.OpenEngine, care: Care, pulse: Pulse) -> None:
        self._open_engine = open_engine
        self._care = care
        self._pulse = pulse
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._task: ProcessFuture[Any] | None = None
        self._ended = False
        self._documents = 0
        self.restarts = 0
        self.device: str | None = None

    def open(self) -> None:
        """Start the process and load its engine; quick where both are done. Raises PipelineUnavailableError."""
        if self._is_alive():
            return
        self.close()
        began, limit = time.monotonic(), self._care.start_seconds
        try:
            self.device = self._call(inside.load, self._open_engine, limit)
        except OcrInboxError:
            self.close()
            raise
        except DeadlineError as error:
            self.close()
            raise PipelineUnavailableError(f"cannot start a reader within {limit:g} s: it was stopped") from error
        except _DIED as error:
            self.close()
            raise PipelineUnavailableError(f"cannot start a reader: it died{_exit_code(error)}") from error
        log.info("reader_ready", device=self.device, seconds=round(time.monotonic() - began, 2))

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        """Raises ReaderCrashedError and ReadingTimeoutError; the process is gone then."""
        limit = self._limit(batch)
        try:
            answer = self._answer(batch, limit)
        except ReaderCrashedError:
            self._replace()
            raise
        except DeadlineError as error:
            self._replace()
            raise ReadingTimeoutError(f"cannot read it within {limit:g} s: its reader was stopped") from error
        except _DIED as error:
            self._replace()
            raise ReaderCrashedError(f"cannot read it: its reader died{_exit_code(error)}") from error
        self._documents += len(batch)
        if answer.rss > self._care.most_rss:
            log.info("reader_outgrown", rss_mb=answer.rss >> 20, documents=self._documents)
            self._replace()
        elif self._documents >= self._care.most_documents:
            self.close()
        outcomes = list(answer.outcomes)
        answer.outcomes.clear()  # pebble holds on to the last answer until there is another, and it may be large
        return outcomes

    def _limit(self, batch: Sequence[Window]) -> float:
        return sum(self._care.page_seconds * window.page_count + window.source.fetch_seconds for window in batch)

    def _answer(self, batch: Sequence[Window], limit: float) -> inside.Answer:
        self.open()
        try:
            answer: inside.Answer = self._call(inside.read, batch, limit)
        except RuntimeError:  # it had died while it was idle, for which no document is to blame
            self._replace()
            self.open()
            answer = self._call(inside.read, batch, limit)
        return answer

    def _call(self, function: Callable[[Any], Any], argument: object, limit: float) -> Any:
        """What the function returns in the process.

        Raises StoppingError after `end`, DeadlineError, ProcessExpired where the process died in the middle of it,
        and RuntimeError where it had died before.
        """
        with self._pulse.within(limit + _KILLING_SECONDS + _ENDING_SECONDS):
            with self._lock:
                if self._ended:
                    raise StoppingError(_STOPPING)
                self._pool = self._pool or _pool_of_one(self._care.preload)
                self._task = task = self._pool.schedule(function, args=(argument,), timeout=limit)
            try:
                return task.result(limit + _KILLING_SECONDS)
            except CancelledError as error:
                raise StoppingError(_STOPPING) from error

    def _is_alive(self) -> bool:
        with self._lock:
            return self._pool is not None and self._pool.active

    def _replace(self) -> None:
        self.restarts += 1
        self.close()

    def close(self) -> None:
        """End the process; the next who needs it gets another."""
        with self._lock:
            pool, self._pool = self._pool, None
            self._documents = 0
        if pool is not None:
            with self._pulse.within(_ENDING_SECONDS):
                pool.stop()  # type: ignore[no-untyped-call] # pebble leaves it unannotated
                pool.join()

    def end(self) -> None:
        """End the process for good; whoever waits for it gets StoppingError."""
        with self._lock:
            self._ended = True
            if self._task is not None:
                # A stopped pool leaves those who wait waiting.
                self._task.cancel()  # type: ignore[no-untyped-call] # pebble leaves it unannotated
        self.close()


def _pool_of_one(preload: str) -> ProcessPool:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    return ProcessPool(max_workers=1, initializer=inside.begin, context=context)


def _exit_code(error: Exception) -> str:
    return f" (exit code {error.exitcode})" if isinstance(error, ProcessExpired) else ""
