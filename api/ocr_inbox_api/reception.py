"""What every request for a reading meets: whether anybody reads, the order to the ledger, and what became of it."""

from collections.abc import Awaitable
from dataclasses import dataclass

from fastapi import Response
from starlette.requests import ClientDisconnect

from ocr_inbox.errors import OcrInboxError, PipelineUnavailableError, VlUnavailableError
from ocr_inbox.model import Assignment, Job, JobState, Output, PipelineName, PipelineVitals, Priority
from ocr_inbox_api.answers import Result, result_of
from ocr_inbox_api.entrance import Entrance
from ocr_inbox_api.parts import ApiOptions, Parts
from ocr_inbox_api.problems import Failure, failure_of, failure_of_job
from ocr_inbox_api.statistics import Statistics
from ocr_inbox_api.waiting import Waiting

FAILURES = (
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
"""How such a request may fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What all doors share."""

    parts: Parts
    options: ApiOptions
    entrance: Entrance
    waiting: Waiting
    statistics: Statistics

    def vitals_of(self, pipeline: PipelineName) -> PipelineVitals | None:
        """How a pipeline is, if it is configured."""
        return next((it for it in self.parts.vitals.pipelines() if it.pipeline is pipeline), None)

    def count_asked(self, pipeline: PipelineName) -> None:
        """Count a file that is to be read, by the wire's word for the pipeline."""
        vitals = self.vitals_of(pipeline)
        self.statistics.asked[vitals.family if vitals else pipeline.value] += 1

    def demand_readers(self, pipeline: PipelineName) -> None:
        """Raises PipelineUnavailableError where a file would wait for its reader, and says why."""
        vitals = self.vitals_of(pipeline)
        if vitals is None:
            raise PipelineUnavailableError(f"the {pipeline.value} pipeline is not configured")
        if vitals.ready:
            return
        fallback = self._fallback_of(pipeline)
        if fallback and vitals.server and vitals.server.problem:
            self.demand_readers(fallback)
            return
        absent = VlUnavailableError if vitals.server else PipelineUnavailableError
        raise absent(vitals.problem or "its readers are starting; try again a little later")

    def assignment_of(self, pipeline: PipelineName, output: Output) -> Assignment:
        """What becomes of an upload; its JSON is always left, for whoever asks about the job."""
        return Assignment(
            pipeline=pipeline,
            rule="upload",
            priority=Priority.INTERACTIVE,
            outputs=tuple(dict.fromkeys((Output.JSON, output))),
            fallback=self._fallback_of(pipeline),
        )

    def _fallback_of(self, pipeline: PipelineName) -> PipelineName | None:
        return self.options.document_fallback if pipeline is PipelineName.DOCUMENT else None

    async def answer(self, outcome: Awaitable[Response | Failure]) -> Response:
        """What became of a request, as it goes over the wire; a failure is counted."""
        became: Response | Failure = Failure(code="internal")
        try:
            became = await outcome
        except OcrInboxError as error:
            became = failure_of(error)
        except ClientDisconnect:
            became = Failure(code="client_gone")
        finally:
            if isinstance(became, Failure):
                self.count_failure(became)
        return became.response() if isinstance(became, Failure) else became

    def count_failure(self, failure: Failure) -> None:
        """Count a request, or a file of a batch, that was not answered with a result."""
        self.statistics.failed[failure.code] += 1

    def outcome_of(self, job: Job, output: Output) -> Result | Failure:
        """What a job that ended or was put off is answered with; blocks, and raises what `result_of` raises."""
        return failure_of_job(job, {}) if job.state is JobState.WAITING else result_of(job, output, self.parts.fetch)


def in_a_hurry(prefer: str | None) -> bool:
    """Whether a Prefer header asks not to wait for the result."""
    return "respond-async" in [word.strip().lower() for word in (prefer or "").replace(";", ",").split(",")]
