"""The application: every route, and what stands around them."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi_offline import FastAPIOffline

from ocr_inbox.model import Job
from ocr_inbox_api import batch, events, health, jobs, ocr, problems, prometheus, security, statistics
from ocr_inbox_api.entrance import Entrance
from ocr_inbox_api.parts import ApiOptions, Parts
from ocr_inbox_api.reception import Reception
from ocr_inbox_api.shapes import ProjectView
from ocr_inbox_api.uploads import clear_leftovers
from ocr_inbox_api.waiting import Waiting

_DESCRIPTION = "Reads what is uploaded, or dropped into watched folders, and leaves JSON."


def create_app(parts: Parts, options: ApiOptions) -> FastAPI:
    """The API as an ASGI application for one event loop; it listens to the ledger while it is served.

    `app.state.end_waiting()`, from any thread, answers all who wait for their job: the daemon is stopping.
    """
    # What a client sends wrong is answered; it is no news for the log.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    waiting, counts = Waiting(), statistics.Statistics()
    condition, exposition = health.Health(parts), prometheus.Exposition(parts)
    app = FastAPIOffline(
        title="ocr-inbox",
        version=parts.version,
        description=_DESCRIPTION,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_listening(parts, (waiting.heard, condition.heard, exposition.heard)),
    )
    _add_root(app, parts.version)
    health.add_probes(app.router, condition)
    guarded = security.guarded_router(options.keys)
    reception = Reception(
        parts=parts,
        options=options,
        entrance=Entrance(parts.chronicle, options.max_waiting),
        waiting=waiting,
        statistics=counts,
    )
    ocr.add_routes(guarded, reception)
    batch.add_routes(guarded, reception)
    jobs.add_routes(guarded, jobs.Jobs(parts))
    health.add_routes(guarded, condition)
    statistics.add_routes(guarded, counts)
    prometheus.add_routes(guarded, exposition)
    app.include_router(guarded)
    events.add_routes(app, parts.take_event, options.event_keys)
    problems.add_handlers(app)
    app.add_middleware(prometheus.Counted, exposition=exposition)
    security.allow_origins(app, options.cors_origins)
    app.state.end_waiting = waiting.close
    return app


def _listening(
    parts: Parts, listeners: Sequence[Callable[[Job], None]]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(clear_leftovers, parts.uploads)
        parts.ledger.heard.extend(listeners)
        try:
            yield
        finally:
            for listener in listeners:
                parts.ledger.heard.remove(listener)

    return lifespan


def _add_root(app: FastAPI, version: str) -> None:
    async def project() -> ProjectView:
        """What this is, and where to go from here."""
        return ProjectView(
            name="ocr-inbox",
            version=version,
            description=_DESCRIPTION,
            docs="/docs",
            openapi="/openapi.json",
            health="/api/v1/health",
            endpoints={endpoint.pipeline.value: endpoint.path for endpoint in ocr.ENDPOINTS} | {"batch": batch.PATH},
        )

    app.add_api_route("/", project, tags=["project"], responses=problems.documented())
