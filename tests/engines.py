"""Small engines that run inside real reader processes and do what a window's path tells them."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from builders import a_reading
from ocr_inbox.errors import ModelsMissingError, UnreadableDocumentError
from ocr_inbox.model import Signature
from ocr_inbox.ports import Outcome
from ocr_inbox.processes import Care, OpenEngine, ProcessReaders
from ocr_inbox.reading import FileSource, Reading, Window

NOTHING_CHANGED = Signature(modified_ns=1, changed_ns=1, size=1)


def a_window(path: str = "text/scan.png", *, page_count: int = 1) -> Window:
    """What the engine does is what the path says, or reading where it says nothing special."""
    return Window(
        source=FileSource(root="/srv/scans", path=path, signature=NOTHING_CHANGED), first_page=0, page_count=page_count
    )


class ObedientEngine:
    """Reads everything as one page that holds its own process id."""

    device = "cpu"

    def __init__(self) -> None:
        self._kept: list[bytearray] = []

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        return [self._outcome(window.source.path) for window in batch]

    def _outcome(self, path: str) -> Outcome:
        verb, _, argument = path.partition(":")
        match verb:
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "hang":
                Path(argument or os.devnull).write_text(str(os.getpid()), encoding="ascii")
                time.sleep(600)
            case "raise":
                raise MemoryError("all of it")
            case "leave":
                sys.exit(0)
            case "refuse":
                return UnreadableDocumentError("cannot read it: torn")
            case "grow":
                self._kept.append(bytearray(os.urandom(1 << 20) * int(argument)))
        return replace(a_reading(path), warnings=(str(os.getpid()),))


def process_of(outcome: Outcome) -> int:
    """In which process it was read."""
    assert isinstance(outcome, Reading), outcome
    return int(outcome.warnings[0])


def open_without_models() -> ObedientEngine:
    raise ModelsMissingError("cannot load PP-OCRv5: its folder is not there; run ocr-inbox models pull")


def open_without_library() -> ObedientEngine:
    raise ImportError("No module named 'onnxruntime'")


def open_crashing() -> ObedientEngine:
    os.kill(os.getpid(), signal.SIGSEGV)
    return ObedientEngine()


def open_for_ever(started: str) -> ObedientEngine:
    Path(started).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(600)
    return ObedientEngine()


def open_once_it_is_there(needed: str) -> ObedientEngine:
    if not Path(needed).exists():
        raise ModelsMissingError(f"cannot load {needed}: it is not there")
    return ObedientEngine()


CARE = Care(preload="string", page_seconds=20.0, start_seconds=20.0)


@contextmanager
def some_readers(
    open_engine: OpenEngine = ObedientEngine, count: int = 1, care: Care = CARE
) -> Iterator[ProcessReaders]:
    with ProcessReaders(open_engine, count, care) as readers:
        yield readers


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
