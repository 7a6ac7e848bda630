"""The plain programs that the daemon is compared with: each speaks JSON lines, and says when it is ready."""

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any


def _say(word: object) -> None:
    print(json.dumps(word), flush=True)


def hello(port: str) -> None:
    """Serve a hello and take in bodies, with nothing but FastAPI and uvicorn."""
    import uvicorn
    from fastapi import FastAPI, Request

    application = FastAPI()

    @application.get("/")
    async def greet() -> dict[str, str]:
        return {"hello": "world"}

    @application.post("/")
    async def take(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    _say("ready")
    uvicorn.run(application, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)


def observer(folder: str) -> None:
    """Print when each file in a folder was heard to be closed."""
    from watchdog.events import FileClosedEvent, FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    class Ear(FileSystemEventHandler):
        def on_closed(self, event: FileSystemEvent) -> None:
            if isinstance(event, FileClosedEvent):
                _say({"file": str(event.src_path), "at": time.time()})

    watch = Observer()
    watch.schedule(Ear(), folder, recursive=True)
    watch.start()
    _say("ready")
    sys.stdin.read()


def paddle(options: str) -> None:
    """Load PaddleOCR, then read lists of files in a plain loop."""
    import paddleocr  # noqa: F401 - so that the next line has the last word

    logging.getLogger("paddlex").setLevel(logging.ERROR)
    from ocr_inbox.paddle.text import TextEngine, TextOptions

    arguments: dict[str, Any] = json.loads(options)
    engine = TextEngine(TextOptions(**{**arguments, "models": Path(arguments["models"])}))
    pipeline = engine._pipeline  # noqa: SLF001 - made with the same arguments as ours, used without us
    _say("ready")
    for line in sys.stdin:
        started = time.monotonic()
        for path in json.loads(line):
            pipeline.predict(path)
        _say(time.monotonic() - started)


if __name__ == "__main__":
    _, program, *rest = sys.argv
    {"hello": hello, "observer": observer, "paddle": paddle}[program](*rest)
