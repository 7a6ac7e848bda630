"""Readers are real processes: what kills one of them costs one document one attempt, and nobody else anything."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from engines import (
    ObedientEngine,
    a_window,
    open_crashing,
    open_for_ever,
    open_once_it_is_there,
    open_without_library,
    open_without_models,
    process_of,
)
from ocr_inbox.errors import (
    ModelsMissingError,
    OcrInboxError,
    PipelineUnavailableError,
    ReaderCrashedError,
    ReadingTimeoutError,
    StoppingError,
    UnreadableDocumentError,
)
from ocr_inbox.processes import Care, OpenEngine, ProcessReaders
from ocr_inbox.reading import Reading

CARE = Care(preload="string", page_seconds=20.0, start_seconds=20.0)


@contextmanager
def _readers(open_engine: OpenEngine = ObedientEngine, count: int = 1, care: Care = CARE) -> Iterator[ProcessReaders]:
    with ProcessReaders(open_engine, count, care) as readers:
        yield readers


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_outcomes_come_in_the_order_of_their_windows() -> None:
    with _readers() as readers:
        outcomes = readers.read([a_window("a"), a_window("refuse"), a_window("b")])
    texts = [o.pages[0].regions[0].text if isinstance(o, Reading) else type(o) for o in outcomes]
    assert texts == ["a", UnreadableDocumentError, "b"]


def test_one_process_reads_on_while_nothing_is_wrong() -> None:
    with _readers() as readers:
        assert readers.device() is None
        readers.open()
        assert readers.device() == "cpu"
        assert len({process_of(readers.read([a_window()])[0]) for _ in range(3)}) == 1
        assert readers.restarts == 0


@pytest.mark.parametrize("poison", ["crash", "raise", "leave"])
def test_a_reader_that_dies_costs_only_the_document_it_held(poison: str) -> None:
    with _readers() as readers:
        before = process_of(readers.read([a_window()])[0])
        (outcome,) = readers.read([a_window(poison)])
        assert isinstance(outcome, ReaderCrashedError), outcome
        assert process_of(readers.read([a_window()])[0]) != before
        assert readers.restarts == 1


def test_a_reader_that_hangs_is_killed_at_its_deadline() -> None:
    with _readers(care=Care(preload="string", page_seconds=0.3)) as readers:
        readers.open()
        began = time.monotonic()
        (outcome,) = readers.read([a_window("hang", page_count=2)])
        assert 0.6 <= time.monotonic() - began < 2
        assert isinstance(outcome, ReadingTimeoutError)
        assert "0.6 s" in str(outcome)
        assert process_of(readers.read([a_window()])[0])


def test_one_poisoned_document_in_a_batch_harms_nobody_else() -> None:
    with _readers() as readers:
        names = ["a", "b", "c", "d", "e", "crash", "g", "h"]
        outcomes = readers.read([a_window(name) for name in names])
    assert [isinstance(outcome, ReaderCrashedError) for outcome in outcomes] == [name == "crash" for name in names]
    assert [o.pages[0].regions[0].text for o in outcomes if isinstance(o, Reading)] == [
        "a",
        "b",
        "c",
        "d",
        "e",
        "g",
        "h",
    ]


@pytest.mark.parametrize(
    ("open_engine", "failure", "reason"),
    [
        (open_without_models, ModelsMissingError, "run ocr-inbox models pull"),
        (open_without_library, PipelineUnavailableError, "cannot start a reader: ImportError: No module named"),
        (open_crashing, PipelineUnavailableError, "cannot start a reader: it died"),
        (partial(open_for_ever, os.devnull), PipelineUnavailableError, "cannot start a reader within 0.3 s"),
    ],
    ids=["models", "library", "crash", "hang"],
)
def test_an_engine_that_cannot_open_says_why(
    open_engine: OpenEngine, failure: type[OcrInboxError], reason: str
) -> None:
    with _readers(open_engine, care=Care(preload="string", start_seconds=0.3)) as readers:
        for call in (readers.open, partial(readers.read, [a_window()])):
            with pytest.raises(failure, match=reason) as caught:
                call()
            assert type(caught.value) is failure
        assert readers.problem is not None
        assert reason in readers.problem
        assert readers.device() is None


def test_a_pipeline_that_was_repaired_goes_on_without_a_restart_of_the_daemon(tmp_path: Path) -> None:
    with _readers(partial(open_once_it_is_there, str(tmp_path / "model"))) as readers:
        with pytest.raises(ModelsMissingError):
            readers.open()
        (tmp_path / "model").touch()
        readers.open()
        assert readers.problem is None


def test_a_reader_is_replaced_after_so_many_documents() -> None:
    with _readers(care=Care(preload="string", most_documents=2)) as readers:
        processes = [process_of(readers.read([a_window()])[0]) for _ in range(4)]
        assert processes[0] == processes[1] != processes[2] == processes[3]
        assert readers.restarts == 0


def test_a_reader_that_grew_too_large_is_replaced() -> None:
    with _readers(care=Care(preload="string", most_rss=150 << 20)) as readers:
        small = process_of(readers.read([a_window()])[0])
        assert process_of(readers.read([a_window("grow:160")])[0]) == small
        assert process_of(readers.read([a_window()])[0]) != small
        assert readers.restarts == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("pause", [0.0, 0.05, 0.3])
def test_a_reader_killed_while_idle_is_replaced_without_blaming_a_document(number: int, pause: float) -> None:
    """The kernel's memory killer picks the largest process, whatever it does just then."""
    with _readers() as readers:
        for _ in range(2):
            killed = process_of(readers.read([a_window()])[0])
            os.kill(killed, number)
            time.sleep(pause)
            assert process_of(readers.read([a_window()])[0]) != killed


def test_interrupting_the_terminal_is_for_the_daemon_alone() -> None:
    with _readers() as readers:
        process = process_of(readers.read([a_window()])[0])
        os.kill(process, signal.SIGINT)
        assert process_of(readers.read([a_window()])[0]) == process


def _failure_of(call: Callable[[], object], meanwhile: Callable[[], None]) -> BaseException | None:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    meanwhile()
    thread.join(10)
    assert not thread.is_alive()
    return caught[0] if caught else None


def test_closing_ends_a_reading_at_once(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with _readers() as readers:

        def close() -> None:
            _until(started.exists)
            readers.close()

        began = time.monotonic()
        failure = _failure_of(lambda: readers.read([a_window(f"hang:{started}")]), close)
        assert isinstance(failure, StoppingError)
        assert time.monotonic() - began < 5
        with pytest.raises(StoppingError):
            readers.read([a_window()])


def test_closing_ends_the_loading_of_an_engine_at_once(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with _readers(partial(open_for_ever, str(started))) as readers:

        def close() -> None:
            _until(started.exists)
            readers.close()

        assert isinstance(_failure_of(readers.open, close), StoppingError)
        assert readers.problem is None
        _until(lambda: not psutil.pid_exists(int(started.read_text(encoding="ascii"))))


def test_whoever_waits_for_a_reader_is_told_when_there_will_be_none(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with _readers() as readers:
        busy = threading.Thread(
            target=_failure_of, args=(lambda: readers.read([a_window(f"hang:{started}")]), lambda: None)
        )
        busy.start()
        _until(started.exists)
        assert isinstance(_failure_of(lambda: readers.read([a_window()]), readers.close), StoppingError)
        busy.join(10)


def test_closing_at_any_moment_leaves_no_process_and_no_surprise() -> None:
    """The daemon may be told to stop while readers start, read, die or are replaced."""
    for delay in range(8):
        with _readers(count=2) as readers:

            def work(readers: ProcessReaders = readers) -> None:
                while True:
                    for verb in ("a", "crash"):
                        readers.read([a_window(verb)])

            def close(readers: ProcessReaders = readers, delay: int = delay) -> None:
                time.sleep(delay * 0.03)
                readers.close()

            assert isinstance(_failure_of(work, close), StoppingError)


def test_nothing_is_left_when_the_readers_end() -> None:
    with _readers(count=2) as readers:
        both = {process_of(readers.read([a_window()])[0])}
        threads = [threading.Thread(target=lambda: both.add(process_of(readers.read([a_window()])[0]))) for _ in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not any(psutil.pid_exists(process) for process in both)
    assert [child for child in psutil.Process().children(recursive=True) if child.status() == "zombie"] == []


def test_two_readers_read_at_the_same_time(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with _readers(count=2) as readers:
        threads = [
            threading.Thread(target=_failure_of, args=(partial(readers.read, [a_window(f"hang:{path}")]), lambda: None))
            for path in (first, second)
        ]
        for thread in threads:
            thread.start()
        _until(lambda: first.exists() and second.exists())
        readers.close()
        for thread in threads:
            thread.join(10)


_DAEMON = """
import sys, threading
from pathlib import Path
from engines import ObedientEngine, a_window, process_of
from ocr_inbox.processes import Care, ProcessReaders

if __name__ == "__main__":
    with ProcessReaders(ObedientEngine, 2, Care(preload="string")) as readers:
        readers.open()
        threading.Thread(target=readers.read, args=([a_window("hang:" + sys.argv[1])],)).start()
        Path(sys.argv[2]).write_text(str(process_of(readers.read([a_window()])[0])))
        threading.Event().wait()
"""


def test_readers_end_with_a_daemon_that_was_killed(tmp_path: Path) -> None:
    """Idle or in the middle of a page: nobody would ever take their answer, and they hold a gigabyte each."""
    (tmp_path / "daemon.py").write_text(_DAEMON, encoding="ascii")
    notes = [tmp_path / "busy", tmp_path / "idle"]
    daemon = subprocess.Popen(
        [sys.executable, str(tmp_path / "daemon.py"), *map(str, notes)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
    )
    with daemon:
        _until(lambda: all(note.exists() and note.read_text(encoding="ascii") for note in notes))
        family = psutil.Process(daemon.pid).children(recursive=True)
        readers = {int(note.read_text(encoding="ascii")) for note in notes}
        assert readers <= {process.pid for process in family}
        daemon.kill()
    _until(lambda: not any(process.is_running() and process.status() != "zombie" for process in family))
