"""The only meeting point of all loops and the only truth: every document's way, one transaction a step."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ocr_inbox import turns
from ocr_inbox.arrivals import noted, unknown
from ocr_inbox.bell import Bell
from ocr_inbox.database import Database
from ocr_inbox.errors import JobNotFinishedError, LostClaimError, StoppingError, UnknownJobError
from ocr_inbox.model import UPLOADS, Absence, Arrival, Assignment, DrainScope, Hold, Job, JobState, PipelineName
from ocr_inbox.ports import Clock
from ocr_inbox.rows import job_of

_FENCE = "WHERE id = :id AND state = 'running' AND attempts = :attempt"

_PUT_BACK = """
UPDATE jobs SET state = 'waiting', worker = NULL, not_before = coalesce(:not_before, not_before), changed_at = :now,
                attempts_allowed = attempts_allowed + :granted, code = :code, reason = :reason
WHERE state = 'running'
"""


@dataclass
class Ledger:
    """Moves jobs between their states. Every update of a running job is fenced by its attempt number.

    Methods that take a job raise LostClaimError where somebody else has it by now; all raise
    LedgerUnavailableError where it cannot be used. `heard` is told, after the commit, of every job that ended
    or went back to waiting.
    """

    database: Database
    clock: Clock
    attempts_allowed: int = 3
    bell: Bell = field(default_factory=Bell)
    heard: list[Callable[[Job], None]] = field(default_factory=list)

    def unknown(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Those of one inbox's arrivals that are to be noted; reads only."""
        return unknown(self.database, arrivals)

    def enqueue(self, orders: Sequence[tuple[Arrival, Assignment]]) -> list[Job]:
        """Note the arrivals; returns the new jobs and those of documents that had vanished. Others stay as they are."""
        jobs = []
        with self.database.transaction() as connection:
            for arrival, assignment in orders:
                row = noted(connection, arrival, assignment, attempts=self.attempts_allowed, now=self.clock())
                if row is not None:
                    jobs.append(job_of(row))
        if any(job.state is JobState.WAITING for job in jobs):
            self.bell.ring()
        for job in jobs:
            if job.state is JobState.SKIPPED:
                self._tell(job)
        return jobs

    def claim(self, pipeline: PipelineName, worker: str, limit: int, absence: Absence | None = None) -> list[Job]:
        """Take up to `limit` jobs of one priority, the most urgent and longest waiting first, of no paused inbox.

        During an absence, those that have this pipeline as their fallback stand in the same line.
        """
        if not self.due(pipeline, absence):
            return []
        why = absence.reason if absence else None
        with self.database.transaction() as connection:
            for wanted in turns.wanted(pipeline, absence, self.clock()):
                if rows := turns.claimed(connection, wanted, worker, limit, why):
                    return sorted(map(job_of, rows), key=lambda job: (job.not_before, job.id))
        return []

    def due(self, pipeline: PipelineName, absence: Absence | None = None) -> bool:
        """Whether a claim would find something: looking first keeps idle workers from writing."""
        return any(turns.due(self.database, wanted) for wanted in turns.wanted(pipeline, absence, self.clock()))

    def note_obstacle(self, pipeline: PipelineName, code: str, reason: str) -> None:
        """No reader of this pipeline can be opened: until it is over, whoever asks for a job that waits is told so."""
        obstacle = (pipeline, code, reason)
        if not self.database.read("SELECT 1 FROM obstacles WHERE (pipeline, code, reason) = (?, ?, ?)", obstacle):
            with self.database.transaction() as connection:
                connection.execute("INSERT OR REPLACE INTO obstacles VALUES (?, ?, ?)", obstacle)

    def clear_obstacle(self, pipeline: PipelineName) -> None:
        """A reader of this pipeline stands ready; writes only where something else was noted."""
        if self.database.read("SELECT 1 FROM obstacles WHERE pipeline = ?", (pipeline,)):
            with self.database.transaction() as connection:
                connection.execute("DELETE FROM obstacles WHERE pipeline = ?", (pipeline,))

    def pause(self, inbox: str, reason: str | None) -> bool:
        """No job of this inbox is claimed any more; returns False where it was paused already, and keeps since when."""
        with self.database.transaction() as connection:
            values = (inbox, self.clock(), reason)
            new = connection.execute("INSERT OR IGNORE INTO pauses VALUES (?, ?, ?)", values).rowcount
            if reason is not None:
                connection.execute("UPDATE pauses SET reason = ? WHERE inbox = ?", (reason, inbox))
        return bool(new)

    def resume(self, inbox: str) -> bool:
        """Its jobs go on, each in its old place; returns False where it was not paused."""
        with self.database.transaction() as connection:
            resumed = connection.execute("DELETE FROM pauses WHERE inbox = ?", (inbox,)).rowcount
        self.bell.ring()
        return bool(resumed)

    def drain(self, scope: DrainScope) -> None:
        """The daemon is to end when that much is read; until its next start nothing beyond that is claimed."""
        with self.database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO drains VALUES (1, ?, ?)", (scope, self.clock()))

    def note_window(  # noqa: PLR0913 - one row's columns
        self, job: Job, first_page: int, config_digest: str, content: bytes, *, done: int, total: int
    ) -> None:
        """These pages are read: keep them, so that no crash costs them again; `done` of `total` pages are."""
        with self.database.transaction() as connection:
            self._change(connection, job, "pages_done = :done, pages = :total", done=done, total=total)
            connection.execute(
                "INSERT OR REPLACE INTO windows (job, first_page, config_digest, content) VALUES (?, ?, ?, ?)",
                (job.id, first_page, config_digest, content),
            )

    def windows(self, job: Job, config_digest: str) -> dict[int, bytes]:
        """What is kept of a job under this configuration, by first page."""
        query = "SELECT first_page, content FROM windows WHERE job = ? AND config_digest = ?"
        return {row["first_page"]: row["content"] for row in self.database.read(query, (job.id, config_digest))}

    def note_sidecar(self, job: Job, sidecar: str, pages: int | None = None) -> None:
        """The sidecar is durable: from here on the document is never read again for this job."""
        self._update(
            job,
            "sidecar = :sidecar, pages = coalesce(:pages, pages), pages_done = coalesce(:pages, pages_done)",
            sidecar=sidecar,
            pages=pages,
        )

    def finish(self, job: Job) -> None:
        """Everything is done."""
        self._close(job, JobState.DONE, None, None)

    def bury(self, job: Job, code: str, reason: str) -> None:
        """Give the document up, for this reason."""
        self._close(job, JobState.BURIED, code, reason)

    def skip(self, job: Job, code: str, reason: str) -> None:
        """There is nothing to do for this document, for this reason."""
        self._close(job, JobState.SKIPPED, code, reason)

    def retry(self, job: Job, code: str, reason: str, not_before: float) -> None:
        """Let the document wait for another attempt, behind those that are due before."""
        self._reopen(job, code, reason, not_before, granted=0)

    def put_off(self, job: Job, code: str, reason: str, not_before: float) -> None:
        """Let the document wait for the world; the attempt is given back as a grant of another."""
        self._reopen(job, code, reason, not_before, granted=1)

    def hold(self, job: Job, hold: Hold, not_before: float) -> bool:
        """Let the document wait for its inbox, and all others of it as well; whether that is news.

        From the hold's own time on, one of them finds out whether it is over, as it is when one came to its end.
        Uploads wait each by itself: somebody is told.
        """
        common = hold if hold.inbox != UPLOADS else None
        return self._reopen(job, hold.code, hold.reason, not_before, granted=1, hold=common)

    def recover(self) -> int:
        """Put back what a killed daemon left running, and count it; its attempts stay counted.

        What was in the way of a pipeline or an inbox is forgotten, because it may be gone by now; and that the last
        daemon was to end.
        """
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM obstacles")
            connection.execute("DELETE FROM holds")
            connection.execute("DELETE FROM drains")
            reason = "the daemon ended while it was read"
            values = {"now": self.clock(), "not_before": self.clock(), "granted": 0}
            put_back = connection.execute(_PUT_BACK, {**values, "code": "interrupted", "reason": reason})
        return put_back.rowcount

    def release(self) -> None:
        """Put back what is still in hand when the daemon ends as it was told to: in its place, no attempt used up."""
        reason = "the daemon was stopped while it was read"
        values = {"now": self.clock(), "not_before": None, "granted": 1}
        with self.database.transaction() as connection:
            connection.execute(_PUT_BACK, {**values, "code": StoppingError.code, "reason": reason})

    def grant(self, job_id: int) -> Job:
        """A person asks for it again: the attempts it had stay counted, as many more are allowed.

        Raises UnknownJobError, and JobNotFinishedError for a job that has not come to its end.
        """
        with self.database.transaction() as connection:
            row = connection.execute(
                "UPDATE jobs SET state = 'waiting', attempts_allowed = attempts + :more, not_before = :now, "
                "changed_at = :now, finished_at = NULL, sidecar = NULL, diverted = NULL, code = NULL, reason = NULL, "
                "pages = NULL, pages_done = 0, anew = 1 "
                "WHERE id = :id AND state IN ('done', 'buried', 'skipped') AND pipeline IS NOT NULL RETURNING *",
                {"id": job_id, "now": self.clock(), "more": self.attempts_allowed},
            ).fetchone()
            if row is None:
                self._explain_refusal(connection, job_id)
        self.bell.ring()
        return job_of(row)

    @staticmethod
    def _explain_refusal(connection: sqlite3.Connection, job_id: int) -> None:
        row = connection.execute("SELECT state, reason FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise UnknownJobError(f"cannot retry job {job_id}: there is no such job")
        why = row["reason"] if row["state"] == "skipped" else f"it is {row['state']}"
        raise JobNotFinishedError(f"cannot retry job {job_id}: {why}")

    def _reopen(  # noqa: PLR0913 - one row's columns
        self, job: Job, code: str, reason: str, not_before: float, *, granted: int, hold: Hold | None = None
    ) -> bool:
        with self.database.transaction() as connection:
            row = self._change(
                connection,
                job,
                "state = 'waiting', worker = NULL, not_before = :not_before, changed_at = :now, "
                "attempts_allowed = attempts_allowed + :granted, code = :code, reason = :reason",
                not_before=not_before,
                now=self.clock(),
                granted=granted,
                code=code,
                reason=reason,
            )
            news = hold is not None and turns.hold(connection, hold)
        self._tell(job_of(row))
        return news

    def _close(self, job: Job, state: JobState, code: str | None, reason: str | None) -> None:
        row = self._update(
            job,
            "state = :state, worker = NULL, finished_at = :now, changed_at = :now, code = :code, reason = :reason",
            state=state,
            now=self.clock(),
            code=code,
            reason=reason,
        )
        self._tell(job_of(row))

    def _update(self, job: Job, assignments: str, **values: object) -> sqlite3.Row:
        with self.database.transaction() as connection:
            return self._change(connection, job, assignments, **values)

    @staticmethod
    def _change(connection: sqlite3.Connection, job: Job, assignments: str, **values: object) -> sqlite3.Row:
        row: sqlite3.Row | None = connection.execute(
            f"UPDATE jobs SET {assignments} {_FENCE} RETURNING *",  # noqa: S608 - constant text, bound values
            {**values, "id": job.id, "attempt": job.attempts},
        ).fetchone()
        if row is None:
            raise LostClaimError(f"cannot update job {job.id}: attempt {job.attempts} no longer holds it")
        return row

    def _tell(self, job: Job) -> None:
        for listener in self.heard:
            listener(job)
