"""How the daemon is: for people, for load balancers, and for whoever restarts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import psutil
from fastapi import APIRouter, Response

from ocr_inbox.chronicle import Queue
from ocr_inbox.errors import LedgerUnavailableError
from ocr_inbox.model import (
    Draining,
    HearingVitals,
    InboxVitals,
    Job,
    JobState,
    Pause,
    PipelineName,
    PipelineVitals,
)
from ocr_inbox.sidecar import timestamp
from ocr_inbox_api.graphics import GraphicsCards
from ocr_inbox_api.parts import Parts
from ocr_inbox_api.problems import Failure, documented
from ocr_inbox_api.shapes import (
    HealthView,
    HearingHealth,
    InboxHealth,
    PauseView,
    PipelineHealth,
    QueueHealth,
    StateView,
    SystemHealth,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the ledger says: what is open, and what a person ordered."""

    queues: Sequence[Queue]
    pauses: Sequence[Pause]
    draining: Draining | None


_NOTHING = _Told(queues=(), pauses=(), draining=None)


class Health:
    """Remembers since when it is asked, and when each pipeline last read something; `show` and `ready` block."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._started_at = parts.clock()
        self._last_inference: dict[PipelineName, float | None] = {}
        self._graphics = GraphicsCards()
        psutil.cpu_percent(interval=None)  # the first call only starts the measurement

    def heard(self, job: Job) -> None:
        """Note a job that was read; may be called in any thread."""
        if job.state is JobState.DONE and job.read_by:
            self._last_inference[job.read_by] = job.finished_at

    def show(self, response: Response) -> HealthView:
        """Pipelines, inboxes, the queue and the machine: 200 while anything can be read, 503 when nothing can."""
        pipelines, inboxes, told = self._parts.vitals.pipelines(), self._parts.vitals.inboxes(), self._told()
        status = _verdict(pipelines, inboxes, ledger_answers=told is not None)
        response.status_code = 503 if status == "unhealthy" else 200
        now, graphics = self._parts.clock(), self._graphics.memory()
        pauses = {pause.inbox: pause for pause in (told or _NOTHING).pauses}
        draining = (told or _NOTHING).draining
        return HealthView(
            status=status,
            draining=draining.scope if draining else None,
            timestamp=timestamp(now),
            pipelines={it.family: self._pipeline(it) for it in pipelines},
            inboxes={it.name: _inbox(it, pauses.get(it.name)) for it in inboxes},
            hearing={it.name: _hearing(it) for it in self._parts.vitals.hearing()},
            queue=None if told is None else _queue(told.queues, now),
            system=SystemHealth(
                gpu_memory_used=graphics.used if graphics else None,
                gpu_memory_total=graphics.total if graphics else None,
                cpu_usage=psutil.cpu_percent(interval=None),
                uptime=round(now - self._started_at, 3),
            ),
        )

    def ready(self) -> Response:
        """Whether every configured pipeline can take work."""
        reasons = [
            f"{it.pipeline.value}: {it.problem or 'its readers are starting'}"
            for it in self._parts.vitals.pipelines()
            if not it.ready and it.server is None  # a server that is away is no reason to restart the daemon
        ]
        told = self._told()
        if told is None:
            reasons.append("ledger: it does not answer")
        elif told.draining:
            reasons.append("the daemon drains: it takes nothing new, and ends when it has read what it has")
        if reasons:
            return Failure(code="not_ready", detail="; ".join(reasons)).response()
        return Response(StateView(status="ready").model_dump_json(), media_type="application/json")

    async def live(self) -> StateView:
        """Whether the process still answers."""
        return StateView(status="alive")

    def _told(self) -> _Told | None:
        chronicle = self._parts.chronicle
        try:
            return _Told(queues=chronicle.queues(), pauses=chronicle.pauses(), draining=chronicle.draining())
        except LedgerUnavailableError:
            return None

    def _pipeline(self, vitals: PipelineVitals) -> PipelineHealth:
        return PipelineHealth(
            status="ready" if vitals.ready else "unavailable",
            model_loaded=vitals.loaded,
            gpu_available=vitals.device.startswith("gpu"),
            last_inference=timestamp(self._last_inference.get(vitals.pipeline)),
            readers=vitals.readers,
            restarts=vitals.restarts,
            error=vitals.problem,
            docker_status=vitals.server.status if vitals.server else None,
            api_url=vitals.server.url if vitals.server else None,
            health_check=("failed" if vitals.problem else "passed") if vitals.server else None,
        )


def _verdict(
    pipelines: Sequence[PipelineVitals], inboxes: Sequence[InboxVitals], *, ledger_answers: bool
) -> Literal["healthy", "degraded", "unhealthy"]:
    if not ledger_answers or not any(it.ready for it in pipelines):
        return "unhealthy"
    if all(it.ready for it in pipelines) and not any(it.problem for it in inboxes):
        return "healthy"
    return "degraded"


def _inbox(vitals: InboxVitals, pause: Pause | None) -> InboxHealth:
    return InboxHealth(
        mode=vitals.mode,
        problem=vitals.problem,
        paused=PauseView(since=timestamp(pause.since), reason=pause.reason) if pause else None,
        last_scan_at=timestamp(vitals.last_scan_at),
        settling=vitals.settling,
        listed=vitals.listed,
        heard=vitals.heard,
    )


def _hearing(vitals: HearingVitals) -> HearingHealth:
    return HearingHealth(
        problem=vitals.problem,
        received=vitals.received,
        told=vitals.told,
        deleted=vitals.deleted,
        not_understood=vitals.not_understood,
        unwanted=vitals.unwanted,
        heard_at=timestamp(vitals.heard_at),
    )


def _queue(queues: Sequence[Queue], now: float) -> QueueHealth:
    return QueueHealth(
        waiting=sum(it.waiting for it in queues),
        running=sum(it.running for it in queues),
        oldest_seconds=round(now - min(it.oldest for it in queues), 3) if queues else None,
    )


def add_routes(router: APIRouter, health: Health) -> None:
    """Answer what may be behind a key."""
    responses = documented() | {503: {"model": HealthView, "description": "Nothing can be read"}}
    router.add_api_route("/api/v1/health", health.show, tags=["health"], responses=responses)


def add_probes(router: APIRouter, health: Health) -> None:
    """Answer machines that carry no key."""
    router.add_api_route("/livez", health.live, tags=["health"], responses=documented())
    router.add_api_route(
        "/readyz", health.ready, tags=["health"], response_model=StateView, responses=documented("not_ready")
    )
