"""A running stand-in for the PaddleOCR-VL server, and what a test says to it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from model_cache import ready_models
from running import free_port
from vl_server.troubles import Control, Entry, Trouble

_TESTS = Path(__file__).parent
_PATIENCE = 60.0
_MODELS = ("PP-OCRv6_small_det", "PP-OCRv6_small_rec")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """Where it listens; `url` is what PaddleOCR is given."""

    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    def tell(self, *troubles: Trouble, healthy: bool = True, slow_seconds: float = 0.0) -> None:
        """Be so from now on, and forget former requests."""
        control = Control(healthy=healthy, slow_seconds=slow_seconds, troubles=list(troubles))
        self._ask("PUT", json=control.model_dump())

    def requests(self) -> list[Entry]:
        """Every chat completion that was asked for since it was told something."""
        return [Entry.model_validate(entry) for entry in self._ask("GET").json()["requests"]]

    def outcomes(self) -> list[str]:
        return [entry.outcome for entry in self.requests()]

    def _ask(self, method: str, **content: Any) -> httpx.Response:
        answer = httpx.request(method, f"{self.root}/control", timeout=_PATIENCE, trust_env=False, **content)
        return answer.raise_for_status()


@contextmanager
def standing_in(*troubles: Trouble, port: int | None = None) -> Iterator[StandIn]:
    """A stand-in that answers, but for these troubles, until it is killed; it takes some seconds to load."""
    port = port or free_port()
    models = ready_models(*_MODELS)
    path = os.pathsep.join([str(_TESTS), str(_TESTS.parent / "daemon")])
    control = Control(troubles=list(troubles)).model_dump_json()
    process = subprocess.Popen(
        [sys.executable, "-m", "vl_server", "--port", str(port), "--models", models, "--control", control],
        env={**os.environ, "PYTHONPATH": path, "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"},
    )
    try:
        stand_in = StandIn(port=port, process=process)
        _wait(stand_in)
        yield stand_in
    finally:
        process.kill()
        process.wait()


def _wait(stand_in: StandIn) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            httpx.get(f"{stand_in.root}/health", trust_env=False)
        except httpx.TransportError:
            assert stand_in.process.poll() is None, "the stand-in ended by itself"
            assert time.monotonic() < deadline, "the stand-in does not answer"
            time.sleep(0.05)
        else:
            return
