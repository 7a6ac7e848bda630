"""Stores that post what is new in their buckets: a hint, of which nothing but the objects' names is believed."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool

from ocr_inbox.objects import EVENT_MAX
from ocr_inbox_api.problems import documented
from ocr_inbox_api.refusals import EventTooLargeError
from ocr_inbox_api.security import BearerKey, HeaderKey, Keys
from ocr_inbox_api.shapes import EventView

PATH = "/api/v1/events/s3"


def add_routes(app: FastAPI, take: Callable[[bytes], bool], keys: tuple[str, ...]) -> None:
    """The one route, for whoever has one of these keys; `take` hears a body and says whether an inbox wanted it."""
    if not keys:
        return
    known = Keys(keys)

    async def demand(
        bearer: BearerKey,
        header: HeaderKey,
        key: Annotated[str | None, Query(description="only for stores that cannot send headers")] = None,
    ) -> None:
        known.demand_one_of(bearer, header, key)

    async def post(request: Request) -> EventView:
        """Take a store's event, as AWS, MinIO, RustFS, Ceph and SeaweedFS tell it."""
        body = await _body(request)
        return EventView(success=True, wanted=await run_in_threadpool(take, body))

    routes = APIRouter(dependencies=[Depends(demand)])
    routes.add_api_route(
        PATH,
        post,
        methods=["POST"],
        tags=["events"],
        responses=documented("unauthorized", "event_not_understood", "event_too_large"),
        openapi_extra={"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}},
    )
    app.include_router(routes)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > EVENT_MAX:
            raise EventTooLargeError(f"an event may have {EVENT_MAX} bytes")
    return bytes(body)
