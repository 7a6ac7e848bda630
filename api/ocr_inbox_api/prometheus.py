"""Metrics for Prometheus: what the ledger tells, what the queue is now, and how requests ended."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.model import Job, JobState
from ocr_inbox.ports import Clock, Vitals
from ocr_inbox_api.parts import Parts
from ocr_inbox_api.problems import documented

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})


class Exposition:
    """Remembers counts in a registry of its own; `heard` may be called in any thread."""

    def __init__(self, parts: Parts) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(Now(parts.chronicle, parts.vitals, parts.clock, parts.uploads))
        Info("ocr_inbox", "What runs here", registry=self._registry).info({"version": parts.version})
        self._finished = Counter(
            "ocr_inbox_jobs_finished",
            "Jobs that came to their end",
            ("inbox", "pipeline", "state"),
            registry=self._registry,
        )
        self._failures = Counter(
            "ocr_inbox_failures", "Attempts that failed, by error code", ("code",), registry=self._registry
        )
        self._seconds = Histogram(
            "ocr_inbox_job_duration_seconds",
            "From the claim of a job to its end",
            ("pipeline",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._requests = Counter(
            "ocr_inbox_http_requests",
            "Requests that were answered",
            ("method", "route", "status"),
            registry=self._registry,
        )

    def heard(self, job: Job) -> None:
        """Count a job that ended, or went back to waiting after a failure."""
        pipeline = job.assignment.pipeline.value if job.assignment.pipeline else "none"
        if job.state in (JobState.WAITING, JobState.BURIED):
            self._failures.labels(job.code or "internal").inc()
        if job.state is not JobState.WAITING:
            self._finished.labels(job.document.inbox, pipeline, job.state.value).inc()
        if job.state is not JobState.WAITING and job.started_at and job.finished_at:
            self._seconds.labels(pipeline).observe(job.finished_at - job.started_at)

    def counted(self, method: str, route: str, status: int) -> None:
        """Count a request; `route` is the path's template, so that nobody outside can invent labels."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()

    def show(self) -> Response:
        """Everything, in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


@dataclass(frozen=True, slots=True, eq=False)
class Now(Collector):
    """What is looked up at each scrape."""

    chronicle: Chronicle
    vitals: Vitals
    clock: Clock
    state: Path

    def collect(self) -> Iterator[Metric]:
        """The queue, the pipelines, the inboxes and the disk as they are."""
        yield from self._queues()
        yield from self._pipelines()
        yield from self._inboxes()
        yield from self._hearing()
        yield from self._disk()

    def _queues(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("ocr_inbox_queue_jobs", "Open jobs", labels=("inbox", "pipeline", "state"))
        oldest = GaugeMetricFamily(
            "ocr_inbox_queue_oldest_seconds", "Age of the oldest open job", labels=("inbox", "pipeline")
        )
        now = self.clock()
        for queue in self.chronicle.queues():
            place = (queue.inbox, queue.pipeline.value)
            jobs.add_metric((*place, "waiting"), queue.waiting)
            jobs.add_metric((*place, "running"), queue.running)
            oldest.add_metric(place, max(0.0, now - queue.oldest))
        yield jobs
        yield oldest

    def _pipelines(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("ocr_inbox_pipeline_ready", "Whether it can take work", labels=("pipeline",))
        readers = GaugeMetricFamily("ocr_inbox_readers", "Reader processes", labels=("pipeline",))
        restarts = CounterMetricFamily("ocr_inbox_reader_restarts", "Readers that were replaced", labels=("pipeline",))
        server = GaugeMetricFamily("ocr_inbox_server_up", "Whether its server can be used", labels=("pipeline",))
        for vitals in self.vitals.pipelines():
            label = (vitals.pipeline.value,)
            ready.add_metric(label, vitals.ready)
            readers.add_metric(label, vitals.readers)
            restarts.add_metric(label, vitals.restarts)
            if vitals.server:
                server.add_metric(label, vitals.server.status == "running")
        yield ready
        yield readers
        yield restarts
        yield server

    def _inboxes(self) -> Iterator[Metric]:
        paused = GaugeMetricFamily("ocr_inbox_inbox_paused", "Whether it has a problem", labels=("inbox",))
        events = GaugeMetricFamily("ocr_inbox_inbox_events", "Whether it is told of new documents", labels=("inbox",))
        by_hand = GaugeMetricFamily("ocr_inbox_inbox_paused_by_hand", "Whether a person paused it", labels=("inbox",))
        found = CounterMetricFamily(
            "ocr_inbox_found_by_scan", "New documents that no event had told of", labels=("inbox",)
        )
        pauses = {pause.inbox for pause in self.chronicle.pauses()}
        for vitals in self.vitals.inboxes():
            paused.add_metric((vitals.name,), vitals.problem is not None)
            by_hand.add_metric((vitals.name,), vitals.name in pauses)
            events.add_metric((vitals.name,), vitals.mode == "events")
            found.add_metric((vitals.name,), vitals.found_by_scan)
        yield paused
        yield by_hand
        yield events
        yield found

    def _hearing(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("ocr_inbox_listener_up", "Whether it hears of new objects", labels=("listener",))
        for vitals in self.vitals.hearing():
            up.add_metric((vitals.name,), vitals.problem is None)
        yield up

    def _disk(self) -> Iterator[Metric]:
        free = GaugeMetricFamily("ocr_inbox_state_free_bytes", "Free on the disk of the ledger and the uploads")
        size = GaugeMetricFamily("ocr_inbox_state_size_bytes", "Size of that disk")
        with suppress(OSError):
            usage = shutil.disk_usage(self.state)
            free.add_metric((), usage.free)
            size.add_metric((), usage.total)
        yield free
        yield size


@dataclass(frozen=True, slots=True)
class Counted:
    """Around the application: tells the exposition how each request ended."""

    app: ASGIApp
    exposition: Exposition

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note its status; without an answer it is a 500."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.exposition.counted(scope["method"], route, status)


def add_routes(router: APIRouter, exposition: Exposition) -> None:
    """Answer under /metrics."""
    router.add_api_route(
        "/metrics",
        exposition.show,
        response_class=PlainTextResponse,
        tags=["metrics"],
        responses=documented("ledger_unavailable"),
    )
