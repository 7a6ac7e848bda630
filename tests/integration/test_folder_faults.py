"""What can happen to a folder inbox, done to it for real."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import watchdog.version

from faults import hears, mounted, needs_root, problem, scanned, until
from folders import a_folder_inbox, put, put_long_ago
from listening import listening
from ocr_inbox.folder import FolderInbox


def test_a_root_that_is_missing_is_waited_for(tmp_path: Path) -> None:
    root = tmp_path / "inbox"
    inbox = a_folder_inbox(root)
    with listening(inbox) as listener:
        until(lambda: "it does not exist" in problem(inbox))
        assert str(root) in problem(inbox)
        put(tmp_path, "prepared/scan.png")
        (tmp_path / "prepared").rename(root)
        listener.expect("scan.png")
        until(lambda: not inbox.vitals().problem)
        assert hears(listener, root)


def test_a_root_that_is_a_file_is_a_problem(tmp_path: Path) -> None:
    inbox = a_folder_inbox(put(tmp_path, "inbox"))
    with listening(inbox):
        until(lambda: "it is not a folder" in problem(inbox))


def test_a_root_that_vanishes_pauses_the_inbox_and_is_watched_again_when_it_returns(tmp_path: Path) -> None:
    root = tmp_path / "inbox"
    put_long_ago(root, "scan.png")
    inbox = a_folder_inbox(root)
    with listening(inbox) as listener:
        scanned(inbox)
        root.rename(tmp_path / "away")
        until(lambda: "it does not exist" in problem(inbox))
        (tmp_path / "away").rename(root)
        until(lambda: not inbox.vitals().problem)
        assert hears(listener, root)


def test_another_folder_in_place_of_the_root_is_noticed(tmp_path: Path) -> None:
    root = tmp_path / "inbox"
    put_long_ago(root, "scan.png")
    put_long_ago(tmp_path, "other/scan 2.png")
    inbox = a_folder_inbox(root)
    with listening(inbox) as listener:
        scanned(inbox)
        root.rename(tmp_path / "away")
        (tmp_path / "other").rename(root)
        listener.expect("scan 2.png")
        until(lambda: not inbox.vitals().problem)
        assert hears(listener, root)


@needs_root
def test_a_file_system_that_is_mounted_over_the_root_is_noticed(tmp_path: Path) -> None:
    inbox = a_folder_inbox(tmp_path)
    with listening(inbox) as listener:
        scanned(inbox)
        with mounted("tmpfs", "none", tmp_path):
            put(tmp_path, "mounted.png")
            listener.expect("mounted.png")
        put(tmp_path, "below.png")
        listener.expect("below.png")


@needs_root
def test_a_file_system_that_is_mounted_below_the_root_belongs_to_the_inbox(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    inbox = a_folder_inbox(tmp_path)
    with mounted("tmpfs", "none", tmp_path / "disk"), listening(inbox) as listener:
        scanned(inbox)
        put(tmp_path, "disk/scan.png")
        assert listener.expect("disk/scan.png").by_event
        assert not inbox.vitals().problem


def test_a_folder_that_disappears_while_it_is_scanned_is_no_problem(tmp_path: Path) -> None:
    for folder in "abc":
        for number in range(600):
            put(tmp_path, f"{folder}/{number}.png")
    inbox = FolderInbox(a_folder_inbox(tmp_path)._options, lambda: time.time() + 60)
    batches = inbox.arrivals(threading.Event())
    (first,) = {arrival.document.key[0] for arrival in next(batches)}
    for folder in set("abc") - {first}:
        shutil.rmtree(tmp_path / folder)
    put(tmp_path, f"{first}/late.png")
    while not any("late.png" in arrival.document.key for arrival in next(batches)):
        pass
    batches.close()  # type: ignore[attr-defined] # it is a generator, though the port only says iterator
    assert not inbox.vitals().problem


def test_lost_events_are_made_up_for_by_a_scan(tmp_path: Path) -> None:
    """The kernel's queue holds 16,384 events; they are not read for a moment, and more than that happen."""
    files = [put(tmp_path, f"{number}.png") for number in range(2)]
    inbox = a_folder_inbox(tmp_path)
    with listening(inbox) as listener:
        scanned(inbox)
        with not_reading(inbox):
            put(tmp_path, "before.png")
            for number in range(40_000):
                os.utime(files[number % 2])
            put(tmp_path, "late.png")
        assert not listener.expect("late.png").by_event
        assert hears(listener, tmp_path)


@contextmanager
def not_reading(inbox: FolderInbox) -> Iterator[None]:
    """Hold the lock that watchdog takes before it reads from the kernel."""
    watch = inbox._lookout._vigil._watch
    assert watch is not None
    observer = watch._observer
    (emitter,) = observer.emitters
    seven = watchdog.version.VERSION_MAJOR >= 7
    reader = observer._inotify_fd if seven else emitter._inotify._inotify  # type: ignore[attr-defined] # watchdog 6
    with reader._lock:
        yield


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_watch_that_died_is_begun_anew(tmp_path: Path) -> None:
    """A folder that is moved away, replaced, and then both removed: watchdog's own books are wrong then."""
    root = tmp_path / "inbox"
    root.mkdir()
    inbox = a_folder_inbox(root)
    with listening(inbox) as listener:
        scanned(inbox)
        put(root, "a/first.png")
        listener.expect("a/first.png")
        (root / "a").rename(tmp_path / "away")
        put(root, "a/second.png")
        listener.expect("a/second.png")
        watch = inbox._lookout._vigil._watch
        shutil.rmtree(root / "a")
        put(root, "b.png")
        listener.expect("b.png")
        shutil.rmtree(tmp_path / "away")
        put(root, "c.png")
        listener.expect("c.png")
        until(lambda: inbox._lookout._vigil._watch is not watch and inbox.vitals().mode == "events")
        assert hears(listener, root)


LIMITED = """
import json, os, sys, threading, time
from pathlib import Path
sys.path[:0] = json.loads(sys.argv[1])
from folders import a_folder_inbox, put, put_long_ago
from listening import listening
Path("/proc/sys/user", sys.argv[2]).write_text(sys.argv[3])
root = Path(sys.argv[4])
inbox = a_folder_inbox(root)
with listening(inbox) as listener:
    listener.expect("a/scan.png")
    while inbox.vitals().last_scan_at is None:
        time.sleep(0.01)
    problems = [inbox.vitals().problem, inbox.vitals().mode]
    put(root, "e/scan.png")
    listener.expect("e/scan.png")
    Path("/proc/sys/user", sys.argv[2]).write_text("1000")
    inbox.rescan()
    while inbox.vitals().problem:
        time.sleep(0.01)
    put(root, "e/scan 2.png")
    assert listener.expect("e/scan 2.png").by_event
print(json.dumps(problems))
"""


@pytest.mark.parametrize(
    ("limit", "value"), [("max_inotify_watches", 3), ("max_inotify_watches", 0), ("max_inotify_instances", 0)]
)
def test_where_inotify_has_reached_its_limit_it_polls_and_says_what_to_raise(
    tmp_path: Path, limit: str, value: int
) -> None:
    for folder in "abcdef":
        put_long_ago(tmp_path, f"{folder}/scan.png" if folder == "a" else f"{folder}/.keep")
    here = Path(__file__).parents[2]
    paths = json.dumps([str(here / "daemon"), str(here / "tests")])
    python = [sys.executable, "-c", LIMITED, paths, limit, str(value), str(tmp_path)]
    result = subprocess.run(
        ["unshare", "--user", "--map-root-user", *python], check=False, capture_output=True, text=True, timeout=60
    )
    if "unshare" in result.stderr:
        pytest.skip("this machine lets nobody make user namespaces")
    assert result.returncode == 0, result.stderr
    reason, mode = json.loads(result.stdout.splitlines()[-1])
    assert mode == "polling"
    assert f"sysctl fs.inotify.{limit.replace('inotify', 'user')}" in reason


@pytest.fixture
def fuse(tmp_path: Path) -> Iterator[tuple[Path, Path, int]]:
    """A folder, the same folder through FUSE, and the process that serves it."""
    if not shutil.which("bindfs") or os.geteuid() != 0:
        pytest.skip("bindfs is not installed, or only root may use it")
    behind, before = tmp_path / "behind", tmp_path / "before"
    behind.mkdir()
    before.mkdir()
    with subprocess.Popen(["bindfs", "-f", str(behind), str(before)]) as server:
        try:
            until(before.is_mount)
            yield behind, before, server.pid
        finally:
            os.kill(server.pid, signal.SIGCONT)
            subprocess.run(["umount", "-l", str(before)], check=False)
            server.terminate()


def test_a_network_file_system_is_polled(fuse: tuple[Path, Path, int]) -> None:
    behind, before, _ = fuse
    inbox = a_folder_inbox(before)
    with listening(inbox) as listener:
        scanned(inbox)
        put(behind, "text/scan.png")
        assert not listener.expect("text/scan.png").by_event
        assert inbox.vitals().mode == "polling"
        assert not inbox.vitals().problem


def test_a_mount_that_hangs_does_not_stop_the_other_inboxes(fuse: tuple[Path, Path, int], tmp_path: Path) -> None:
    _, before, server = fuse
    hung, other = a_folder_inbox(before), a_folder_inbox(tmp_path / "other")
    (tmp_path / "other").mkdir()
    with listening(hung) as slow, listening(other) as fast:
        scanned(hung)
        scanned(other)
        os.kill(server, signal.SIGSTOP)
        put(tmp_path / "other", "scan.png")
        fast.expect("scan.png")
        os.kill(server, signal.SIGCONT)
        put(before, "scan 2.png")
        slow.expect("scan 2.png")
