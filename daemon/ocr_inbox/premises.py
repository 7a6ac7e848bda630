"""The folders of a daemon, and that only one daemon works in them."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from ocr_inbox.errors import AlreadyRunningError, ConfigurationError
from ocr_inbox.model import PipelineName
from ocr_inbox.options import uploads_folder
from ocr_inbox.settings import Settings

_GLANCE_SECONDS = 0.2
"""Who asks whether a daemon runs holds the lock for a moment; whoever holds it for longer is one."""


@contextmanager
def occupied(settings: Settings) -> Iterator[None]:
    """The folders are there, and nobody else's while the `with` block lasts.

    Raises AlreadyRunningError, and ConfigurationError where a folder cannot be made or written.
    """
    _create_folders(settings)
    with _only_one(settings.state_dir):
        yield


def _create_folders(settings: Settings) -> None:
    wanted = [settings.state_dir, uploads_folder(settings)]
    for inbox in settings.inboxes:
        if inbox.create:
            wanted.append(inbox.folder)
            wanted += [] if inbox.rules else [inbox.folder / name.value for name in PipelineName]
    try:
        for folder in wanted:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the folder {error.filename}: {error.strerror}; make it for the daemon's user, or name another"
        ) from error


@contextmanager
def _only_one(state_dir: Path) -> Iterator[None]:
    lock, pid_file = _lock(state_dir), state_dir / "daemon.pid"
    try:
        lock.acquire(timeout=_GLANCE_SECONDS)
        # Whoever reads the pid may ask for a scan or a reload at once, and until then that would end the process.
        for number in (signal.SIGUSR1, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        pid_file.write_text(str(os.getpid()), encoding="ascii")
    except filelock.Timeout as error:
        raise AlreadyRunningError(
            f"cannot start: another ocr-inbox works in {state_dir}; stop it first, or choose another state_dir"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"cannot write into state_dir {state_dir}: {error.strerror}; give it and all that is in it to the "
            "daemon's user (chown -R), or name another"
        ) from error
    try:
        yield
    finally:
        pid_file.unlink(missing_ok=True)
        lock.release()


def running_pid(state_dir: Path) -> int | None:
    """The daemon that works in this folder, if one does: a pid that a killed one left may be somebody else's by now.

    Raises OSError where the folder belongs to somebody else.
    """
    if not (state_dir / "daemon.pid").exists():
        return None
    try:
        _lock(state_dir).acquire(blocking=False).lock.release()
    except filelock.Timeout:
        return int((state_dir / "daemon.pid").read_text(encoding="ascii"))
    return None


def _lock(state_dir: Path) -> filelock.FileLock:
    return filelock.FileLock(state_dir / "daemon.lock")
