"""Many files in one request: each becomes a job of its own, and each has an answer of its own."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from ocr_inbox.errors import DocumentError, OcrInboxError, PipelineUnavailableError
from ocr_inbox.model import Arrival, Job, PipelineName
from ocr_inbox.sidecar import finite
from ocr_inbox_api.answers import Measured, Result, success_schema
from ocr_inbox_api.bundle import Bundle, Bundled
from ocr_inbox_api.form import Allowance, receive
from ocr_inbox_api.problems import Failure, documented, failure_of, job_url
from ocr_inbox_api.reception import FAILURES, Reception, assignment_of, in_a_hurry
from ocr_inbox_api.refusals import FileRequiredError
from ocr_inbox_api.shapes import BatchAccepted, BatchMetrics, FailureView, JobAnswer, JobView
from ocr_inbox_api.waiting import first_of
from ocr_inbox_api.wishes import Wishes, pipelines_of, wishes_of

PATH = "/api/v1/ocr/batch"

Placed = Job | Failure
"""What a file became."""
Ended = Result | Failure
"""What was read of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A batch that came in whole, its files in order; `ends` are those of the jobs among them."""

    placed: tuple[Placed, ...]
    ends: tuple[asyncio.Future[Job], ...]
    wishes: Wishes
    uploaded: float

    @property
    def jobs(self) -> list[Job]:
        """The files that are to be read."""
        return [it for it in self.placed if isinstance(it, Job)]


@dataclass(frozen=True, slots=True)
class Batch:
    """Answers requests with many files."""

    reception: Reception

    async def answer(self, request: Request, prefer: Annotated[str | None, Header()] = None) -> Response:
        """Read many files: one answer for each, in order, as if it had been sent alone; its `index` counts from 0.

        Where not all are read in time, or with `Prefer: respond-async`, the answer names the jobs that will read them.
        What is wrong with one file is that file's failure; where there is no place for all, none is taken.
        """
        try:
            return await self._outcome(request, time.perf_counter(), patient=not in_a_hurry(prefer))
        except OcrInboxError as error:
            failure = failure_of(error)
        except ClientDisconnect:
            failure = Failure(code="client_gone")
        self._count(failure)
        return failure.response()

    async def _outcome(self, request: Request, began: float, *, patient: bool) -> Response:
        """The way of one request."""
        with ExitStack() as expected:
            taken = await self._take_in(request, expected, began)
            if taken.ends and not patient:
                return _accepted(taken.placed, {"Preference-Applied": "respond-async"})
            ended = await self._ended(request, taken)
        if ended is None:
            return _accepted(taken.placed, {})
        answers = self._measured(taken, ended, await run_in_threadpool(self._read, taken, ended))
        return await run_in_threadpool(_answered, taken, answers, time.perf_counter() - began)

    async def _take_in(self, request: Request, expected: ExitStack, began: float) -> Taken:
        options, entrance = self.reception.options, self.reception.entrance
        allowance = Allowance(
            file_bytes=options.max_batch_bytes, files=options.max_batch_files, names=("files", "file")
        )
        allowance.demand_fitting(request)
        # As slow as a single file may come, and no slower.
        seconds = options.upload_timeout_seconds * max(1, options.max_batch_bytes / options.max_upload_bytes)
        async with entrance.passed():
            with Bundle(self.reception.parts.uploads, options.max_upload_bytes) as bundle:
                fields = await receive(request, bundle.open_file, allowance, seconds)
                uploaded = time.perf_counter() - began
                wishes, pipelines = wishes_of(fields), pipelines_of(fields, len(bundle.files))
                ends = [expected.enter_context(self.reception.waiting.expect(file.key)) for file in bundle.files]
                async with entrance.passed(len(bundle.files) - 1):
                    placed = await run_in_threadpool(self._place, bundle.files, pipelines, wishes)
        for it, pipeline in zip(placed, pipelines, strict=True):
            self.reception.count_asked(pipeline)
            if isinstance(it, Failure):
                self._count(it)
        of_jobs = tuple(end for end, it in zip(ends, placed, strict=True) if isinstance(it, Job))
        return Taken(placed=placed, ends=of_jobs, wishes=wishes, uploaded=uploaded)

    def _place(
        self, files: Sequence[Bundled], pipelines: Sequence[PipelineName], wishes: Wishes
    ) -> tuple[Placed, ...]:
        """In one step, so that a request that is given up leaves either all its jobs with their files or nothing."""
        sealed = [self._sealed(file, pipeline) for file, pipeline in zip(files, pipelines, strict=True)]
        orders = [
            (it, assignment_of(pipeline, wishes.output))
            for it, pipeline in zip(sealed, pipelines, strict=True)
            if isinstance(it, Arrival)
        ]
        jobs = iter(self.reception.parts.ledger.enqueue(orders))
        for file, it in zip(files, sealed, strict=True):
            if isinstance(it, Arrival):
                file.keep()
        return tuple(next(jobs) if isinstance(it, Arrival) else it for it in sealed)

    def _sealed(self, file: Bundled, pipeline: PipelineName) -> Arrival | Failure:
        try:
            self.reception.demand_readers(pipeline)
            return file.seal()
        except (DocumentError, FileRequiredError, PipelineUnavailableError) as error:
            return failure_of(error)

    async def _ended(self, request: Request, taken: Taken) -> list[Told] | None:
        """What all jobs came to, in order, or None where that takes too long; raises ClientDisconnect."""
        if not taken.ends:
            return []
        # Failures as values: who waits may be told that the daemon stops.
        together = asyncio.gather(*taken.ends, return_exceptions=True)
        return await first_of(request, together, self.reception.options.timeout_seconds)

    def _read(self, taken: Taken, ended: Sequence[Told]) -> list[Ended]:
        """What each file is answered with; blocks while the results are fetched."""
        ends = iter(ended)
        return [it if isinstance(it, Failure) else self._one(next(ends), taken.wishes) for it in taken.placed]

    def _one(self, ended: Told, wishes: Wishes) -> Ended:
        try:
            if isinstance(ended, BaseException):
                raise ended
            return self.reception.outcome_of(ended, wishes.output)
        except OcrInboxError as error:
            return failure_of(error)

    def _measured(self, taken: Taken, ended: Sequence[Told], answers: Sequence[Ended]) -> list[Ended]:
        """The same answers with the times of this request, counted as if each file had been sent alone."""
        ends = iter(ended)
        return [
            it if isinstance(placed, Failure) else self._measured_one(next(ends), taken, it)
            for placed, it in zip(taken.placed, answers, strict=True)
        ]

    def _measured_one(self, ended: Told, taken: Taken, answer: Ended) -> Ended:
        if isinstance(answer, Failure) or not isinstance(ended, Job):
            self._count(answer)
            return answer
        waited = (ended.finished_at or ended.enqueued_at) - ended.enqueued_at
        total = taken.uploaded + waited
        measured = Measured(upload_time=taken.uploaded, total_time=total, compressed=taken.wishes.compressed)
        self.reception.statistics.answered(answer, measured)
        return answer.measured(measured)
