"""How things stand: from the ledger, and from the daemon itself where it answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from ocr_inbox.chronicle import Chronicle, Ended, Queue
from ocr_inbox.errors import ConfigurationError
from ocr_inbox.model import Draining, Job, JobState, Pause
from ocr_inbox.options import api_keys
from ocr_inbox.settings import Settings
from ocr_inbox.sidecar import timestamp
from ocr_inbox.waits import Wait, circumstances_of, wait_of

_ANSWER_SECONDS = 2.0
_RECENT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Oldest:
    """The job that has waited longest, and for what."""

    job: Job
    wait: Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What the daemon says of itself, as its health endpoint has it, or why it says nothing."""

    health: Any = None
    silence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the ledger says, and what the daemon says of itself.

    `pid` is that of the daemon, None where none runs; `ended` is what came to its end in the last minute. `now` is in
    seconds since the epoch.
    """

    now: float
    pid: int | None
    totals: tuple[tuple[JobState, int], ...]
    queues: tuple[Queue, ...]
    ended: tuple[Ended, ...]
    pauses: tuple[Pause, ...]
    draining: Draining | None
    oldest: Oldest | None
    voice: Voice

    def as_json(self) -> Mapping[str, object]:
        """For scripts."""
        return {
            "jobs": {state.value: count for state, count in self.totals},
            "queues": [asdict(queue) for queue in self.queues],
            "last_minute": {it.state.value: {"documents": it.documents, "pages": it.pages} for it in self.ended},
            "oldest": _oldest_json(self.oldest),
            "paused": {it.inbox: {"since": timestamp(it.since), "reason": it.reason} for it in self.pauses},
            "draining": self.draining.scope.value if self.draining else None,
            "pid": self.pid,
            "daemon": self.voice.health,
        }


def _oldest_json(oldest: Oldest | None) -> Mapping[str, object] | None:
    if oldest is None:
        return None
    document = oldest.job.document
    return {
        "job": oldest.job.id,
        "inbox": document.inbox,
        "key": document.key,
        "enqueued_at": timestamp(oldest.job.enqueued_at),
        "waits_for": oldest.wait.thing,
        "remedy": oldest.wait.remedy,
    }


def _live_health(settings: Settings) -> Any:
    """The answer of GET /api/v1/health, or None; raises ConfigurationError where the keys cannot be read."""
    api = settings.api
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(api.host, api.host)  # noqa: S104 - where to ask, not to bind
    keys = api_keys(settings)
    headers = {"Authorization": f"Bearer {keys[0]}"} if keys else {}
    try:
        answer = httpx.get(
            f"http://{host}:{api.port}/api/v1/health", headers=headers, timeout=_ANSWER_SECONDS, trust_env=False
        )
        health = answer.json()
    except (httpx.HTTPError, ValueError):
        return None
    return health if isinstance(health, dict) and "pipelines" in health else None


def voice_of(settings: Settings) -> Voice:
    """What a daemon that runs says of itself; where it says nothing, the ledger still does."""
    if not settings.api.enabled:
        return Voice(silence="its API is switched off")
    try:
        health = _live_health(settings)
    except ConfigurationError as error:
        return Voice(silence=f"its API was not asked ({error})")
    return Voice(health=health, silence="" if health else "its API does not answer")


def status_of(chronicle: Chronicle, *, voice: Voice, pid: int | None, now: float) -> Status:
    """All of it, as the ledger has it now; raises LedgerUnavailableError."""
    return Status(
        now=now,
        pid=pid,
        totals=tuple(chronicle.totals()),
        queues=tuple(chronicle.queues()),
        ended=tuple(chronicle.ended_since(now - _RECENT_SECONDS)),
        pauses=tuple(chronicle.pauses()),
        draining=chronicle.draining() if pid is not None else None,
        oldest=_oldest(chronicle, now=now, runs=pid is not None),
        voice=voice,
    )


def _oldest(chronicle: Chronicle, *, now: float, runs: bool) -> Oldest | None:
    job = chronicle.oldest_waiting()
    if job is None:
        return None
    return Oldest(job=job, wait=wait_of(job, circumstances_of(chronicle, job, now=now, runs=runs)))
