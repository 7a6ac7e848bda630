"""The doors that files come in by: how they are opened, and what the documentation says of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from ocr_inbox_api.problems import documented
from ocr_inbox_api.reception import FAILURES

FILE: Mapping[str, Any] = {"type": "string", "format": "binary"}
_FORMAT = {"enum": ["json", "markdown"]}
_WISHES: Mapping[str, Any] = {
    "compress": {"type": "boolean", "description": "the client has made what it sends smaller"},
    "format": {**_FORMAT, "default": "json"},
    "output_format": {**_FORMAT, "description": "another name for format"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What is said of a door, as OpenAPI wants it.

    `parts` are those of its form, the first of them required, before what can be wished of every file. `schema` is that
    of the answer when all is read, `accepted` the shape of the one before.
    """

    parts: Mapping[str, Mapping[str, Any]]
    when_read: str
    schema: Mapping[str, Any]
    when_accepted: str
    accepted: type[BaseModel]


def open_door(
    router: APIRouter, path: str, answer: Callable[..., Awaitable[Response]], summary: str, door: Door
) -> None:
    """Let files in here."""
    router.add_api_route(
        path,
        answer,
        methods=["POST"],
        summary=summary,
        response_class=JSONResponse,
        responses=_responses(door),
        openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": _form(door)}}},
        tags=["ocr"],
    )


def _responses(door: Door) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"description": door.when_read, "content": {"application/json": {"schema": door.schema}}},
        202: {"description": door.when_accepted, "model": door.accepted},
        **documented(*FAILURES),
    }


def _form(door: Door) -> dict[str, Any]:
    schema = {"type": "object", "required": [next(iter(door.parts))], "properties": {**door.parts, **_WISHES}}
    many = [name for name, part in door.parts.items() if part["type"] == "array"]
    encoding = {"encoding": {name: {"style": "form", "explode": True} for name in many}} if many else {}
    return {"schema": schema, **encoding}
