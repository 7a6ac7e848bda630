"""What a named failure is called on the wire: one table, and the shape of every answer that is not a success."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware

from ocr_inbox.errors import OcrInboxError
from ocr_inbox.model import Job
from ocr_inbox.results import Json
from ocr_inbox.sidecar import finite
from ocr_inbox_api.shapes import FailureView

log = structlog.get_logger()

_BUSY = {"Retry-After": "5"}
_AWAY = {"Retry-After": "15"}
_WAITS = "the daemon cannot go on at the moment and tries again by itself; its log says why"
_FAILED = "the engine failed on this file; the daemon's log says why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A row of the table: status, short text, and headers.

    `detail` is said instead of the failure's own words where those are about our machine and not about the request.
    """

    status: int
    error: str
    detail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_PROBLEMS: Mapping[str, Problem] = {
    "file_required": Problem(status=400, error="File is required"),
    "unsupported_type": Problem(status=400, error="Invalid file format"),
    "too_large": Problem(status=400, error="File size exceeds limit"),
    "invalid_parameter": Problem(status=400, error="Invalid parameter"),
    "event_too_large": Problem(status=413, error="Event is too large"),
    "malformed_body": Problem(status=400, error="Invalid request body"),
    "event_not_understood": Problem(status=400, error="Event not understood"),
    "unreadable": Problem(status=400, error="Unreadable file"),
    "encrypted": Problem(status=400, error="Encrypted file"),
    "unauthorized": Problem(status=401, error="Unauthorized", headers={"WWW-Authenticate": "Bearer"}),
    "not_found": Problem(status=404, error="Not found"),
    "unknown_job": Problem(status=404, error="Job not found"),
    "result_not_found": Problem(status=404, error="Result not found"),
    "no_rule": Problem(status=404, error="Result not found"),
    "method_not_allowed": Problem(status=405, error="Method not allowed"),
    "upload_timeout": Problem(status=408, error="Upload timeout", headers={"Connection": "close"}),
    "job_not_finished": Problem(status=409, error="Job not finished", headers=_BUSY),
    "vanished": Problem(status=410, error="Document is gone"),
    "superseded": Problem(status=410, error="Document is gone"),
    "queue_full": Problem(status=429, error="Queue is full", headers=_BUSY),
    "client_gone": Problem(status=499, error="Client closed the request"),
    "internal": Problem(status=500, error="Internal error", detail="the daemon's log says why"),
    "reading_failed": Problem(status=500, error="Inference failed", detail=_FAILED),
    "crashed": Problem(status=500, error="Inference failed", detail=_FAILED),
    "pipeline_unavailable": Problem(status=503, error="Models not loaded", headers=_AWAY),
    "vl_unavailable": Problem(status=503, error="VL service unavailable", headers=_AWAY),
    "models_missing": Problem(status=503, error="Models not loaded", headers=_AWAY),
    "not_ready": Problem(status=503, error="Not ready", headers=_BUSY),
    "infrastructure": Problem(status=503, error="Service unavailable", detail=_WAITS, headers=_AWAY),
    "inbox_unavailable": Problem(status=503, error="Service unavailable", detail=_WAITS, headers=_AWAY),
    "access_denied": Problem(status=503, error="Service unavailable", detail=_WAITS, headers=_AWAY),
    "ledger_unavailable": Problem(status=503, error="Service unavailable", detail=_WAITS, headers=_AWAY),
    "stopping": Problem(status=503, error="Service unavailable", detail="the daemon restarts", headers=_BUSY),
    "timeout": Problem(status=504, error="Request timeout"),
    "request_timeout": Problem(status=504, error="Request timeout"),
}

_OF_STATUS = {404: "not_found", 405: "method_not_allowed"}


def problem(code: str | None) -> Problem:
    """The row for a failure's code; one that the table does not know is ours to answer for."""
    return _PROBLEMS.get(code or "internal", _PROBLEMS["internal"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An answer that is not a success; `record` is the error sidecar of the job that failed, if there is one."""

    code: str
    detail: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    record: Mapping[str, Json] = field(default_factory=dict)

    @property
    def content(self) -> Mapping[str, Any]:
        """The failure as JSON, for the wire."""
        row = problem(self.code)
        detail = row.detail or self.detail
        return {
            **self.record,
            "success": False,
            "error": row.error,
            "code": row.status,
            **({"detail": finite(detail)} if detail else {}),
            "error_code": self.code,
        }

    def response(self) -> JSONResponse:
        """The failure as it goes over the wire."""
        row = problem(self.code)
        return JSONResponse(self.content, row.status, {**row.headers, **self.headers})


def failure_of(error: OcrInboxError) -> Failure:
    """What a named failure becomes; the log gets the words that the client does not."""
    if problem(error.code).detail is not None:
        log.error("request_failed", code=error.code, reason=str(error))
    return Failure(code=error.code, detail=str(error) or None)


def failure_of_job(job: Job, record: Mapping[str, Json]) -> Failure:
    """What a job becomes that ended without a result, or waits for the world."""
    return Failure(code=job.code or "internal", detail=job.reason, headers={"Location": job_url(job.id)}, record=record)


def job_url(job_id: int) -> str:
    """Where a job can be asked about."""
    return f"/api/v1/jobs/{job_id}"


def add_handlers(app: FastAPI) -> None:
    """Give every failure the one shape, wherever it comes from."""
    app.exception_handler(OcrInboxError)(_answer_named)
    app.exception_handler(HTTPException)(_answer_http)
    app.exception_handler(RequestValidationError)(_answer_invalid)
    # Within all other middleware: what the framework would put around them lacks the headers that browsers want.
    app.add_middleware(ServerErrorMiddleware, handler=_answer_unknown)
    app.exception_handler(Exception)(_answer_unknown)


async def _answer_named(_: Request, error: OcrInboxError) -> Response:
    """Our own failures."""
    return failure_of(error).response()


async def _answer_http(_: Request, error: HTTPException) -> Response:
    """The framework's failures: no such path, no such method."""
    return Failure(code=_OF_STATUS.get(error.status_code, "internal"), headers=error.headers or {}).response()


async def _answer_invalid(_: Request, error: RequestValidationError) -> Response:
    """Parameters that the framework refused, by name and without repeating what was sent."""
    wrong = [f"{invalid['loc'][-1]}: {invalid['msg']}" for invalid in error.errors()]
    return Failure(code="invalid_parameter", detail="; ".join(wrong)).response()


async def _answer_unknown(_: Request, __: Exception) -> Response:
    """Everything else; the server logs it, with its trace."""
    return Failure(code="internal").response()


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The statuses of these failures, as OpenAPI wants them; each operation may also fail in ways of ours."""
    texts: dict[int, list[str]] = {}
    for code in (*codes, "internal"):
        texts.setdefault(problem(code).status, []).append(f"{problem(code).error} (`{code}`)")
    documents: dict[int | str, dict[str, Any]] = {
        status: {"model": FailureView, "description": ", ".join(lines)} for status, lines in sorted(texts.items())
    }
    # Without a default the framework would document its own 422, which never occurs here.
    return documents | {"default": {"model": FailureView, "description": "Any other failure has this shape too"}}
