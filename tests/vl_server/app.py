"""The server's wire: health, models, chat completions; and /control, which vLLM does not have."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from vl_server.chat import Asked, RefusedError, taken
from vl_server.eyes import Eyes
from vl_server.troubles import Control, Entry, Logbook

_LETTERS_A_TOKEN = 3


def create_app(eyes: Eyes, *, model: str, context: int, control: Control) -> FastAPI:
    """A server of one model with so many tokens of context."""
    app, logbook = FastAPI(), Logbook(control)

    @app.get("/health")
    async def health() -> Response:
        return Response(status_code=200 if logbook.control.healthy else 503)

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        card = {"id": model, "object": "model", "created": int(time.time()), "owned_by": "vllm", "root": model}
        return {"object": "list", "data": [{**card, "parent": None, "max_model_len": context}]}

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        if not logbook.control.healthy:
            logbook.entries.append(Entry(page=None, prompt=None, text="", outcome="unhealthy"))
            return _error(503, "ServiceUnavailableError", "The engine is not running.")
        try:
            asked = taken(await request.body(), model=model, context=context)
        except RefusedError as error:
            logbook.entries.append(Entry(page=None, prompt=None, text=str(error), outcome="refused"))
            return _error(error.status, "NotFoundError" if error.status == 404 else "BadRequestError", str(error))
        return await _answer(request, asked, await eyes.lines(asked.image), logbook, model)

    @app.put("/control", status_code=204)
    async def tell(control: Control) -> None:
        logbook.tell(control)

    @app.get("/control")
    async def told() -> dict[str, Any]:
        return {"control": logbook.control, "requests": logbook.entries}

    return app


async def _answer(request: Request, asked: Asked, lines: list[str], logbook: Logbook, model: str) -> Response:
    text = "\n".join(lines)
    page = logbook.page_of(asked.digest)
    entry = Entry(page=page, prompt=asked.prompt, text=text, outcome="answered")
    trouble = logbook.next_trouble(page, text)
    slow = logbook.control.slow_seconds
    if trouble is not None:
        entry = entry.model_copy(
            update={"outcome": {"fail": "failed", "drop": "dropped", "hang": "hung"}[trouble.kind]}
        )
    logbook.entries.append(entry)
    await asyncio.sleep(slow)
    match entry.outcome:
        case "failed":
            return _error(500, "InternalServerError", "EngineCore encountered an issue.")
        case "dropped":
            # uvicorn closes a connection whose answer is shorter than it was announced.
            return StreamingResponse(_nothing(), headers={"Content-Length": "100"}, media_type="application/json")
        case "hung":
            while (await request.receive())["type"] != "http.disconnect":
                pass
    written = "".join(f"<fcel>{line}<nl>" for line in lines) if asked.prompt == "Table Recognition:" else text
    return JSONResponse(_completion(asked, written, model))


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


def _completion(asked: Asked, text: str, model: str) -> dict[str, Any]:
    most = asked.most_tokens * _LETTERS_A_TOKEN
    tokens = min(asked.most_tokens, len(text) // _LETTERS_A_TOKEN + 1)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text[:most], "refusal": None, "tool_calls": []},
        "logprobs": None,
        "finish_reason": "length" if len(text) > most else "stop",
        "stop_reason": None,
    }
    usage = {
        "prompt_tokens": asked.prompt_tokens,
        "completion_tokens": tokens,
        "total_tokens": asked.prompt_tokens + tokens,
    }
    return {
        "id": f"chatcmpl-{asked.digest[:32]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


def _error(status: int, kind: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": kind, "param": None, "code": status}}, status)
