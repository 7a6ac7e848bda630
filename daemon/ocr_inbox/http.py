"""The API's server, as one of the daemon's loops (uvicorn)."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
import uvicorn
from starlette.types import ASGIApp

from ocr_inbox.errors import ConfigurationError

_LOOK_SECONDS = 0.1
_LAST_SECONDS = 5.0
"""For the answers to go out, after the last of those who wait were told that they wait in vain."""

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


@dataclass
class HttpServer:
    """Serves an application on a socket that is already bound.

    When stopping, requests that are being read may end; `settled` says whether all have, and `end_waiting` answers
    those whose turn will not come any more.
    """

    application: ASGIApp
    listener: socket.socket
    grace_seconds: float
    settled: Callable[[], bool]
    end_waiting: Callable[[], None]

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return "http"

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`, then let the open requests end."""
        server = uvicorn.Server(
            uvicorn.Config(
                self.application,
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=int(self.grace_seconds + _LAST_SECONDS),
            )
        )
        waiter = threading.Thread(target=self._wind_down, args=(server, stop), name="http-stop", daemon=True)
        waiter.start()
        host, port = self.listener.getsockname()[:2]
        log.info("api_listening", url=f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/")
        server.run(sockets=[self.listener])
        if not stop.is_set():
            raise RuntimeError("cannot go on: the HTTP server ended by itself")

    def _wind_down(self, server: uvicorn.Server, stop: threading.Event) -> None:
        stop.wait()
        server.should_exit = True
        deadline = time.monotonic() + self.grace_seconds
        while not self.settled() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        self.end_waiting()
