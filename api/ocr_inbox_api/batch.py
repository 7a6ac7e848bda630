"""Many files in one request: each becomes a job of its own, and each has an answer of its own."""

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from ocr_inbox.errors import DocumentError, OcrInboxError, PipelineUnavailableError
from ocr_inbox.model import Arrival, Job, PipelineName
from ocr_inbox.sidecar import finite
from ocr_inbox_api.answers import Measured, Result, success_schema
from ocr_inbox_api.bundle import Bundle, Bundled
from ocr_inbox_api.doors import FILE, Door, open_door
from ocr_inbox_api.form import Allowance, receive
from ocr_inbox_api.problems import Failure, failure_of, job_url
from ocr_inbox_api.reception import Reception, in_a_hurry
from ocr_inbox_api.refusals import FileRequiredError
from ocr_inbox_api.shapes import BatchAccepted, BatchMetrics, FailureView, JobAnswer, JobView
from ocr_inbox_api.waiting import first_of
from ocr_inbox_api.wishes import Wishes, pipelines_of, wishes_of

PATH = "/api/v1/ocr/batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A file that is to be read, and the end of its job."""

    job: Job
    end: asyncio.Future[Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A batch that came in whole: its files in order, those that were refused as their failures.

    `began` is when its request came, on the performance counter; it took `upload_time` seconds.
    """

    files: tuple[Coming | Failure, ...]
    wishes: Wishes
    began: float
    upload_time: float

    @property
    def all_refused(self) -> bool:
        """Nothing is left to wait for."""
        return all(isinstance(file, Failure) for file in self.files)


@dataclass(frozen=True, slots=True)
class Batch:
    """Answers requests with many files."""

    reception: Reception

    async def answer(self, request: Request, prefer: Annotated[str | None, Header()] = None) -> Response:
        """Read many files: one answer for each, in order, as if it had been sent alone; its `index` counts from 0.

        Where not all are read in time, or with `Prefer: respond-async`, the answer names the jobs that will read them.
        What is wrong with one file is that file's failure; where there is no place for all, none is taken.
        """
        return await self.reception.answer(self._outcome(request, patient=not in_a_hurry(prefer)))

    async def _outcome(self, request: Request, *, patient: bool) -> Response:
        """The way of one request."""
        began = time.perf_counter()
        with ExitStack() as expected:
            taken = await self._counted(self._take_in(request, expected, began))
            if not (patient or taken.all_refused):
                return _accepted(taken, {"Preference-Applied": "respond-async"})
            answers = asyncio.ensure_future(self._answers(taken))
            try:
                ended = await first_of(request, answers, self.reception.options.timeout_seconds)
            finally:
                answers.cancel()
        return _accepted(taken, {}) if ended is None else await run_in_threadpool(_answered, taken, ended)

    async def _counted(self, taking: Awaitable[Taken]) -> Taken:
        """Whatever keeps a batch out, it was asked for, though its files were never counted."""
        taken: Taken | None = None
        try:
            taken = await taking
        finally:
            if taken is None:
                self.reception.statistics.turned_away += 1
        return taken

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
                upload_time = time.perf_counter() - began
                wishes, pipelines = wishes_of(fields), pipelines_of(fields, len(bundle.files))
                ends = [expected.enter_context(self.reception.waiting.expect(file.key)) for file in bundle.files]
                async with entrance.passed(len(bundle.files) - 1):
                    placed = await run_in_threadpool(self._place, bundle.files, pipelines, wishes)
        for pipeline, it in zip(pipelines, placed, strict=True):
            self.reception.count_asked(pipeline)
            if isinstance(it, Failure):
                self.reception.count_failure(it)
        files = tuple(
            it if isinstance(it, Failure) else Coming(job=it, end=end) for it, end in zip(placed, ends, strict=True)
        )
        return Taken(files=files, wishes=wishes, began=began, upload_time=upload_time)

    def _place(
        self, files: Sequence[Bundled], pipelines: Sequence[PipelineName], wishes: Wishes
    ) -> tuple[Job | Failure, ...]:
        """In one step, so that a request that is given up leaves either all its jobs with their files or nothing."""
        sealed = [self._sealed(file, pipeline) for file, pipeline in zip(files, pipelines, strict=True)]
        orders = [
            (it, self.reception.assignment_of(pipeline, wishes.output))
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

    async def _answers(self, taken: Taken) -> list[Result | Failure]:
        """What each file is answered with, in order, when all have come to their end."""
        return await asyncio.gather(*(self._answer_to(file, taken) for file in taken.files))

    async def _answer_to(self, file: Coming | Failure, taken: Taken) -> Result | Failure:
        """What one file is answered with; it is counted as if it had been sent alone."""
        if isinstance(file, Failure):
            return file
        answer = await self._outcome_of(file, taken.wishes)
        if isinstance(answer, Failure):
            self.reception.count_failure(answer)
            return answer
        measured = Measured(
            upload_time=taken.upload_time,
            total_time=time.perf_counter() - taken.began,
            compressed=taken.wishes.compressed,
        )
        self.reception.statistics.answered(answer, measured)
        return answer.measured(measured)

    async def _outcome_of(self, file: Coming, wishes: Wishes) -> Result | Failure:
        try:
            return await run_in_threadpool(self.reception.outcome_of, await file.end, wishes.output)
        except OcrInboxError as error:
            return failure_of(error)


def _answered(taken: Taken, answers: Sequence[Result | Failure]) -> Response:
    """The answers as they go over the wire; blocks, for they may be large."""
    results = [it for it in answers if isinstance(it, Result)]
    metrics = BatchMetrics(
        total_time=round(time.perf_counter() - taken.began, 4),
        upload_time=round(taken.upload_time, 4),
        inference_time=round(sum(result.inference_time for result in results), 4),
        files=len(answers),
        failed=len(answers) - len(results),
    )
    lines = [_line(place, taken.files[place], answer.content) for place, answer in enumerate(answers)]
    content: dict[str, Any] = {"success": not metrics.failed, "results": lines, "metrics": metrics.model_dump()}
    return JSONResponse(finite(content))


def _accepted(taken: Taken, headers: Mapping[str, str]) -> Response:
    """The jobs that go on, and the files that are none."""
    contents = [
        file.content if isinstance(file, Failure) else _job_answer(file.job).model_dump(mode="json")
        for file in taken.files
    ]
    lines = [_line(place, taken.files[place], content) for place, content in enumerate(contents)]
    success = all(isinstance(file, Coming) for file in taken.files)
    return JSONResponse({"success": success, "results": lines}, 202, headers)


def _job_answer(job: Job) -> JobAnswer:
    return JobAnswer(job=JobView.of(job, job_url(job.id)))


def _line(index: int, file: Coming | Failure, content: Mapping[str, Any]) -> dict[str, Any]:
    """One file's answer, with its place in the request and where its job can be asked about."""
    url = {} if isinstance(file, Failure) else {"url": job_url(file.job.id)}
    return {"index": index, **url, **content}


def _schema() -> dict[str, Any]:
    """The JSON Schema of an answer, without references."""
    place = {"index": {"type": "integer"}, "url": {"type": "string"}}
    shapes = [success_schema(), FailureView.model_json_schema()]
    line = {"type": "object", "required": ["index", "success"], "properties": place, "anyOf": shapes}
    return {
        "title": "Batch",
        "type": "object",
        "required": ["success", "results", "metrics"],
        "properties": {
            "success": {"type": "boolean", "description": "whether every file was read"},
            "results": {"type": "array", "items": line},
            "metrics": BatchMetrics.model_json_schema(),
        },
    }


def add_routes(router: APIRouter, reception: Reception) -> None:
    """Open the door for many files."""
    files = {
        "type": "array",
        "items": FILE,
        "description": "images or PDFs, a part each; parts named file are taken too",
    }
    pipelines = {
        "type": "array",
        "items": {"enum": [pipeline.value for pipeline in PipelineName]},
        "description": "one for all files, or one for each, in order; text unless one is named",
    }
    door = Door(
        parts={"files": files, "pipeline": pipelines},
        when_read="An answer for each file: what was read, or why it was not",
        schema=_schema(),
        when_accepted="The jobs that go on, and the files that were refused",
        accepted=BatchAccepted,
    )
    open_door(router, PATH, Batch(reception).answer, "Read many files", door)
