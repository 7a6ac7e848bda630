"""The JSON shapes of everything but results, as the OpenAPI page shows them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ocr_inbox.model import DrainScope, Job, JobState, Output, PipelineName, Transition
from ocr_inbox.sidecar import timestamp


class FailureView(BaseModel):
    """What every failure looks like; an error sidecar's fields come with it where a job failed."""

    model_config = ConfigDict(extra="allow")

    success: Literal[False]
    error: str = Field(description="a short text that stays the same")
    code: int = Field(description="the HTTP status")
    error_code: str = Field(description="the stable word for this failure")
    detail: str = Field(default="", description="what to do about it; may be missing")


class JobView(BaseModel):
    """A document's way through the ledger; times are ISO 8601 in UTC, `size` is in bytes."""

    id: int
    url: str
    result: str = Field(description="where the result is once the job is done")
    inbox: str
    key: str
    version: str
    size: int
    pipeline: PipelineName | None
    rule: str
    priority: str
    outputs: list[Output]
    fallback: PipelineName | None
    state: JobState
    attempts: int
    attempts_allowed: int
    enqueued_at: str | None
    not_before: str | None
    started_at: str | None
    finished_at: str | None
    code: str | None
    reason: str | None
    diverted: str | None = Field(description="why the fallback claimed it last, null where that did not")
    pages: int | None
    pages_done: int

    @classmethod
    def of(cls, job: Job, url: str) -> "JobView":
        """The job as clients see it; where its sidecar lies on this machine is left out."""
        return cls(
            id=job.id,
            url=url,
            result=f"{url}/result",
            inbox=job.document.inbox,
            key=job.document.key,
            version=job.document.version,
            size=job.size,
            pipeline=job.assignment.pipeline,
            rule=job.assignment.rule,
            priority=job.assignment.priority.name.lower(),
            outputs=list(job.assignment.outputs),
            fallback=job.assignment.fallback,
            state=job.state,
            attempts=job.attempts,
            attempts_allowed=job.attempts_allowed,
            enqueued_at=timestamp(job.enqueued_at),
            not_before=timestamp(job.not_before),
            started_at=timestamp(job.started_at),
            finished_at=timestamp(job.finished_at),
            code=job.code,
            reason=job.reason,
            diverted=job.diverted,
            pages=job.pages,
            pages_done=job.pages_done,
        )


class TransitionView(BaseModel):
    """One line of a job's history."""

    at: str | None
    state: JobState
    attempt: int
    code: str | None
    reason: str | None

    @classmethod
    def of(cls, transition: Transition) -> "TransitionView":
        """The line as clients see it."""
        return cls(
            at=timestamp(transition.at),
            state=transition.state,
            attempt=transition.attempt,
            code=transition.code,
            reason=transition.reason,
        )


class JobAnswer(BaseModel):
    """A job that was asked for, or taken on."""

    success: Literal[True] = True
    job: JobView


class BatchJob(JobAnswer):
    """The job of one file of a batch."""

    index: int
    url: str


class BatchRefusal(FailureView):
    """A file of a batch that became no job."""

    index: int


class BatchAccepted(BaseModel):
    """A batch whose jobs go on, a line for each file in order; `success` says that none was refused."""

    success: bool
    results: list[BatchJob | BatchRefusal]


class BatchMetrics(BaseModel):
    """Seconds: of the whole request, of its arrival, and of all readings together; and how many files there were."""

    total_time: float
    upload_time: float
    inference_time: float
    files: int
    failed: int


class JobHistory(JobAnswer):
    """A job with everything that happened to it, first to last."""

    transitions: list[TransitionView]


class JobPage(BaseModel):
    """Jobs, newest first; `next` is the `before` of the next page, null on the last."""

    success: Literal[True] = True
    items: list[JobView]
    next: int | None


class PipelineHealth(BaseModel):
    """How a pipeline is; `last_inference` is since the daemon started, the last three are of the server it needs."""

    status: Literal["ready", "unavailable"]
    model_loaded: bool
    gpu_available: bool
    last_inference: str | None
    readers: int
    restarts: int
    error: str | None
    docker_status: str | None = None
    api_url: str | None = None
    health_check: Literal["passed", "failed"] | None = None


class PauseView(BaseModel):
    """Since when, and why, a person wants nothing of an inbox to be read."""

    since: str | None
    reason: str | None


class InboxHealth(BaseModel):
    """How an inbox is: "events" or "polling", what is wrong with it, and whether a person has paused it."""

    mode: str
    problem: str | None
    paused: PauseView | None
    last_scan_at: str | None
    settling: int
    listed: int
    heard: int


class HearingHealth(BaseModel):
    """How a listener for new objects in buckets is, with what it heard so far."""

    problem: str | None
    received: int
    told: int
    deleted: int
    not_understood: int
    unwanted: int
    heard_at: str | None


class SystemHealth(BaseModel):
    """The machine: percent, seconds, and megabytes (2^20 bytes) of all NVIDIA cards, null where there is none."""

    gpu_memory_used: float | None
    gpu_memory_total: float | None
    cpu_usage: float
    uptime: float


class QueueHealth(BaseModel):
    """What is open in all inboxes; seconds since the oldest was enqueued, null where nothing is open."""

    waiting: int
    running: int
    oldest_seconds: float | None


class HealthView(BaseModel):
    """How the daemon is; pipelines by their wire names, inboxes by name."""

    status: Literal["healthy", "degraded", "unhealthy"]
    draining: DrainScope | None = Field(description="what is read before the daemon ends, as a person asked it to")
    timestamp: str | None
    pipelines: dict[str, PipelineHealth]
    inboxes: dict[str, InboxHealth]
    hearing: dict[str, HearingHealth]
    queue: QueueHealth | None
    system: SystemHealth


class EventView(BaseModel):
    """What became of an event; `wanted` says that an inbox looks its objects up."""

    success: Literal[True]
    wanted: bool


class AverageTimes(BaseModel):
    """Seconds."""

    total_time: float
    inference_time: float


class CompressionStatistics(BaseModel):
    """Requests that were answered, by whether the client had compressed the file; seconds and kilobytes."""

    total_compressed: int
    total_uncompressed: int
    avg_size_compressed_kb: float
    avg_size_uncompressed_kb: float
    avg_time_compressed: float
    avg_time_uncompressed: float


class ErrorStatistics(BaseModel):
    """Requests that were not answered, by error code."""

    total: int
    by_type: dict[str, int]


class StatisticsView(BaseModel):
    """OCR requests since the daemon started, each file of a batch as one.

    A batch that was refused whole is one request of no pipeline.
    """

    total_requests: int
    requests_by_pipeline: dict[str, int]
    average_times: dict[str, AverageTimes]
    compression_stats: CompressionStatistics
    errors: ErrorStatistics


class StateView(BaseModel):
    """One word for a probe."""

    status: str


class ProjectView(BaseModel):
    """What this is, and where to go from here."""

    name: str
    version: str
    description: str
    docs: str
    openapi: str
    health: str
    endpoints: dict[str, str]
