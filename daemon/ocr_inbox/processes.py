"""Reader processes on this machine, by pebble: each holds one engine, and none can take the daemon along."""

import ctypes
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
from typing import Protocol

import structlog
from pebble import ProcessExpired, ProcessPool
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
    """One process and the pool of one that pebble keeps for it; remembers how much it has read."""

    def __init__(self, open_engine: OpenEngine, care: Care) -> None:
        self._open_engine = open_engine
        self._care = care
        self._pool: ProcessPool | None = None
        self._documents = 0
        self.device: str | None = None

    def open(self) -> None:
        """Start the process and load its engine; quick where both are done."""
        if self._pool is not None and self._pool.active:
            return
        self.close()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([self._care.preload])
        self._pool = ProcessPool(max_workers=1, initializer=_begin, context=context)
        self._documents = 0
        began = time.monotonic()
        try:
            loading = self._pool.schedule(_load, args=(self._open_engine,), timeout=self._care.start_seconds)
            self.device = loading.result()
            log.info("reader_ready", device=self.device, seconds=round(time.monotonic() - began, 2))
        except OcrInboxError:
            self.close()
            raise
        except (DeadlineError, ProcessExpired, BrokenProcessPool, CancelledError, RuntimeError) as error:
            self.close()
            raise PipelineUnavailableError(f"cannot start a reader: {type(error).__name__} {error}") from error

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        """Raises ReaderCrashedError and ReadingTimeoutError; the process is gone then."""
        self.open()
        pages = sum(window.page_count for window in batch)
        try:
            answer: _Answer = self._scheduled(batch, self._care.page_seconds * pages)
        except DeadlineError as error:
            self.close()
            limit = self._care.page_seconds * pages
            raise ReadingTimeoutError(f"cannot read it within {limit:g} s: its reader was stopped") from error
        except (ProcessExpired, BrokenProcessPool, CancelledError) as error:
            self.close()
            code = getattr(error, "exitcode", None)
            raise ReaderCrashedError(f"cannot read it: its reader died (exit code {code})") from error
        self._documents += len(batch)
        if answer.rss > self._care.most_rss or self._documents >= self._care.most_documents:
            self.close()
        return answer.outcomes

    def _scheduled(self, batch: Sequence[Window], seconds: float) -> _Answer:
        assert self._pool is not None  # noqa: S101 - `open` has just run
        answer: _Answer = self._pool.schedule(_read, args=(batch,), timeout=seconds).result()
        return answer

    def close(self) -> None:
        """End the process."""
        pool, self._pool, self.device = self._pool, None, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call] # pebble leaves it unannotated
            pool.join()


@dataclass
class ProcessReaders:
    """Some readers of one pipeline, each used by one caller at a time. Use it with `with`."""

    open_engine: OpenEngine
    count: int
    care: Care
    restarts: int = 0
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
            reader.close()

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
            if self._closing.is_set():
                raise StoppingError("cannot read now: the daemon is stopping") from error
            self.restarts += 1
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
                raise StoppingError("cannot read now: the daemon is stopping")
            yield reader
        finally:
            self._idle.put(reader)


_opened: Opened | None = None
"""The engine of this reader process: pebble calls plain functions, so it has to live in the module."""

_PR_SET_PDEATHSIG = 1


def _begin() -> None:
    """Die with the daemon, and leave Ctrl-C to it."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _load(open_engine: OpenEngine) -> str:
    global _opened  # noqa: PLW0603 - one engine a process is the point
    _opened = open_engine()
    return _opened.device


def _read(batch: Sequence[Window]) -> _Answer:
    if _opened is None:
        raise BrokenProcessPool("cannot read: no engine was loaded into this process")
    return _Answer(outcomes=_opened.read(batch), rss=_resident_bytes())


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - a path of the kernel's
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
