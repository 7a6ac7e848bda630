"""Requests that wait for their job: the ledger tells of its end, nobody looks twice."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from ocr_inbox.errors import StoppingError, VlUnavailableError
from ocr_inbox.model import UPLOADS, Job, JobState
from ocr_inbox_api.problems import problem

_UNAVAILABLE = 503

Told = TypeVar("Told")


class Waiting:
    """Remembers who waits for which upload. `heard` may be called in any thread, the rest in the event loop only."""

    def __init__(self) -> None:
        self._outcomes: dict[str, asyncio.Future[Job]] = {}
        self._closed = False

    @contextmanager
    def expect(self, key: str) -> Iterator[asyncio.Future[Job]]:
        """What becomes of an upload; to be entered before its job exists, so that no end is missed.

        Raises StoppingError once nobody may wait any more.
        """
        if self._closed:
            raise _stopping()
        outcome: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
        self._outcomes[key] = outcome
        try:
            yield outcome
        finally:
            del self._outcomes[key]
            outcome.cancel()

    def heard(self, job: Job) -> None:
        """Wake who waits for this job, if it ended or was put off; another attempt is worth waiting for."""
        if job.document.inbox != UPLOADS:
            return
        outcome = self._outcomes.get(job.document.key)
        if outcome is None or (job.state is JobState.WAITING and not _is_put_off(job)):
            return
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            outcome.get_loop().call_soon_threadsafe(_settle, outcome, job)

    def close(self) -> None:
        """Tell everyone who waits that the daemon stops: their jobs go on when it starts again."""
        self._closed = True
        for outcome in tuple(self._outcomes.values()):
            with suppress(RuntimeError):  # as in `heard`
                outcome.get_loop().call_soon_threadsafe(_refuse, outcome)


def _is_put_off(job: Job) -> bool:
    """Whether it waits for the world; that its server is away is nothing to a job that has a fallback."""
    may_be_diverted = job.assignment.fallback and job.code == VlUnavailableError.code
    return problem(job.code).status == _UNAVAILABLE and not may_be_diverted


def _stopping() -> StoppingError:
    return StoppingError("cannot answer now: the daemon is stopping; ask again when it has started")


def _refuse(outcome: asyncio.Future[Job]) -> None:
    if not outcome.done():
        outcome.set_exception(_stopping())


def _settle(outcome: asyncio.Future[Job], job: Job) -> None:
    if not outcome.done():
        outcome.set_result(job)


async def first_of(request: Request, outcome: asyncio.Future[Told], seconds: float) -> Told | None:
    """The outcome when it is told of, or None after `seconds`; raises ClientDisconnect where nobody listens now."""
    gone = asyncio.ensure_future(request.receive())
    either: tuple[asyncio.Future[Any], ...] = (outcome, gone)
    try:
        await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if outcome.done():
            return outcome.result()
        if gone.done():
            raise ClientDisconnect
        return None
    finally:
        gone.cancel()
