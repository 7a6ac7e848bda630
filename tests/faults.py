"""What can be done to folder inboxes in tests, and waiting for them to notice."""

import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from listening import PATIENCE, Listener
from ocr_inbox.folder import FolderInbox

NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount, or become somebody else")


def until(what: Callable[[], bool]) -> None:
    """Wait, with an end, for something that makes no sound."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def scanned(inbox: FolderInbox) -> None:
    until(lambda: inbox.vitals().last_scan_at is not None)


def problem(inbox: FolderInbox) -> str:
    return inbox.vitals().problem or ""


def hears(listener: Listener, folder: Path, prefix: str = "") -> bool:
    """Wait until a new file is told of by an event: right after a fault, a scan may still be first."""
    deadline = time.monotonic() + PATIENCE
    for number in itertools.count():
        path = folder / f"probe {time.monotonic_ns()} {number}.png"
        path.write_bytes(b"pixels")
        if listener.expect(prefix + path.name).by_event:
            return True
        assert time.monotonic() < deadline, "no event told of a new file"
    return False


@contextmanager
def mounted(kind: str, source: str, place: Path, *options: str) -> Iterator[None]:
    command = ["mount", "-t", kind, *(["-o", ",".join(options)] if options else []), source, str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip(f"this machine lets nobody mount {kind}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, as a service runs; only root can do that."""
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
