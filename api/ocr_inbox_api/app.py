"""The application: every route, and what stands around them."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import psutil
from fastapi import APIRouter, Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from ocr_inbox.errors import OcrInboxError
from ocr_inbox.model import Job
from ocr_inbox_api import health, jobs, ocr, problems
from ocr_inbox_api.entrance import Entrance
from ocr_inbox_api.parts import ApiOptions, Parts
from ocr_inbox_api.prometheus import Counted, Exposition
from ocr_inbox_api.security import Keys
from ocr_inbox_api.shapes import ProjectView
from ocr_inbox_api.statistics import Statistics
from ocr_inbox_api.uploads import clear_leftovers
from ocr_inbox_api.waiting import Waiting

_DESCRIPTION = "Reads what is uploaded, or dropped into watched folders, and leaves JSON."


def create_app(parts: Parts, options: ApiOptions) -> FastAPI:
    """The API as an ASGI application for one event loop; it listens to the ledger while it is served."""
    # What a client sends wrong is answered; it is no news for the log.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    psutil.cpu_percent(interval=None)  # the first call only starts its measurement
    waiting, pulse, exposition = Waiting(), health.Pulse(), Exposition(parts)
    app = FastAPIOffline(
        title="ocr-inbox",
        version=parts.version,
        description=_DESCRIPTION,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_listening(parts, (waiting.heard, pulse.heard, exposition.heard)),
    )
    condition = health.Health(parts=parts, pulse=pulse, started_at=parts.clock())
    _add_open_routes(app, parts.version, condition)
    _add_guarded_routes(app, parts, options, (waiting, exposition, condition))
    app.exception_handler(OcrInboxError)(problems.answer_named)
    app.exception_handler(HTTPException)(problems.answer_http)
    app.exception_handler(RequestValidationError)(problems.answer_invalid)
    app.exception_handler(Exception)(problems.answer_unknown)
    app.add_middleware(Counted, exposition=exposition)
    if options.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=options.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "X-API-Key", "Prefer"],
            expose_headers=["Location", "Preference-Applied", "Retry-After"],
        )
    return app


def _listening(
    parts: Parts, listeners: Sequence[Callable[[Job], None]]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(clear_leftovers, parts.uploads, parts.ledger)
        parts.ledger.heard.extend(listeners)
        try:
            yield
        finally:
            for listener in listeners:
                parts.ledger.heard.remove(listener)

    return lifespan


def _add_open_routes(app: FastAPI, version: str, condition: health.Health) -> None:
    async def project() -> ProjectView:
        """What this is, and where to go from here."""
        return ProjectView(
            name="ocr-inbox",
            version=version,
            description=_DESCRIPTION,
            docs="/docs",
            openapi="/openapi.json",
            health="/api/v1/health",
            endpoints={endpoint.pipeline.value: endpoint.path for endpoint in ocr.ENDPOINTS},
        )

    app.add_api_route("/", project, tags=["project"], responses=problems.documented())
    health.add_probes(app.router, condition)


def _add_guarded_routes(
    app: FastAPI,
    parts: Parts,
    options: ApiOptions,
    shared: tuple[Waiting, Exposition, health.Health],
) -> None:
    waiting, exposition, condition = shared
    router = APIRouter(
        dependencies=[Depends(Keys(options.keys).demand)] if options.keys else None,
        responses=problems.documented("unauthorized") if options.keys else None,
    )
    statistics, entrance = Statistics(), Entrance(parts.chronicle, options.max_waiting)
    for endpoint in ocr.ENDPOINTS:
        ocr.add_routes(
            router,
            ocr.OnDemand(
                endpoint=endpoint,
                parts=parts,
                options=options,
                entrance=entrance,
                waiting=waiting,
                statistics=statistics,
            ),
        )
    jobs.add_routes(router, jobs.Jobs(parts=parts))
    health.add_routes(router, condition)
    router.add_api_route("/api/v1/metrics", statistics.show, tags=["metrics"], responses=problems.documented())
    router.add_api_route("/metrics", exposition.show, tags=["metrics"], responses=problems.documented())
    app.include_router(router)
