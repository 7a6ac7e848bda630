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
        """Raises UnauthorizedError; how long that takes says nothing about the keys."""
        given = filter(None, (bearer.credentials if bearer else None, header))
        # Header bytes reach us decoded as latin-1. All pairs are compared, so that no key answers sooner than another.
        equal = [
            hmac.compare_digest(candidate.encode("latin-1"), key.encode())
            for candidate in given
            for key in self.accepted
        ]
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
