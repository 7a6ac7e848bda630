"""The conversation that all bare engines have: a JSON list of files in, their seconds and what stands on them out."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any


def answer(read: Callable[[str], Any]) -> None:
    """Say that all is ready, and read the files of every line on stdin."""
    print('"ready"', flush=True)
    for line in sys.stdin:
        print(json.dumps([_timed(read, path) for path in json.loads(line)]), flush=True)


def _timed(read: Callable[[str], Any], path: str) -> tuple[float, Any]:
    started = time.monotonic()
    found = read(path)
    return time.monotonic() - started, found
