"""watchdog, asked for nothing but what matters, and believed only while it demonstrably watches."""

import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from watchdog.events import FileClosedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers.inotify import InotifyFullEmitter, InotifyObserver
from watchdog.observers.inotify_c import InotifyConstants

from ocr_inbox.folder.ground import Ground
from ocr_inbox.folder.hints import Hints

if TYPE_CHECKING:
    from watchdog.observers.inotify_c import Mask

_MASK = (
    InotifyConstants.IN_CREATE
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_DONT_FOLLOW
)
_WATCHED = re.compile(rb"^inotify wd:\S+ ino:([0-9a-f]+) sdev:([0-9a-f]+)", re.MULTILINE)


class _Emitter(InotifyFullEmitter):
    """Without IN_MOVED_FROM: watchdog holds each one, and all events behind it, back for half a second."""

    def get_event_mask_from_filter(self) -> "Mask":
        return cast("Mask", _MASK)


class _Observer(InotifyObserver):
    def __init__(self) -> None:
        super().__init__(generate_full_events=True)
        self._emitter_class = _Emitter

    def is_whole(self) -> bool:
        """Whether all its threads run; the one that reads from the kernel has another place in every version."""
        readers = [
            getattr(self, "_inotify_fd", None),
            *(getattr(emitter, "_inotify", None) for emitter in self.emitters),
        ]
        threads = [self, *self.emitters, *(reader for reader in readers if isinstance(reader, threading.Thread))]
        return all(thread.is_alive() for thread in threads)


class _Ear(FileSystemEventHandler):
    def __init__(self, ground: Ground, hints: Hints) -> None:
        self._ground = ground
        self._hints = hints
        self._prefix = os.path.join(ground.root, "")

    def dispatch(self, event: FileSystemEvent) -> None:
        """Take what concerns files; a folder that appears brings an event for each file in it."""
        path = os.fsdecode(event.dest_path or event.src_path).removeprefix(self._prefix)
        if not event.is_directory and self._ground.holds(path):
            self._hints.tell(path, complete=isinstance(event, FileClosedEvent | FileMovedEvent))


class _OverflowEar(logging.Handler):
    """watchdog 7 tells of lost events only in its log."""

    def __init__(self, hints: Hints) -> None:
        super().__init__(logging.WARNING)
        self._hints = hints

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._hints.lose()


@contextmanager
def watching(ground: Ground, hints: Hints) -> Iterator["Watch"]:
    """Fill `hints` with what happens in a folder tree; raises OSError where its root cannot be watched."""
    ear, journal = _OverflowEar(hints), logging.getLogger("watchdog.observers.inotify_c")
    journal.setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)  # a folder was renamed within the tree
    with ExitStack() as opened:
        journal.addHandler(ear)
        opened.callback(journal.removeHandler, ear)
        observer = _Observer()
        opened.callback(_end, observer)
        observer.schedule(_Ear(ground, hints), ground.root, recursive=ground.recursive)
        observer.start()
        yield Watch(ground, observer)


def _end(observer: _Observer) -> None:
    observer.stop()
    if observer.is_alive():
        observer.join()


@dataclass(frozen=True, slots=True)
class Watch:
    """One life of watchdog over one folder tree; where it broke, it begins anew with another."""

    ground: Ground
    _observer: _Observer

    def is_whole(self) -> bool:
        """Whether all of watchdog's threads still run."""
        return self._observer.is_whole()

    def missed(self, folders: Mapping[str, int]) -> dict[str, int]:
        """Those of these folders, given with their inode numbers, that the kernel does not watch for us.

        watchdog passes silently over folders that it could not add, and loses some that are moved.
        """
        watched = _watched()
        root = f"{self.ground.inode:x}".encode()
        devices = [device for inode, device in watched if inode == root]  # some file systems have two numbers
        if not devices:
            return {}  # and on others, inode numbers cannot be compared either
        seen = {int(inode, 16) for inode, device in watched if device in devices}
        return {folder: inode for folder, inode in folders.items() if inode not in seen}


def _watched() -> set[tuple[bytes, bytes]]:
    """Inode and device of what all inotify instances of this process watch: nothing says which is whose."""
    watched: set[tuple[bytes, bytes]] = set()
    with suppress(OSError):
        for number in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):  # closed meanwhile
                if os.readlink(f"/proc/self/fd/{number}") == "anon_inode:inotify":
                    with open(f"/proc/self/fdinfo/{number}", "rb") as file:
                        watched.update(_WATCHED.findall(file.read()))
    return watched
