"""Which arrivals are news to the ledger, and the jobs that they become there."""

import json
import sqlite3
from collections.abc import Sequence

from ocr_inbox.database import Database
from ocr_inbox.errors import SourceGoneError
from ocr_inbox.model import Arrival, Assignment
from ocr_inbox.rows import outputs_text

_VANISHED = f"state = 'skipped' AND code = '{SourceGoneError.code}'"
"""What was not there when its turn came, as when its share was unmounted, and is read if it is there again."""

_INSERT = f"""
INSERT INTO jobs (inbox, key, version, size, pipeline, rule, priority, outputs, fallback, state,
                  attempts_allowed, not_before, reason, code, enqueued_at, changed_at, finished_at)
VALUES (:inbox, :key, :version, :size, :pipeline, :rule, :priority, :outputs, :fallback, :state,
        :attempts_allowed, :now, :reason, :code, :now, :now, CASE WHEN :state = 'skipped' THEN :now END)
ON CONFLICT (inbox, key, version) DO UPDATE SET
    pipeline = excluded.pipeline, rule = excluded.rule, priority = excluded.priority, outputs = excluded.outputs,
    fallback = excluded.fallback, state = excluded.state, reason = excluded.reason, code = excluded.code,
    attempts_allowed = attempts + excluded.attempts_allowed, not_before = excluded.not_before,
    enqueued_at = excluded.enqueued_at, changed_at = excluded.changed_at, finished_at = excluded.finished_at,
    sidecar = NULL, diverted = NULL
WHERE {_VANISHED}
RETURNING *
"""  # noqa: S608 - constant text

_THIS_ONE = "inbox = :inbox AND key = json_extract(seen.value, '$[0]') AND version = json_extract(seen.value, '$[1]')"

_UNKNOWN = f"""
SELECT seen.key FROM json_each(:places) AS seen
WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE {_THIS_ONE})
   OR EXISTS (SELECT 1 FROM jobs WHERE {_THIS_ONE} AND {_VANISHED})
"""  # noqa: S608 - constant text


def unknown(database: Database, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Those of one inbox's arrivals that no job exists for, or one that found nothing there; reads only."""
    if not arrivals:
        return []
    places = json.dumps([[arrival.document.key, arrival.document.version] for arrival in arrivals])
    found = database.read(_UNKNOWN, {"places": places, "inbox": arrivals[0].document.inbox})
    return [arrivals[row["key"]] for row in found]


def noted(
    connection: sqlite3.Connection, arrival: Arrival, assignment: Assignment, *, attempts: int, now: float
) -> sqlite3.Row | None:
    """The row of the job that waits, or is skipped, from now on; None where there was one, which stays as it is."""
    skipped = assignment.pipeline is None
    values = {
        "inbox": arrival.document.inbox,
        "key": arrival.document.key,
        "version": arrival.document.version,
        "size": arrival.size,
        "pipeline": assignment.pipeline,
        "rule": assignment.rule,
        "priority": int(assignment.priority),
        "outputs": outputs_text(assignment.outputs),
        "fallback": assignment.fallback,
        "state": "skipped" if skipped else "waiting",
        "code": "no_rule" if skipped else None,
        "reason": assignment.reason,
        "attempts_allowed": attempts,
        "now": now,
    }
    row: sqlite3.Row | None = connection.execute(_INSERT, values).fetchone()
    return row
