"""On-demand requests: an upload becomes a job like any other, and the answer is what that job left."""

import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from ocr_inbox.model import Job, PipelineName
from ocr_inbox_api.answers import Measured, success_schema
from ocr_inbox_api.doors import FILE, Door, open_door
from ocr_inbox_api.form import Allowance, receive
from ocr_inbox_api.problems import Failure, job_url
from ocr_inbox_api.reception import Reception, in_a_hurry
from ocr_inbox_api.shapes import JobAnswer, JobView
from ocr_inbox_api.uploads import Upload, new_key
from ocr_inbox_api.waiting import first_of
from ocr_inbox_api.wishes import Wishes, wishes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One pipeline's door: where it is, and by which other paths it has been known."""

    pipeline: PipelineName
    path: str
    summary: str
    aliases: tuple[str, ...] = ()


ENDPOINTS = (
    Endpoint(pipeline=PipelineName.TEXT, path="/api/v1/ocr/text", summary="Read the text of a file"),
    Endpoint(
        pipeline=PipelineName.TABLE,
        path="/api/v1/ocr/table",
        summary="Read the tables and the layout of a file",
        aliases=("/api/v1/ocr/document/structure_model",),
    ),
    Endpoint(
        pipeline=PipelineName.DOCUMENT,
        path="/api/v1/ocr/document",
        summary="Read a whole document, as text and markdown",
        aliases=("/api/v1/ocr/document/vl_model",),
    ),
)


@dataclass(frozen=True, slots=True)
class OnDemand:
    """Answers the requests of one endpoint."""

    endpoint: Endpoint
    reception: Reception

    async def answer(self, request: Request, prefer: Annotated[str | None, Header()] = None) -> Response:
        """Read one file; with `Prefer: respond-async`, say at once which job will.

        The file may be a jpeg, png, bmp, tiff, webp, gif or pdf; its content decides, not its name.
        """
        began = time.perf_counter()
        self.reception.count_asked(self.endpoint.pipeline)
        return await self.reception.answer(self._outcome(request, began, patient=not in_a_hurry(prefer)))

    async def _outcome(self, request: Request, began: float, *, patient: bool) -> Response | Failure:
        """The way of one request."""
        reception, key = self.reception, new_key()
        reception.demand_readers(self.endpoint.pipeline)
        with reception.waiting.expect(key) as end:
            job, wishes = await self._take_in(request, key)
            uploaded = time.perf_counter() - began
            if not patient:
                return _accepted(job)
            ended = await first_of(request, end, reception.options.timeout_seconds)
        if ended is None:
            return _too_slow(job, reception.options.timeout_seconds)
        result = await run_in_threadpool(reception.outcome_of, ended, wishes.output)
        if isinstance(result, Failure):
            return result
        total = time.perf_counter() - began
        measured = Measured(upload_time=uploaded, total_time=total, compressed=wishes.compressed)
        reception.statistics.answered(result, measured)
        return await run_in_threadpool(result.measured(measured).response)

    async def _take_in(self, request: Request, key: str) -> tuple[Job, Wishes]:
        options = self.reception.options
        allowance = Allowance(file_bytes=options.max_upload_bytes)
        allowance.demand_fitting(request)
        async with self.reception.entrance.passed():
            with Upload(self.reception.parts.uploads, key, options.max_upload_bytes) as upload:
                fields = await receive(request, lambda: upload.write, allowance, options.upload_timeout_seconds)
                wishes = wishes_of(fields)
                return await run_in_threadpool(self._enqueue, upload, wishes), wishes

    def _enqueue(self, upload: Upload, wishes: Wishes) -> Job:
        """In one step, so that a request that is given up leaves either a job with its file or neither."""
        order = (upload.seal(), self.reception.assignment_of(self.endpoint.pipeline, wishes.output))
        (job,) = self.reception.parts.ledger.enqueue([order])
        upload.keep()
        return job


def _accepted(job: Job) -> Response:
    url = job_url(job.id)
    content = JobAnswer(job=JobView.of(job, url)).model_dump(mode="json")
    return JSONResponse(content, 202, {"Location": url, "Preference-Applied": "respond-async"})


def _too_slow(job: Job, seconds: float) -> Failure:
    url = job_url(job.id)
    detail = f"no result within {seconds:g} seconds; the job goes on, ask {url} about it"
    return Failure(code="request_timeout", detail=detail, headers={"Location": url})


def add_routes(router: APIRouter, reception: Reception) -> None:
    """Open every door of the table, under all its paths."""
    door = Door(
        parts={"file": {**FILE, "description": "image or PDF"}},
        when_read="What was read; with format=markdown, `result` is `{markdown, format}`",
        schema=success_schema(),
        when_accepted="The job that will read it, as `Prefer: respond-async` asked",
        accepted=JobAnswer,
    )
    for endpoint in ENDPOINTS:
        for path in (endpoint.path, *endpoint.aliases):
            open_door(router, path, OnDemand(endpoint, reception).answer, endpoint.summary, door)
