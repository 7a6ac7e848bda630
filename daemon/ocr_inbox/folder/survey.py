"""One look at every file of an inbox: one scandir a folder, one stat a file."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from ocr_inbox.folder.ground import Ground
from ocr_inbox.folder.refusals import reason
from ocr_inbox.names import is_never_a_document, is_temporary_of_ours, key_of

_STALE_SECONDS = 3600.0
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)

Found = tuple[str, os.stat_result]
"""A path relative to the root and its status: plain, because there are so many of them."""


@dataclass(slots=True, kw_only=True)
class Survey:
    """Remembers which folders it saw, and what it was not let see; `now` is in seconds since the epoch.

    `folders` are inode numbers by relative path, of the folders on the root's own file system.
    """

    ground: Ground
    stop: threading.Event
    now: float
    folders: dict[str, int] = field(default_factory=dict)
    _unseen: int = 0
    _first_unseen: str = ""

    @property
    def problem(self) -> str | None:
        """What could not be looked at and why."""
        more = f" (and {self._unseen - 1} more)" if self._unseen > 1 else ""
        return f"{self._first_unseen}{more}" if self._unseen else None

    def candidates(self) -> Iterator[Found]:
        """The regular files that are not empty and may be documents, until `stop` is set; links are not followed.

        Raises OSError where the root itself cannot be read; a folder below it becomes part of `problem`.
        """
        waiting = [""]
        while waiting and not self.stop.is_set():
            folder = waiting.pop()
            try:
                yield from self._folder(folder, waiting)
            except OSError as error:
                if not folder:
                    raise
                self._note(folder, error)

    def _folder(self, folder: str, waiting: list[str]) -> Iterator[Found]:
        prefix = os.path.join(folder, "")
        with os.scandir(self.ground.path(folder)) as entries:
            status = os.stat(self.ground.path(folder), follow_symlinks=False)
            if status.st_dev == self.ground.device:
                self.folders[folder] = status.st_ino
            for entry in entries:
                if self.stop.is_set():
                    return
                path = prefix + entry.name
                if entry.is_file(follow_symlinks=False):
                    found = self._status(entry, path)
                    if found and found.st_size:
                        yield path, found
                elif entry.is_dir(follow_symlinks=False) and self.ground.holds_folder(path, entry.name):
                    waiting.append(path)

    def _status(self, entry: os.DirEntry[str], path: str) -> os.stat_result | None:
        try:
            if not is_never_a_document(entry.name):
                return entry.stat(follow_symlinks=False)
            if is_temporary_of_ours(entry.name):
                self._sweep(entry)
        except OSError as error:
            self._note(path, error)
        return None

    def _sweep(self, entry: os.DirEntry[str]) -> None:
        """What a killed daemon left half-written goes; the change time, because copies carry their original's."""
        if entry.stat(follow_symlinks=False).st_ctime < self.now - _STALE_SECONDS:
            with suppress(OSError):
                os.unlink(entry.path)

    def _note(self, path: str, error: OSError) -> None:
        if error.errno in _GONE:
            return
        self._unseen += 1
        self._first_unseen = self._first_unseen or f"cannot read {key_of(self.ground.path(path))}: {reason(error)}"
