"""Whether the PaddleOCR-VL server is there: asked over HTTP, and judged so that one lost answer changes nothing."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Any

import httpx
import structlog
from typing_extensions import Self

from ocr_inbox.errors import VlUnavailableError
from ocr_inbox.ports import Clock
from ocr_inbox.pulse import Pulse

_PATIENCE = httpx.Timeout(3.0, connect=1.0)
"""Seconds; a server that works to capacity still answers these questions at once."""
_MISSES_UNTIL_DOWN = 2
_STALE_SECONDS = 15.0
_LOOK_SECONDS = 60.0
"""A look has an end after some seconds; finding the server's address may take longer, and nothing ends that."""

log = structlog.get_logger()


class ServerStatus(str, Enum):
    """How the server is, in the words of the health endpoint."""

    RUNNING = "running"
    NOT_REACHABLE = "not reachable"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one look found; `problem` is why the server cannot be used, None where it can."""

    status: ServerStatus
    problem: str | None = None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """What is known of the server: the latest sighting that counts, since when, and the misses that do not yet.

    `since` and `looked_at` are seconds of the clock.
    """

    sighting: Sighting
    since: float
    looked_at: float
    misses: int = 0

    @property
    def up(self) -> bool:
        """Whether pages can be read."""
        return self.sighting.problem is None


def judge(before: ServerState | None, seen: Sighting, now: float) -> ServerState:
    """What is known after another look: one good look is enough to be up, it takes two bad ones to be down."""
    if before is None:
        return ServerState(sighting=seen, since=now, looked_at=now)
    misses = before.misses + 1 if seen.problem else 0
    if before.up and 0 < misses < _MISSES_UNTIL_DOWN:
        return ServerState(sighting=before.sighting, since=before.since, looked_at=now, misses=misses)
    since = before.since if before.up == (seen.problem is None) else now
    return ServerState(sighting=seen, since=since, looked_at=now, misses=misses)


class VllmServer:
    """Remembers how the server at `url` is; `url` ends in /v1, and `model` is the name it must serve.

    To be used in a `with` block; every method may be called from any thread.
    """

    def __init__(self, url: str, model: str, clock: Clock) -> None:
        self._root = url.rstrip("/").removesuffix("/v1")
        self._model = model
        self._clock = clock
        # The environment's proxy has no business between us and a server on this machine.
        self._client = httpx.Client(timeout=_PATIENCE, trust_env=False)
        self._looking = threading.Lock()
        self._state: ServerState | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @property
    def state(self) -> ServerState | None:
        """What is known, None before the first look."""
        return self._state

    def look(self) -> ServerState:
        """Look once, in at most some seconds; whatever is wrong is part of the state."""
        with self._looking:
            seen, now = self._seen(), self._clock()
            self._state = judge(self._state if self._is_fresh(now) else None, seen, now)
            return self._state

    def demand(self) -> None:
        """Return if the server can be used, as far as is known; looks only if nobody did lately.

        Raises VlUnavailableError.
        """
        state = self._state
        if state is None or not self._is_fresh(self._clock()):
            state = self.look()
        if state.sighting.problem is not None:
            raise VlUnavailableError(f"cannot use the PaddleOCR-VL server: {state.sighting.problem}")

    def _is_fresh(self, now: float) -> bool:
        return self._state is not None and 0 <= now - self._state.looked_at < _STALE_SECONDS

    def _seen(self) -> Sighting:
        try:
            health = self._client.get(f"{self._root}/health")
            if not health.is_success:
                return _unhealthy(f"{self._root}/health answers {health.status_code}; see its log")
            return self._serving(self._client.get(f"{self._root}/v1/models"))
        except httpx.ConnectError as error:
            return _unreachable(f"nobody answers at {self._root} ({error}); it is stopped or still loading")
        except httpx.ConnectTimeout:
            return _unreachable(f"{self._root} cannot be reached in {_PATIENCE.connect:g} s")
        except httpx.TimeoutException:
            return _unhealthy(f"{self._root} takes connections, but does not answer in {_PATIENCE.read:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _unhealthy(f"{self._root} does not answer as a server should: {error}")

    def _serving(self, answer: httpx.Response) -> Sighting:
        try:
            models = tuple(_names(answer.raise_for_status().json()))
        except (httpx.HTTPStatusError, ValueError, TypeError, LookupError):
            return _unhealthy(f"what {self._root}/v1/models answers ({answer.status_code}) is not a list of models")
        if self._model in models:
            return Sighting(status=ServerStatus.RUNNING, models=models)
        served = ", ".join(models) or "none"
        problem = f"{self._root} serves {served}, not {self._model}; make its model and the pipeline's version agree"
        return Sighting(status=ServerStatus.RUNNING, problem=problem, models=models)


def _names(listing: Any) -> list[str]:
    return [str(model["id"]) for model in listing["data"]]


def _unreachable(problem: str) -> Sighting:
    return Sighting(status=ServerStatus.NOT_REACHABLE, problem=problem)


def _unhealthy(problem: str) -> Sighting:
    return Sighting(status=ServerStatus.UNHEALTHY, problem=problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerWatch:
    """Looks at a server every so many seconds; `ring` wakes those who wait for it when it has come back."""

    server: VllmServer
    seconds: float
    ring: Callable[[], None]
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return "vl-server"

    def run(self, stop: threading.Event) -> None:
        """Say aloud when it comes and goes, until `stop`."""
        was_up: bool | None = None
        while not stop.is_set():
            self.pulse.expect(_LOOK_SECONDS + self.seconds, whom="the VL server")
            state = self.server.look()
            if state.up is not was_up:
                log.info("vl_server_up") if state.up else log.warning("vl_server_down", reason=state.sighting.problem)
                self.ring()
            was_up = state.up
            stop.wait(self.seconds)
