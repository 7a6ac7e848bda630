"""What runs inside a reader process: pebble calls plain functions there, one at a time."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Protocol

from ocr_inbox.errors import OcrInboxError, PipelineUnavailableError, ReaderCrashedError
from ocr_inbox.ports import Outcome
from ocr_inbox.reading import Window


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
class Answer:
    """Outcomes in the order of their windows, and the memory (bytes) that the process holds by now."""

    outcomes: list[Outcome]
    rss: int


_opened: Opened | None = None
"""The engine of this reader process."""


def begin() -> None:
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


def load(open_engine: OpenEngine) -> str:
    """Load the engine and say what it computes on; whatever it raises becomes PipelineUnavailableError."""
    global _opened  # noqa: PLW0603 - one engine a process is the point
    try:
        _opened = open_engine()
    except OcrInboxError:
        raise
    except BaseException as error:
        raise PipelineUnavailableError(f"cannot start a reader: {type(error).__name__}: {error}") from error
    return _opened.device


def read(batch: Sequence[Window]) -> Answer:
    """Have the engine read; whatever it raises becomes ReaderCrashedError, because nobody knows its state then."""
    if _opened is None:
        raise BrokenProcessPool("cannot read: no engine was loaded into this process")
    try:
        return Answer(outcomes=list(_opened.read(batch)), rss=_resident_bytes())
    except BaseException as error:
        raise ReaderCrashedError(f"cannot read it: {type(error).__name__}: {error}") from error


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - a path of the kernel's
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
