"""Requests that wait, seen from inside the event loop."""

import asyncio
import threading
from dataclasses import replace

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from builders import a_document, a_job, an_assignment
from ocr_inbox.model import Job, JobState, PipelineName
from ocr_inbox_api.waiting import Waiting, first_of

KEY = "0123.upload"
ENDED = a_job(document=a_document(KEY, inbox="uploads"))


async def nothing() -> Message:
    """A client that stays and says no more."""
    await asyncio.Event().wait()
    raise AssertionError


async def farewell() -> Message:
    return {"type": "http.disconnect"}


def waited(waiting: Waiting, *told: Job, seconds: float = 5) -> Job | None:
    """What a request sees while another thread tells of these jobs."""

    def tell() -> None:
        for job in told:
            waiting.heard(job)

    async def request() -> Job | None:
        with waiting.expect(KEY) as outcome:
            other = threading.Thread(target=tell)
            other.start()
            other.join()
            return await first_of(Request({"type": "http"}, nothing), outcome, seconds)

    return asyncio.run(request())


def test_an_end_that_came_before_the_wait_is_not_missed() -> None:
    assert waited(Waiting(), ENDED) is ENDED


def test_the_first_end_counts() -> None:
    buried = replace(ENDED, state=JobState.BURIED)
    assert waited(Waiting(), buried, ENDED) is buried


@pytest.mark.parametrize(
    "other",
    [
        replace(ENDED, document=a_document("else.upload", inbox="uploads")),
        replace(ENDED, document=a_document(KEY, inbox="scans")),
        replace(ENDED, state=JobState.WAITING, code="crashed"),
        replace(ENDED, state=JobState.WAITING, code=None),
    ],
)
def test_what_is_no_end_of_this_job_wakes_nobody(other: Job) -> None:
    assert waited(Waiting(), other, seconds=0) is None


def test_a_job_that_its_fallback_will_read_is_worth_waiting_for() -> None:
    assignment = an_assignment(PipelineName.DOCUMENT, fallback=PipelineName.TABLE)
    put_off = replace(ENDED, assignment=assignment, state=JobState.WAITING, code="vl_unavailable")
    assert waited(Waiting(), put_off, seconds=0) is None
    assert waited(Waiting(), replace(put_off, code="inbox_unavailable")) is not None
    assert waited(Waiting(), replace(put_off, assignment=an_assignment(PipelineName.DOCUMENT))) is not None


def test_a_job_that_is_put_off_wakes_its_request() -> None:
    put_off = replace(ENDED, state=JobState.WAITING, code="inbox_unavailable")
    assert waited(Waiting(), put_off) is put_off


def test_whoever_hangs_up_is_not_waited_for_and_leaves_nothing() -> None:
    waiting = Waiting()

    async def request() -> None:
        with waiting.expect(KEY) as outcome:
            await first_of(Request({"type": "http"}, farewell), outcome, 5)

    with pytest.raises(ClientDisconnect):
        asyncio.run(request())
    assert waiting._outcomes == {}
    waiting.heard(ENDED)


def test_news_for_a_loop_that_is_closed_harms_nobody() -> None:
    """The dispatcher tells it, and must not fail because the server has stopped."""
    waiting = Waiting()
    loop = asyncio.new_event_loop()
    waiting._outcomes[KEY] = loop.create_future()
    loop.close()
    waiting.heard(ENDED)
