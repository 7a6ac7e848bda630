"""How jobs are shown: in a line for people, as JSON for scripts."""

from collections.abc import Mapping

from ocr_inbox.model import Assignment, Job, JobState
from ocr_inbox.sidecar import timestamp
from ocr_inbox.times import span


def wishes_of(assignment: Assignment) -> str:
    """What is asked for a document that a rule takes."""
    pipeline = assignment.pipeline.value if assignment.pipeline else "none"
    outputs = ", ".join(output.value for output in assignment.outputs)
    fallback = f", fallback {assignment.fallback.value}" if assignment.fallback else ""
    return f"pipeline {pipeline}, priority {assignment.priority.name.lower()}, outputs {outputs}{fallback}"


def job_line(job: Job, now: float) -> str:
    """Its number, its state and for how long, where it is, and why it is not done."""
    reason = f"  {job.code}: {job.reason}" if job.reason else ""
    return f"{job.id:>7}  {_since(job, now):32}  {job.state.value:8} {job.document.inbox}/{job.document.key!r}{reason}"


def _since(job: Job, now: float) -> str:
    if job.state is JobState.WAITING:
        return f"for {span(now - job.enqueued_at)}"
    if job.state is JobState.RUNNING:
        return f"for {span(now - (job.started_at or now))}"
    took = f", took {span((job.finished_at or now) - job.started_at)}" if job.started_at else ""
    return f"{span(now - (job.finished_at or now))} ago{took}"


def job_json(job: Job) -> Mapping[str, object]:
    """Everything that is known of a job but its history; times are ISO 8601 in UTC."""
    return {
        "id": job.id,
        "state": job.state.value,
        "inbox": job.document.inbox,
        "key": job.document.key,
        "version": job.document.version,
        "pipeline": job.assignment.pipeline.value if job.assignment.pipeline else None,
        "rule": job.assignment.rule,
        "fallback": job.assignment.fallback.value if job.assignment.fallback else None,
        "attempts": job.attempts,
        "attempts_allowed": job.attempts_allowed,
        "code": job.code,
        "reason": job.reason,
        "diverted": job.diverted,
        "sidecar": job.sidecar,
        "pages": job.pages,
        "pages_done": job.pages_done,
        "enqueued_at": timestamp(job.enqueued_at),
        "not_before": timestamp(job.not_before),
        "started_at": timestamp(job.started_at),
        "finished_at": timestamp(job.finished_at),
        "seconds": _seconds(job),
    }


def _seconds(job: Job) -> float | None:
    """From its last claim to its end."""
    return round(job.finished_at - job.started_at, 3) if job.finished_at and job.started_at else None
