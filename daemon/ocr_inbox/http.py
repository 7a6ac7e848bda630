"""The API's server, as one of the daemon's loops (uvicorn)."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
import uvicorn
from starlette.types import ASGIApp

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.pulse import Pulse

_LOOK_SECONDS = 0.1
_LAST_SECONDS = 5.0
"""For the answers to go out, after the last of those who wait were told that they wait in vain."""
_TURN_SECONDS = 60.0
"""The event loop turns ten times a second, unless something holds it."""
_START_SECONDS = 300.0
"""Clearing away what a killed daemon left of uploads takes less."""

log = structlog.get_logger()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, before anything else is started. Raises ConfigurationError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, because asyncio sends answers without delay (44 ms each) only where it sees that this is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # until somebody does, two may bind the same port
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error.strerror}; stop what listens there (`ss -ltnp`), or set api.port"
        ) from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Where clients find a listening socket; for one that is a file, its path."""
    address = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"unix:{address}"
    host, port = address[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, pulse: Pulse) -> None:
        super().__init__(config)
        self._pulse = pulse

    async def on_tick(self, counter: int) -> bool:
        """Turn once; its own `callback_notify` would fall silent when somebody sets the clock back."""
        self._pulse.expect(_TURN_SECONDS)
        return await super().on_tick(counter)


@dataclass
class HttpServer:
    """Serves an application on sockets that listen already.

    When stopping, requests that are being read may end; `settled` says whether all have, and `end_waiting` answers
    those whose turn will not come any more.
    """

    application: ASGIApp
    listeners: Sequence[socket.socket]
    grace_seconds: float
    settled: Callable[[], bool]
    end_waiting: Callable[[], None]
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return "http"

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`, then let the open requests end."""
        self.pulse.expect(_START_SECONDS)
        config = uvicorn.Config(
            self.application,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=int(self.grace_seconds + _LAST_SECONDS),
        )
        server = _Server(config, self.pulse)
        waiter = threading.Thread(target=self._wind_down, args=(server, stop), name="http-stop", daemon=True)
        waiter.start()
        for listener in self.listeners:
            log.info("api_listening", url=url_of(listener))
        server.run(sockets=list(self.listeners))
        if not stop.is_set():
            raise RuntimeError("cannot go on: the HTTP server ended by itself")

    def _wind_down(self, server: uvicorn.Server, stop: threading.Event) -> None:
        stop.wait()
        server.should_exit = True
        deadline = time.monotonic() + self.grace_seconds
        while not self.settled() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        self.end_waiting()
