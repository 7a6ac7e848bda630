"""A server that says hello and counts the bytes of bodies, with nothing but FastAPI and uvicorn."""

import sys

import uvicorn
from fastapi import FastAPI, Request

application = FastAPI()


@application.get("/")
async def greet() -> dict[str, str]:
    """Say hello."""
    return {"hello": "world"}


@application.post("/")
async def take(request: Request) -> dict[str, int]:
    """Count the bytes."""
    return {"bytes": len(await request.body())}


print('"ready"', flush=True)
uvicorn.run(application, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
