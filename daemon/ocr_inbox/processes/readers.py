"""The readers of one pipeline, lent to one caller at a time."""

import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

import structlog
from typing_extensions import Self

from ocr_inbox.errors import PipelineUnavailableError, ReaderCrashedError, ReadingTimeoutError
from ocr_inbox.ports import Outcome
from ocr_inbox.processes.inside import OpenEngine
from ocr_inbox.processes.reader import Care, Reader
from ocr_inbox.pulse import Pulse
from ocr_inbox.reading import Window

log = structlog.get_logger()


@dataclass
class ProcessReaders:
    """Some readers of one pipeline, each used by one caller at a time. Use it with `with`."""

    open_engine: OpenEngine
    count: int
    care: Care
    problem: str | None = None
    pulse: Pulse = field(default_factory=Pulse)
    _all: list[Reader] = field(default_factory=list)
    _idle: "queue.LifoQueue[Reader]" = field(default_factory=queue.LifoQueue)

    def __enter__(self) -> Self:
        """No process is started here: the first who needs a reader starts it."""
        for _ in range(self.count):
            reader = Reader(self.open_engine, self.care, self.pulse)
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
        for reader in self._all:
            reader.end()

    @property
    def restarts(self) -> int:
        """How many readers were replaced because they crashed, overran or outgrew their memory."""
        return sum(reader.restarts for reader in self._all)

    def device(self) -> str | None:
        """What the readers compute on; None until one of them had its engine loaded, and known while it is replaced."""
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
    def _one(self) -> Iterator[Reader]:
        reader = self._idle.get()
        try:
            yield reader
        finally:
            self._idle.put(reader)
