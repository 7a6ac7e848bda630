"""What people and dashboards ask of the ledger; nothing here changes it, but for forgetting old history."""

import json
from dataclasses import dataclass

from ocr_inbox.database import Database
from ocr_inbox.errors import UnknownJobError
from ocr_inbox.model import Document, Job, JobState, PipelineName, Transition
from ocr_inbox.rows import explained_job_of, job_of, transition_of

_QUEUES = """
SELECT inbox, pipeline, sum(state = 'waiting') AS waiting, sum(state = 'running') AS running,
       min(enqueued_at) AS oldest
FROM jobs INDEXED BY jobs_open WHERE state IN ('waiting', 'running')
GROUP BY inbox, pipeline ORDER BY inbox, pipeline
"""

_UNSETTLED = """
SELECT count(*) AS n
FROM jobs LEFT JOIN obstacles AS own ON own.pipeline = jobs.pipeline
          LEFT JOIN obstacles AS other ON other.pipeline = jobs.fallback
WHERE jobs.state IN ('waiting', 'running') AND jobs.pipeline IN (SELECT value FROM json_each(:served))
  AND (jobs.state = 'running' OR (
    (jobs.code IS NULL OR jobs.code IN ('reading_failed', 'crashed', 'timeout', 'interrupted', 'stopping')
     OR (jobs.code = 'vl_unavailable' AND jobs.fallback IS NOT NULL))
    AND (own.code IS NULL OR (own.code = 'vl_unavailable' AND other.code IS NULL
                              AND jobs.fallback IN (SELECT value FROM json_each(:served))))))
"""

_JOBS = """
SELECT jobs.*, obstacles.code AS obstacle_code, obstacles.reason AS obstacle_reason
FROM jobs LEFT JOIN obstacles
  ON obstacles.pipeline = jobs.pipeline AND jobs.state = 'waiting' AND jobs.code IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What one inbox has open for one pipeline; `oldest` is when its oldest open job was enqueued."""

    inbox: str
    pipeline: PipelineName
    waiting: int
    running: int
    oldest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which jobs a listing shows, newest first; `before` is the last id of the page before."""

    state: JobState | None = None
    inbox: str | None = None
    pipeline: PipelineName | None = None
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Reads the ledger's file; raises UnknownJobError where a job is asked for that is not there.

    A job that waits for nothing of its own, but whose pipeline cannot read now, has the code and reason of that.
    All raise LedgerUnavailableError where it cannot be used.
    """

    database: Database

    def job(self, job_id: int) -> Job:
        """The job with this id."""
        rows = self.database.read(f"{_JOBS} WHERE jobs.id = ?", (job_id,))
        if not rows:
            raise UnknownJobError(f"cannot find job {job_id}: there is no such job")
        return explained_job_of(rows[0])

    def jobs(self, selection: Selection) -> list[Job]:
        """One page of jobs, newest first."""
        wishes = {
            "jobs.id < ?": selection.before,
            "jobs.state = ?": selection.state,
            "jobs.inbox = ?": selection.inbox,
            "jobs.pipeline = ?": selection.pipeline,
        }
        wishes = {wish: value for wish, value in wishes.items() if value is not None}
        where = " AND ".join(wishes) or "TRUE"  # only what is asked for: a condition that may be NULL uses no index
        query = f"{_JOBS} WHERE {where} ORDER BY jobs.id DESC LIMIT ?"
        return [explained_job_of(row) for row in self.database.read(query, (*wishes.values(), selection.limit))]

    def find(self, document: Document) -> Job | None:
        """The job of this document version, if it was ever noted."""
        rows = self.database.read(
            f"{_JOBS} WHERE jobs.inbox = ? AND jobs.key = ? AND jobs.version = ?",
            (document.inbox, document.key, document.version),
        )
        return explained_job_of(rows[0]) if rows else None

    def history(self, job_id: int) -> list[Transition]:
        """The job's states, first to last."""
        rows = self.database.read("SELECT * FROM transitions WHERE job = ? ORDER BY id", (job_id,))
        return [transition_of(row) for row in rows]

    def queues(self) -> list[Queue]:
        """What is open now; costs nothing for what is done."""
        return [
            Queue(
                inbox=row["inbox"],
                pipeline=PipelineName(row["pipeline"]),
                waiting=row["waiting"],
                running=row["running"],
                oldest=row["oldest"],
            )
            for row in self.database.read(_QUEUES)
        ]

    def open_jobs(self, inbox: str) -> int:
        """How many jobs of an inbox have not come to their end; costs nothing for any others."""
        query = "SELECT count(*) AS n FROM jobs WHERE inbox = ? AND state IN ('waiting', 'running')"
        return int(self.database.read(query, (inbox,))[0]["n"])

    def totals(self) -> list[tuple[JobState, int]]:
        """How many jobs there are in each state; counts them all."""
        rows = self.database.read("SELECT state, count(*) AS n FROM jobs GROUP BY state")
        return [(JobState(row["state"]), row["n"]) for row in rows]

    def unsettled(self, *served: PipelineName) -> int:
        """How many jobs of these pipelines can still come to an end by themselves: not those that wait for the world.

        What its own pipeline cannot read now, the fallback may, where that is one of them.
        """
        return int(self.database.read(_UNSETTLED, {"served": json.dumps(served)})[0]["n"])

    def knows(self, inbox: str, key: str) -> bool:
        """Whether any version of a document has a job."""
        return bool(self.database.read("SELECT 1 FROM jobs WHERE inbox = ? AND key = ? LIMIT 1", (inbox, key)))

    def expired(self, inbox: str, before: float, limit: int = 500) -> list[Job]:
        """Finished jobs of an inbox that ended before this time."""
        rows = self.database.read(
            "SELECT * FROM jobs WHERE finished_at < ? AND inbox = ? ORDER BY finished_at LIMIT ?",
            (before, inbox, limit),
        )
        return [job_of(row) for row in rows]

    def forget(self, job: Job) -> None:
        """Strike a finished job from the ledger, with its history."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM jobs WHERE id = ? AND finished_at IS NOT NULL", (job.id,))
