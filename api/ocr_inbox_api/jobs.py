"""Jobs over HTTP: a listing, one with its history, its result, and another try."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse

from ocr_inbox.chronicle import Selection
from ocr_inbox.errors import SourceGoneError
from ocr_inbox.model import UPLOADS, JobState, Output, PipelineName
from ocr_inbox_api.answers import result_of, success_schema
from ocr_inbox_api.parts import Parts
from ocr_inbox_api.problems import documented, job_url
from ocr_inbox_api.shapes import JobAnswer, JobHistory, JobPage, JobView, TransitionView

_LARGEST_ID = 2**63 - 1
"""SQLite's largest integer."""

_FAILURES = (
    "invalid_parameter",
    "unreadable",
    "too_large",
    "encrypted",
    "unsupported_type",
    "unknown_job",
    "result_not_found",
    "no_rule",
    "job_not_finished",
    "vanished",
    "superseded",
    "reading_failed",
    "crashed",
    "inbox_unavailable",
    "ledger_unavailable",
    "timeout",
)

Format = Literal[Output.JSON, Output.MARKDOWN]
JobId = Annotated[int, Path(ge=1, le=_LARGEST_ID)]


@dataclass(frozen=True, slots=True)
class Jobs:
    """Answers questions about jobs; every method blocks and belongs into a worker thread."""

    parts: Parts

    def listing(
        self,
        state: JobState | None = None,
        inbox: Annotated[str | None, Query(max_length=255)] = None,
        pipeline: PipelineName | None = None,
        before: Annotated[int | None, Query(ge=1, le=_LARGEST_ID)] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> JobPage:
        """Jobs, newest first; for the next page, pass `next` as `before`."""
        selection = Selection(state=state, inbox=inbox, pipeline=pipeline, before=before, limit=limit + 1)
        jobs = self.parts.chronicle.jobs(selection)
        page = [JobView.of(job, job_url(job.id)) for job in jobs[:limit]]
        return JobPage(items=page, next=page[-1].id if len(jobs) > limit else None)

    def one(self, job_id: JobId) -> JobHistory:
        """One job and everything that happened to it."""
        job = self.parts.chronicle.job(job_id)
        transitions = [TransitionView.of(line) for line in self.parts.chronicle.history(job_id)]
        return JobHistory(job=JobView.of(job, job_url(job_id)), transitions=transitions)

    def result(self, job_id: JobId, format: Format = Output.JSON) -> Response:  # noqa: A002 - the contract's word
        """What the job left; 409 until it ended, and the failure that ended it if it failed."""
        result = result_of(self.parts.chronicle.job(job_id), format, self.parts.fetch)
        return result.response()

    def retry(self, job_id: JobId, response: Response) -> JobAnswer:
        """Let a job that ended be read once more, with as many attempts as a new one."""
        job = self.parts.chronicle.job(job_id)
        if job.document.inbox == UPLOADS and not (self.parts.uploads / job.document.key).is_file():
            raise SourceGoneError(f"cannot retry job {job_id}: its upload was removed; send the file again")
        url = response.headers["Location"] = job_url(job_id)
        return JobAnswer(job=JobView.of(self.parts.ledger.grant(job_id), url))


def add_routes(router: APIRouter, jobs: Jobs) -> None:
    """Answer under /api/v1/jobs."""
    results: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "What was read; with format=markdown, `result` is `{markdown, format}`",
            "content": {"application/json": {"schema": success_schema()}},
        },
        **documented(*_FAILURES),
    }
    router.add_api_route(
        "/api/v1/jobs", jobs.listing, tags=["jobs"], responses=documented("invalid_parameter", "ledger_unavailable")
    )
    router.add_api_route(
        "/api/v1/jobs/{job_id}",
        jobs.one,
        tags=["jobs"],
        responses=documented("invalid_parameter", "unknown_job", "ledger_unavailable"),
    )
    router.add_api_route(
        "/api/v1/jobs/{job_id}/result",
        jobs.result,
        response_class=JSONResponse,
        tags=["jobs"],
        responses=results,
    )
    router.add_api_route(
        "/api/v1/jobs/{job_id}/retry",
        jobs.retry,
        methods=["POST"],
        status_code=202,
        tags=["jobs"],
        responses=documented("invalid_parameter", "unknown_job", "job_not_finished", "vanished", "ledger_unavailable"),
    )
