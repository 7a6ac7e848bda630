"""Who may ask: whoever has one of the keys, or everyone where there are none, and browsers of known origins."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Security
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from ocr_inbox_api.problems import documented
from ocr_inbox_api.refusals import UnauthorizedError


@dataclass(frozen=True, slots=True)
class Keys:
    """Lets a request pass that carries one of the keys, in either header."""

    accepted: tuple[str, ...] = field(repr=False)

    async def demand(
        self,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))],
        header: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))],
    ) -> None:
        """Raises UnauthorizedError."""
        self.demand_one_of([bearer.credentials if bearer else None, header])

    def demand_one_of(self, given: Sequence[str | None]) -> None:
        """Raises UnauthorizedError where nothing given is a key; how long that takes says nothing about the keys."""
        # Header bytes reach us decoded as latin-1. All pairs are compared, so that no key answers sooner than another.
        equal = [
            hmac.compare_digest(_bytes(candidate), key.encode())
            for candidate in filter(None, given)
            for key in self.accepted
        ]
        if not any(equal):
            raise UnauthorizedError("send a key as Authorization: Bearer KEY, or as X-API-Key: KEY")


def _bytes(given: str) -> bytes:
    try:
        return given.encode("latin-1")
    except UnicodeEncodeError:  # from a query, which is decoded as UTF-8
        return given.encode("utf-8", "surrogateescape")


def guarded_router(keys: tuple[str, ...]) -> APIRouter:
    """A router for what needs a key, where there are keys."""
    if not keys:
        return APIRouter()
    return APIRouter(dependencies=[Depends(Keys(keys).demand)], responses=documented("unauthorized"))


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins call the API from a browser; without any, none may."""
    if not origins:
        return
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "X-API-Key", "Prefer"],
        expose_headers=["Location", "Preference-Applied", "Retry-After"],
    )
