"""The door for uploads: no more come in than may wait, and none while the daemon drains."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi.concurrency import run_in_threadpool

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.errors import QueueFullError, StoppingError
from ocr_inbox.model import UPLOADS


class Entrance:
    """Remembers how many uploads are on their way in; they will be jobs, but the ledger does not know them yet."""

    def __init__(self, chronicle: Chronicle, most: int) -> None:
        self._chronicle = chronicle
        self._most = most
        self._coming = 0

    @asynccontextmanager
    async def passed(self, uploads: int = 1) -> AsyncIterator[None]:
        """Hold places until the uploads are jobs; raises QueueFullError where there are not as many.

        Raises StoppingError once a person wants the daemon to end.
        """
        waiting = await run_in_threadpool(self._waiting)
        if waiting + self._coming + uploads > self._most:
            raise QueueFullError(f"no more than {self._most} uploads may wait; try again a little later")
        self._coming += uploads
        try:
            yield
        finally:
            self._coming -= uploads

    def _waiting(self) -> int:
        if self._chronicle.draining():
            raise StoppingError("cannot take it: the daemon ends when it has read what it has; ask again later")
        return self._chronicle.open_jobs(UPLOADS)
