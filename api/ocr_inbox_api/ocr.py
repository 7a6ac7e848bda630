"""On-demand requests: an upload becomes a job like any other, and the answer is what that job left."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from ocr_inbox.errors import OcrInboxError, PipelineUnavailableError, TooLargeError, VlUnavailableError
from ocr_inbox.model import Assignment, Job, JobState, Output, PipelineName, PipelineVitals, Priority
from ocr_inbox_api.answers import Measured, result_of, success_schema
from ocr_inbox_api.entrance import Entrance
from ocr_inbox_api.form import ENVELOPE_BYTES, Wishes, receive
from ocr_inbox_api.parts import ApiOptions, Parts
from ocr_inbox_api.problems import Failure, documented, failure_of, failure_of_job, job_url
from ocr_inbox_api.shapes import JobAnswer, JobView
from ocr_inbox_api.statistics import Statistics
from ocr_inbox_api.uploads import Upload, new_key
from ocr_inbox_api.waiting import Waiting, first_of


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
    parts: Parts
    options: ApiOptions
    entrance: Entrance
    waiting: Waiting
    statistics: Statistics

    async def answer(self, request: Request, prefer: Annotated[str | None, Header()] = None) -> Response:
        """Read one file; with `Prefer: respond-async`, say at once which job will.

        The file may be a jpeg, png, bmp, tiff, webp, gif or pdf; its content decides, not its name.
        """
        began = time.perf_counter()
        vitals = self._vitals()
        self.statistics.asked[vitals.family if vitals else self.endpoint.pipeline.value] += 1
        outcome: Response | Failure = Failure(code="internal")
        try:
            self._demand_readers(vitals)
            self._demand_fitting(request)
            outcome = await self._outcome(request, began, patient=not _in_a_hurry(prefer))
        except OcrInboxError as error:
            outcome = failure_of(error)
        except ClientDisconnect:
            outcome = Failure(code="client_gone")
        finally:
            if isinstance(outcome, Failure):
                self.statistics.failed[outcome.code] += 1
        return outcome.response() if isinstance(outcome, Failure) else outcome

    async def _outcome(self, request: Request, began: float, *, patient: bool) -> Response | Failure:
        """The way of one request."""
        key = new_key()
        with self.waiting.expect(key) as end:
            async with self.entrance.passed():
                job, wishes = await self._take_in(request, key)
            uploaded = time.perf_counter() - began
            if not patient:
                return _accepted(job)
            ended = await first_of(request, end, self.options.timeout_seconds)
        if ended is None:
            return _too_slow(job, self.options.timeout_seconds)
        if ended.state is JobState.WAITING:
            return failure_of_job(ended, {})
        result = await run_in_threadpool(result_of, ended, wishes.output, self.parts.fetch)
        if isinstance(result, Failure):
            return result
        total = time.perf_counter() - began
        measured = Measured(upload_time=uploaded, total_time=total, compressed=wishes.compressed)
        self.statistics.answered(result, measured)
        return await run_in_threadpool(result.measured(measured).response)

    async def _take_in(self, request: Request, key: str) -> tuple[Job, Wishes]:
        limit = self.options.max_upload_bytes
        with Upload(self.parts.uploads, key, limit) as upload:
            wishes = await receive(request, upload, limit, self.options.upload_timeout_seconds)
            return await run_in_threadpool(self._enqueue, upload, wishes), wishes

    def _enqueue(self, upload: Upload, wishes: Wishes) -> Job:
        """In one step, so that a request that is given up leaves either a job with its file or neither."""
        assignment = Assignment(
            pipeline=self.endpoint.pipeline,
            rule="upload",
            priority=Priority.INTERACTIVE,
            outputs=tuple(dict.fromkeys((Output.JSON, wishes.output))),
        )
        (job,) = self.parts.ledger.enqueue([(upload.seal(), assignment)])
        upload.keep()
        return job

    def _vitals(self) -> PipelineVitals | None:
        return next((it for it in self.parts.vitals.pipelines() if it.pipeline is self.endpoint.pipeline), None)

    def _demand_readers(self, vitals: PipelineVitals | None) -> None:
        if vitals is None:
            raise PipelineUnavailableError(f"the {self.endpoint.pipeline.value} pipeline is not configured")
        if not vitals.ready:
            absent = VlUnavailableError if vitals.server else PipelineUnavailableError
            raise absent(vitals.problem or "its readers are starting; try again a little later")

    def _demand_fitting(self, request: Request) -> None:
        declared = request.headers.get("content-length", "0")
        limit = self.options.max_upload_bytes
        if int(declared) > limit + ENVELOPE_BYTES:
            raise TooLargeError(f"the body has {declared} bytes, and a file may have {limit}")


def _in_a_hurry(prefer: str | None) -> bool:
    return "respond-async" in [word.strip().lower() for word in (prefer or "").replace(";", ",").split(",")]


def _accepted(job: Job) -> Response:
    url = job_url(job.id)
    content = JobAnswer(job=JobView.of(job, url)).model_dump(mode="json")
    return JSONResponse(content, 202, {"Location": url, "Preference-Applied": "respond-async"})


def _too_slow(job: Job, seconds: float) -> Failure:
    url = job_url(job.id)
    detail = f"no result within {seconds:g} seconds; the job goes on, ask {url} about it"
    return Failure(code="request_timeout", detail=detail, headers={"Location": url})


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "image or PDF"},
                        "compress": {"type": "boolean", "description": "the client has made the file smaller"},
                        "format": {"enum": ["json", "markdown"], "default": "json"},
                        "output_format": {"enum": ["json", "markdown"], "description": "another name for format"},
                    },
                }
            }
        },
    }
}

_FAILURES = (
    "file_required",
    "unsupported_type",
    "too_large",
    "invalid_parameter",
    "malformed_body",
    "unreadable",
    "encrypted",
    "result_not_found",
    "upload_timeout",
    "vanished",
    "queue_full",
    "reading_failed",
    "crashed",
    "pipeline_unavailable",
    "vl_unavailable",
    "infrastructure",
    "inbox_unavailable",
    "ledger_unavailable",
    "stopping",
    "request_timeout",
    "timeout",
)


def add_routes(router: APIRouter, parts: Parts, options: ApiOptions, waiting: Waiting, statistics: Statistics) -> None:
    """Open every door of the table, under all its paths."""
    responses: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "What was read; with format=markdown, `result` is `{markdown, format}`",
            "content": {"application/json": {"schema": success_schema()}},
        },
        202: {"description": "The job that will read it, as `Prefer: respond-async` asked", "model": JobAnswer},
        **documented(*_FAILURES),
    }
    entrance = Entrance(parts.chronicle, options.max_waiting)
    for endpoint in ENDPOINTS:
        door = OnDemand(endpoint, parts, options, entrance, waiting, statistics)
        for path in (endpoint.path, *endpoint.aliases):
            router.add_api_route(
                path,
                door.answer,
                methods=["POST"],
                summary=endpoint.summary,
                response_class=JSONResponse,
                responses=responses,
                openapi_extra=_BODY,
                tags=["ocr"],
            )
