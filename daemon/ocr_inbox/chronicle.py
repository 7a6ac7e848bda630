"""What people and dashboards ask of the ledger; nothing here changes it, but for forgetting old history."""

import json
from dataclasses import dataclass

from ocr_inbox.database import Database
from ocr_inbox.errors import UnknownJobError
from ocr_inbox.model import (
    Document,
    Draining,
    DrainScope,
    Hold,
    Job,
    JobState,
    Obstacle,
    Pause,
    PipelineName,
    Transition,
)
from ocr_inbox.rows import explained_job_of, job_of, transition_of
from ocr_inbox.turns import is_open, places

_QUEUES = """
SELECT inbox, pipeline, sum(state = 'waiting') AS waiting, sum(state = 'running') AS running,
       min(enqueued_at) AS oldest
FROM jobs INDEXED BY jobs_open WHERE state IN ('waiting', 'running')
GROUP BY inbox, pipeline ORDER BY inbox, pipeline
"""

_UNSETTLED = f"""
SELECT count(*) AS n
FROM jobs LEFT JOIN obstacles AS own ON own.pipeline = jobs.pipeline
          LEFT JOIN obstacles AS other ON other.pipeline = jobs.fallback
WHERE jobs.state IN ('waiting', 'running') AND jobs.pipeline IN (SELECT value FROM json_each(:served))
  AND (jobs.state = 'running' OR (
    {is_open("jobs.inbox")} AND jobs.inbox NOT IN (SELECT inbox FROM holds)
    AND (jobs.code IS NULL OR jobs.code IN ('reading_failed', 'crashed', 'timeout', 'interrupted', 'stopping')
     OR (jobs.code = 'vl_unavailable' AND jobs.fallback IS NOT NULL))
    AND (own.code IS NULL OR (own.code = 'vl_unavailable' AND other.code IS NULL
                              AND jobs.fallback IN (SELECT value FROM json_each(:served))))))
"""  # noqa: S608 - constant text

_EXPLAINED = """
SELECT jobs.*, coalesce(holds.code, obstacles.code) AS obstacle_code,
       coalesce(holds.reason, obstacles.reason) AS obstacle_reason,
       pauses.since AS paused_since, pauses.reason AS paused_reason
"""

_IN_THE_WAY = """
LEFT JOIN obstacles ON obstacles.pipeline = jobs.pipeline AND jobs.state = 'waiting' AND jobs.code IS NULL
LEFT JOIN holds ON holds.inbox = jobs.inbox AND jobs.state = 'waiting'
LEFT JOIN pauses ON pauses.inbox = jobs.inbox AND jobs.state = 'waiting'
"""

_JOBS = f"{_EXPLAINED} FROM jobs {_IN_THE_WAY}"
_CHANGED_JOBS = f"{_EXPLAINED} FROM jobs INDEXED BY jobs_changed {_IN_THE_WAY}"

_ENDED = """
SELECT state, count(*) AS documents, coalesce(sum(pages), 0) AS pages FROM jobs INDEXED BY jobs_changed
WHERE state IN ('done', 'buried', 'skipped') AND changed_at >= ? GROUP BY state
"""

_PLACES = f"""
{places("TRUE")}
SELECT inbox FROM places WHERE EXISTS (SELECT 1 FROM jobs WHERE jobs.inbox = places.inbox AND jobs.key = ?)
"""  # noqa: S608 - constant text


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What one inbox has open for one pipeline; `oldest` is when its oldest open job was enqueued."""

    inbox: str
    pipeline: PipelineName
    waiting: int
    running: int
    oldest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many documents, and pages of them, came to this end."""

    state: JobState
    documents: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which jobs a listing shows, newest first; `before` is the last id of the page before.

    With `since`, seconds since the epoch, only those whose state changed then or later.
    """

    state: JobState | None = None
    inbox: str | None = None
    pipeline: PipelineName | None = None
    since: float | None = None
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Reads the ledger's file; raises UnknownJobError where a job is asked for that is not there.

    A job that waits for nothing of its own, but whose pipeline cannot read now, has the code and reason of that; one
    whose inbox is paused or away says so, whatever else it waits for.
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
        states = None if selection.since is None or selection.state else [*JobState]
        wishes = {
            "jobs.id < ?": selection.before,
            "jobs.state = ?": selection.state,
            "jobs.state IN (SELECT value FROM json_each(?))": json.dumps(states) if states else None,
            "jobs.changed_at >= ?": selection.since,
            "jobs.inbox = ?": selection.inbox,
            "jobs.pipeline = ?": selection.pipeline,
        }
        wishes = {wish: value for wish, value in wishes.items() if value is not None}
        where = " AND ".join(wishes) or "TRUE"  # only what is asked for: a condition that may be NULL uses no index
        jobs = _JOBS if selection.since is None else _CHANGED_JOBS
        query = f"{jobs} WHERE {where} ORDER BY jobs.id DESC LIMIT ?"
        return [explained_job_of(row) for row in self.database.read(query, (*wishes.values(), selection.limit))]

    def versions(self, inbox: str, key: str) -> list[Job]:
        """The jobs of all versions of a document, the newest first."""
        rows = self.database.read(f"{_JOBS} WHERE jobs.inbox = ? AND jobs.key = ? ORDER BY jobs.id DESC", (inbox, key))
        return [explained_job_of(row) for row in rows]

    def places(self, key: str) -> list[str]:
        """The inboxes in which a document of this key was ever noted; costs nothing for all others."""
        return [row["inbox"] for row in self.database.read(_PLACES, (key,))]

    def oldest_waiting(self) -> Job | None:
        """Which of the jobs that wait was noted first."""
        query = (
            f"{_JOBS} WHERE jobs.inbox = ? AND jobs.pipeline = ? AND jobs.state = 'waiting' "
            "AND jobs.state IN ('waiting', 'running') ORDER BY jobs.enqueued_at LIMIT 1"  # so that jobs_open is used
        )
        waiting = [(queue.inbox, queue.pipeline) for queue in self.queues() if queue.waiting]
        oldest = [explained_job_of(row) for place in waiting for row in self.database.read(query, place)]
        return min(oldest, key=lambda job: job.enqueued_at, default=None)

    def ended_since(self, moment: float) -> list[Ended]:
        """What came to its end since then, which is in seconds since the epoch; costs nothing for what did before."""
        return [
            Ended(state=JobState(row["state"]), documents=row["documents"], pages=row["pages"])
            for row in self.database.read(_ENDED, (moment,))
        ]

    def obstacle(self, pipeline: PipelineName) -> Obstacle | None:
        """What is in the way of a whole pipeline."""
        rows = self.database.read("SELECT * FROM obstacles WHERE pipeline = ?", (pipeline,))
        return Obstacle(code=rows[0]["code"], reason=rows[0]["reason"]) if rows else None

    def pauses(self) -> list[Pause]:
        """The inboxes that are paused."""
        rows = self.database.read("SELECT * FROM pauses ORDER BY inbox")
        return [Pause(inbox=row["inbox"], since=row["since"], reason=row["reason"]) for row in rows]

    def pause(self, inbox: str) -> Pause | None:
        """That of this inbox, where it is paused."""
        return next((pause for pause in self.pauses() if pause.inbox == inbox), None)

    def holds(self) -> list[Hold]:
        """The inboxes that are away."""
        rows = self.database.read("SELECT * FROM holds ORDER BY inbox")
        return [Hold(**dict(row)) for row in rows]

    def draining(self) -> Draining | None:
        """Whether a daemon that runs now is to end, and after what."""
        rows = self.database.read("SELECT * FROM drains")
        return Draining(scope=DrainScope(rows[0]["scope"]), since=rows[0]["since"]) if rows else None

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
