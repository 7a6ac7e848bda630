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

BearerKey = Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))]
HeaderKey = Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))]


@dataclass(frozen=True, slots=True)
class Keys:
    """Lets a request pass that carries one of the keys, in either header."""

    accepted: tuple[str, ...] = field(repr=False)

    async def demand(self, bearer: BearerKey, header: HeaderKey) -> None:
        """Raises UnauthorizedError."""
        self.demand_one_of(bearer, header)

    def demand_one_of(
        self, bearer: HTTPAuthorizationCredentials | None, header: str | None, query: str | None = None
    ) -> None:
        """Raises UnauthorizedError where nothing given is a key; how long that takes says nothing about the keys."""
        headers = [bearer.credentials if bearer else None, header]
        # The bytes of headers reach us decoded as latin-1, those of a query as UTF-8.
        given = [sent.encode("latin-1") for sent in headers if sent] + ([query.encode()] if query else [])
        # All pairs are compared, so that no key answers sooner than another.
        equal = [hmac.compare_digest(candidate, key.encode()) for candidate in given for key in self.accepted]
        if not any(equal):
            raise UnauthorizedError("send a key as Authorization: Bearer KEY, or as X-API-Key: KEY")


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
