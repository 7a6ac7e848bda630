"""Between the ledger's rows and the model's values."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from ocr_inbox.model import Assignment, Document, Job, JobState, Output, Pause, PipelineName, Priority, Transition

PAUSED = "paused"
"""The code of a job that waits because its inbox is paused."""


def outputs_text(outputs: Sequence[Output]) -> str:
    """How the `outputs` column holds them."""
    return ",".join(output.value for output in outputs)


def job_of(row: sqlite3.Row) -> Job:
    """The job that a full row of `jobs` describes."""
    return Job(
        id=row["id"],
        document=Document(inbox=row["inbox"], key=row["key"], version=row["version"]),
        size=row["size"],
        assignment=Assignment(
            pipeline=PipelineName(row["pipeline"]) if row["pipeline"] else None,
            rule=row["rule"],
            priority=Priority(row["priority"]),
            outputs=tuple(Output(name) for name in row["outputs"].split(",")),
            fallback=PipelineName(row["fallback"]) if row["fallback"] else None,
        ),
        state=JobState(row["state"]),
        attempts=row["attempts"],
        attempts_allowed=row["attempts_allowed"],
        not_before=row["not_before"],
        enqueued_at=row["enqueued_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        sidecar=row["sidecar"],
        code=row["code"],
        reason=row["reason"],
        pages=row["pages"],
        pages_done=row["pages_done"],
        anew=bool(row["anew"]),
        diverted=row["diverted"],
    )


def explained_job_of(row: sqlite3.Row) -> Job:
    """The same, where the row also tells of the obstacle and the pause that are in the job's way.

    A pause goes before all else: whatever else the job waits for, nothing becomes of it until that is over.
    """
    job = job_of(row)
    if row["paused_since"] is not None:
        pause = Pause(inbox=job.document.inbox, since=row["paused_since"], reason=row["paused_reason"])
        return replace(job, code=PAUSED, reason=said_of(pause))
    if row["obstacle_code"] is None:
        return job
    return replace(job, code=row["obstacle_code"], reason=row["obstacle_reason"])


def said_of(pause: Pause) -> str:
    """A pause as the reason of a job that waits for its end."""
    why = f" ({pause.reason})" if pause.reason else ""
    return f"inbox {pause.inbox} is paused{why}; `ocr-inbox resume {pause.inbox}` lets it go on"


def transition_of(row: sqlite3.Row) -> Transition:
    """The line of history that a row of `transitions` describes."""
    return Transition(
        at=row["at"],
        state=JobState(row["state"]),
        attempt=row["attempt"],
        code=row["code"],
        reason=row["reason"],
    )
