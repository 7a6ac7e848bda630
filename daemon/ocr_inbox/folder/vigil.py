"""Keeping an inbox watched: beginning anew where the watch broke, and saying so where it cannot be."""

import errno
import os
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from ocr_inbox.folder.ground import Ground
from ocr_inbox.folder.hints import Hints
from ocr_inbox.folder.refusals import reason
from ocr_inbox.folder.watch import Watch, watching

_CATCH_UP_SECONDS = 0.25
_MOST_DOUBLINGS = 10
_REMEDIES = {
    errno.ENOSPC: "the inotify watch limit is reached; raise it with sysctl fs.inotify.max_user_watches",
    errno.EMFILE: "the inotify instance limit is reached; raise it with sysctl fs.inotify.max_user_instances",
}

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Vigil:
    """Remembers the watch, why there is none, and when to try again; times are monotonic seconds.

    It waits twice as long after each refusal: watchdog 6 leaves three descriptors open every time.
    """

    inbox: str
    hints: Hints
    retry_seconds: float
    problem: str | None = None
    _watch: Watch | None = None
    _opened: ExitStack = field(default_factory=ExitStack)
    _began: bool = False
    _refusals: int = 0
    _not_before: float = float("-inf")

    def hears(self) -> bool:
        """Whether events of the whole tree arrive."""
        return self._watch is not None and self._watch.is_whole() and not self.problem

    def is_broken(self) -> bool:
        """Whether there was a watch and it died."""
        return self._watch is not None and not self._watch.is_whole()

    def keep(self, ground: Ground, now: float, *, anew: bool, insist: bool) -> None:
        """Watch this tree; a watch that does is kept, unless everything heard is to be mistrusted (`anew`).

        After a refusal, a new try is due only after a while, or when somebody insists.
        """
        self._began = False
        watch = self._watch
        whole = watch is not None and watch.is_whole() and watch.ground == ground and not anew
        refused = self.problem is not None and now < self._not_before and not insist
        if (whole and not self.problem) or (refused and (whole or watch is None)):
            return
        if watch is not None:
            log.warning("inbox_watch_renewed", inbox=self.inbox, lost=anew, broken=self.is_broken())
        self.end()
        try:
            self._watch = self._opened.enter_context(watching(ground, self.hints))
        except OSError as error:
            self._refuse(_REMEDIES.get(error.errno or 0) or reason(error), now)
        else:
            self._began = True

    def verify(self, folders: Mapping[str, int], stop: threading.Event, now: float) -> bool:
        """Whether it pays to begin anew: the kernel does not watch all of these folders (see `Survey.folders`).

        Where the watch is as new as it can be, that is a problem instead.
        """
        watch = self._watch
        if watch is None or (self.problem and not self._began):
            return False
        missed = watch.missed(folders)
        if missed and not stop.wait(_CATCH_UP_SECONDS):
            missed = {folder: missed[folder] for folder in missed if os.path.isdir(watch.ground.path(folder))}
            missed = watch.missed(missed)
        if not missed:
            self._refusals = 0
        elif self._began:
            self._refuse(f"{len(missed)} of {len(folders)} folders are left out; {_REMEDIES[errno.ENOSPC]}", now)
            return False
        return bool(missed)

    def _refuse(self, why: str, now: float) -> None:
        self.problem = f"cannot watch everything for events, and scan more often instead: {why}"
        self._not_before = now + self.retry_seconds * 2**self._refusals
        self._refusals = min(self._refusals + 1, _MOST_DOUBLINGS)

    def end(self) -> None:
        """Watch nothing."""
        self.problem = None
        self._watch = None
        self._opened.close()
