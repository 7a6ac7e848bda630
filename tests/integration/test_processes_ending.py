"""Readers end when they are told to, at any moment, and with the daemon; none is ever left behind."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from engines import a_window, open_for_ever, process_of, some_readers, until
from ocr_inbox.errors import StoppingError
from ocr_inbox.processes import ProcessReaders


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
    with some_readers() as readers:

        def close() -> None:
            until(started.exists)
            readers.close()

        began = time.monotonic()
        failure = _failure_of(lambda: readers.read([a_window(f"hang:{started}")]), close)
        assert isinstance(failure, StoppingError)
        assert time.monotonic() - began < 5
        with pytest.raises(StoppingError):
            readers.read([a_window()])


def test_closing_ends_the_loading_of_an_engine_at_once(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with some_readers(partial(open_for_ever, str(started))) as readers:

        def close() -> None:
            until(started.exists)
            readers.close()

        assert isinstance(_failure_of(readers.open, close), StoppingError)
        assert readers.problem is None
        until(lambda: not psutil.pid_exists(int(started.read_text(encoding="ascii"))))


def test_whoever_waits_for_a_reader_is_told_when_there_will_be_none(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with some_readers() as readers:
        busy = threading.Thread(
            target=_failure_of, args=(lambda: readers.read([a_window(f"hang:{started}")]), lambda: None)
        )
        busy.start()
        until(started.exists)
        assert isinstance(_failure_of(lambda: readers.read([a_window()]), readers.close), StoppingError)
        busy.join(10)


def test_closing_at_any_moment_leaves_no_process_and_no_surprise() -> None:
    """The daemon may be told to stop while readers start, read, die or are replaced."""
    for delay in range(8):
        with some_readers(count=2) as readers:

            def work(readers: ProcessReaders = readers) -> None:
                while True:
                    for verb in ("a", "crash"):
                        readers.read([a_window(verb)])

            def close(readers: ProcessReaders = readers, delay: int = delay) -> None:
                time.sleep(delay * 0.03)
                readers.close()

            assert isinstance(_failure_of(work, close), StoppingError)


def test_nothing_is_left_when_the_readers_end() -> None:
    with some_readers(count=2) as readers:
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
    with some_readers(count=2) as readers:
        threads = [
            threading.Thread(target=_failure_of, args=(partial(readers.read, [a_window(f"hang:{path}")]), lambda: None))
            for path in (first, second)
        ]
        for thread in threads:
            thread.start()
        until(lambda: first.exists() and second.exists())
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
        until(lambda: all(note.exists() and note.read_text(encoding="ascii") for note in notes))
        family = psutil.Process(daemon.pid).children(recursive=True)
        readers = {int(note.read_text(encoding="ascii")) for note in notes}
        assert readers <= {process.pid for process in family}
        daemon.kill()
    until(lambda: not any(process.is_running() and process.status() != "zombie" for process in family))
