"""Reader processes on this machine, by pebble: each holds one engine, and none can take the daemon along."""

import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as DeadlineError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol

import structlog
from pebble import ProcessExpired, ProcessFuture, ProcessPool
from typing_extensions import Self

from ocr_inbox.errors import (
    OcrInboxError,
    PipelineUnavailableError,
    ReaderCrashedError,
    ReadingTimeoutError,
    StoppingError,
)
from ocr_inbox.ports import Outcome
from ocr_inbox.reading import Window

_STOPPING = "cannot read now: the daemon is stopping"
_DIED = (ProcessExpired, RuntimeError)
"""What pebble says of a process that died in the middle of a task, and of a pool whose process died idle."""
_KILLING_SECONDS = 10.0
"""How long after a deadline pebble may need to kill a process, before its answer is not waited for any more."""

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


class Opened(Protocol):
    """An engine that is loaded into a reader process."""

    @property
    def device(self) -> str:
        """What it computes on, such as "cpu"."""
        ...

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        """One outcome for each window, in order."""
        ...


OpenEngine = Callable[[], Opened]
"""Loads an engine into the process that calls it; must be picklable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    outcomes: Sequence[Outcome]
    rss: int


class _Reader:
    """One process and the pool of one that pebble keeps for it; remembers how much it has read.

    Only `end` may be called while another call is under way.
    """

    def __init__(self, open_engine: OpenEngine, care: Care) -> None:
        self._open_engine = open_engine
        self._care = care
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
            self.device = self._call(_load, self._open_engine, limit)
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
        limit = self._care.page_seconds * sum(window.page_count for window in batch)
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
        return answer.outcomes

    def _answer(self, batch: Sequence[Window], limit: float) -> _Answer:
        self.open()
        try:
            answer: _Answer = self._call(_read, batch, limit)
        except RuntimeError:  # it had died while it was idle, for which no document is to blame
            self._replace()
            self.open()
            answer = self._call(_read, batch, limit)
        return answer

    def _call(self, function: Callable[[Any], Any], argument: object, limit: float) -> Any:
        """What the function returns in the process.

        Raises StoppingError after `end`, DeadlineError, ProcessExpired where the process died in the middle of it,
        and RuntimeError where it had died before.
        """
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
            pool, self._pool, self.device = self._pool, None, None
            self._documents = 0
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call] # pebble leaves it unannotated
            pool.join()

    def end(self) -> None:
        """End the process for good; whoever waits for it gets StoppingError."""
        with self._lock:
            self._ended = True
            if self._task is not None:
                self._task.cancel()  # a stopped pool leaves those who wait waiting
        self.close()


def _pool_of_one(preload: str) -> ProcessPool:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    return ProcessPool(max_workers=1, initializer=_begin, context=context)


def _exit_code(error: Exception) -> str:
    return f" (exit code {error.exitcode})" if isinstance(error, ProcessExpired) else ""


@dataclass
class ProcessReaders:
    """Some readers of one pipeline, each used by one caller at a time. Use it with `with`."""

    open_engine: OpenEngine
    count: int
    care: Care
    problem: str | None = None
    _all: list[_Reader] = field(default_factory=list)
    _idle: "queue.LifoQueue[_Reader]" = field(default_factory=queue.LifoQueue)
    _closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        """No process is started here: the first who needs a reader starts it."""
        for _ in range(self.count):
            reader = _Reader(self.open_engine, self.care)
            self._all.append(reader)
            self._idle.put(reader)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all readers, whatever they are doing."""
        self.close()

    def close(self) -> None:
        """End all readers; whoever waits for one gets StoppingError."""
        self._closing.set()
        for reader in self._all:
            reader.end()

    @property
    def restarts(self) -> int:
        """How many readers were replaced because they crashed, overran or outgrew their memory."""
        return sum(reader.restarts for reader in self._all)

    def device(self) -> str | None:
        """What the readers compute on; None while none of them has its engine loaded."""
        return next((reader.device for reader in self._all if reader.device), None)

    def open(self) -> None:
        """Make sure that a free reader stands ready. Raises PipelineUnavailableError with the reason."""
        with self._one() as reader:
            try:
                reader.open()
            except PipelineUnavailableError as error:
                self.problem = str(error)
                raise
            self.problem = None

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        """Keep the promise of `ports.Readers.read`."""
        try:
            with self._one() as reader:
                return reader.read(batch)
        except (ReaderCrashedError, ReadingTimeoutError) as error:
            log.warning("reader_replaced", code=error.code, reason=str(error), windows=len(batch))
            if len(batch) == 1:
                return [error]
        middle = len(batch) // 2
        return [*self.read(batch[:middle]), *self.read(batch[middle:])]

    @contextmanager
    def _one(self) -> Iterator[_Reader]:
        reader = self._idle.get()
        try:
            if self._closing.is_set():
                raise StoppingError(_STOPPING)
            yield reader
        finally:
            self._idle.put(reader)


_opened: Opened | None = None
"""The engine of this reader process: pebble calls plain functions, so it has to live in the module."""


def _begin() -> None:
    """Leave Ctrl-C to the daemon, end at once when it says so, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # pebble's own handler waits for native code to return
    threading.Thread(target=_end_with_the_daemon, daemon=True).start()


def _end_with_the_daemon() -> None:
    """Whoever is idle notices by itself; this is for those in the middle of a page."""
    daemon = multiprocessing.parent_process()
    if daemon is not None:
        daemon.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _load(open_engine: OpenEngine) -> str:
    global _opened  # noqa: PLW0603 - one engine a process is the point
    try:
        _opened = open_engine()
    except OcrInboxError:
        raise
    except BaseException as error:
        raise PipelineUnavailableError(f"cannot start a reader: {type(error).__name__}: {error}") from error
    return _opened.device


def _read(batch: Sequence[Window]) -> _Answer:
    if _opened is None:
        raise BrokenProcessPool("cannot read: no engine was loaded into this process")
    try:
        return _Answer(outcomes=_opened.read(batch), rss=_resident_bytes())
    except BaseException as error:
        raise ReaderCrashedError(f"cannot read it: {type(error).__name__}: {error}") from error


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - a path of the kernel's
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
