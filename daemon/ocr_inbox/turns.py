"""Whose turn it is: which jobs readers may take next, most urgent first, and none that is held back."""

import sqlite3
from dataclasses import asdict

from ocr_inbox.database import Database
from ocr_inbox.model import UPLOADS, Absence, Hold, Job, PipelineName, Priority

Wanted = dict[str, object]
"""What a claim may take, as the queries below know it."""


def is_open(inbox: str) -> str:
    """SQL for whether jobs of an inbox, which is SQL too, may be claimed; uploads are read also by who is to end."""
    return f"""NOT ({inbox} IN (SELECT inbox FROM pauses)
    OR ({inbox} <> '{UPLOADS}' AND EXISTS (SELECT 1 FROM drains WHERE scope = 'hand')))"""  # noqa: S608 - constant text


def is_there(inbox: str) -> str:
    """SQL for whether jobs of an inbox, which is SQL too, find it there, or are to find out whether it is."""
    return f"{inbox} NOT IN (SELECT inbox FROM holds WHERE not_before > :now)"  # noqa: S608 - constant text


_AT_ONCE = "iif(EXISTS (SELECT 1 FROM holds), 1, :limit)"
"""Of each inbox: where one is away, one job finds out whether it is back."""

_OWN = "state = 'waiting' AND pipeline = :pipeline AND priority = :priority"
_DIVERTIBLE = "state = 'waiting' AND pipeline = :absent AND fallback = :pipeline AND priority = :priority"


def places(line: str) -> str:
    """SQL for the inboxes of jobs that meet a condition, found by leaping from one to the next in an index."""
    following = f"SELECT min(inbox) FROM jobs WHERE {line} AND inbox > places.inbox"  # noqa: S608 - constant text
    return f"""
    WITH RECURSIVE places (inbox) AS (
        SELECT min(inbox) FROM jobs WHERE {line}
        UNION ALL
        SELECT ({following}) FROM places WHERE inbox IS NOT NULL
    )
    """  # noqa: S608 - constant text


def _first(line: str) -> str:
    """Of each inbox that is open, as many as are wanted."""
    return f"""
    {places(line)}
    SELECT jobs.id, jobs.not_before FROM places JOIN jobs ON jobs.id IN (
        SELECT id FROM jobs WHERE {line} AND inbox = places.inbox AND not_before <= :now
        ORDER BY not_before, id LIMIT {_AT_ONCE}
    ) WHERE places.inbox IS NOT NULL AND {is_open("places.inbox")} AND {is_there("places.inbox")}
    """  # noqa: S608 - constant text


def _any(line: str) -> str:
    return f"""EXISTS (
    {places(line)}
    SELECT 1 FROM places WHERE places.inbox IS NOT NULL AND {is_open("places.inbox")} AND {is_there("places.inbox")}
    AND EXISTS (SELECT 1 FROM jobs WHERE {line} AND inbox = places.inbox AND not_before <= :now)
    )"""  # noqa: S608 - constant text


_DUE = f"SELECT {_any(_OWN)} OR {_any(_DIVERTIBLE)} AS due"

_CLAIM = f"""
UPDATE jobs SET state = 'running', worker = :worker, attempts = attempts + 1, code = NULL, reason = NULL,
                diverted = CASE WHEN sidecar IS NOT NULL THEN diverted WHEN pipeline <> :pipeline THEN :why END,
                started_at = :now, changed_at = :now
WHERE id IN (
    SELECT id FROM (SELECT * FROM ({_first(_OWN)}) UNION ALL SELECT * FROM ({_first(_DIVERTIBLE)}))
    ORDER BY not_before, id LIMIT :limit
)
RETURNING *
"""  # noqa: S608 - constant text

_PROLONG = "UPDATE holds SET not_before = :not_before, code = :code, reason = :reason WHERE inbox = :inbox"
_BEGIN = "INSERT INTO holds VALUES (:inbox, :since, :not_before, :code, :reason)"

_AHEAD = f"""
SELECT count(*) AS n FROM jobs INDEXED BY jobs_waiting
WHERE state = 'waiting' AND pipeline = :pipeline AND not_before <= :now AND {is_open("inbox")} AND {is_there("inbox")}
  AND (priority < :priority OR (priority = :priority AND (not_before, id) < (:not_before, :id)))
"""  # noqa: S608 - constant text


def wanted(pipeline: PipelineName, absence: Absence | None, now: float) -> list[Wanted]:
    """What a claim for this pipeline may take now, most urgent first; during an absence, what that diverts too."""
    absent = absence.pipeline if absence else None
    return [{"pipeline": pipeline, "absent": absent, "priority": int(priority), "now": now} for priority in Priority]


def hold(connection: sqlite3.Connection, it: Hold) -> bool:
    """Let an inbox wait as a whole; whether it did not yet."""
    known = connection.execute(_PROLONG, asdict(it)).rowcount
    if not known:
        connection.execute(_BEGIN, asdict(it))
    return not known


def due(database: Database, it: Wanted) -> bool:
    """Whether there is anything to claim; reads only."""
    return bool(database.read(_DUE, it)[0]["due"])


def claimed(connection: sqlite3.Connection, it: Wanted, worker: str, limit: int, why: str | None) -> list[sqlite3.Row]:
    """The rows of up to `limit` jobs that this worker has from now on; `why` is the reason of a diversion."""
    return connection.execute(_CLAIM, {**it, "worker": worker, "limit": limit, "why": why}).fetchall()


def ahead_of(database: Database, job: Job, now: float) -> int:
    """How many jobs of its pipeline that could be claimed now go before one that waits."""
    place = {"priority": int(job.assignment.priority), "not_before": job.not_before, "id": job.id}
    return int(database.read(_AHEAD, {"pipeline": job.assignment.pipeline, "now": now, **place})[0]["n"])
