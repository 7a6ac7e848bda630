"""Where the API can be reached: at the address of the configuration, or where the service manager listens for it."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import structlog

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.http import listen, url_of
from ocr_inbox.settings import ApiSettings

log = structlog.get_logger()


@contextmanager
def opened_doors(api: ApiSettings, passed: Sequence[socket.socket]) -> Iterator[Sequence[socket.socket]]:
    """The sockets to serve, closed with the `with` block; none where the API is switched off.

    Those that the service manager passed take the place of host and port. Raises ConfigurationError where the port is
    taken, or where the network could come in without a key.
    """
    with ExitStack() as opened:
        for listener in passed:
            opened.enter_context(listener)
        if not api.enabled:
            for listener in passed:
                log.warning("socket_unused", url=url_of(listener))
            yield ()
            return
        for listener in passed:
            _demand_guard(api, listener)
        if passed and (api.host, api.port) not in [listener.getsockname()[:2] for listener in passed]:
            urls = [url_of(listener) for listener in passed]
            log.warning("socket_elsewhere", urls=urls, host=api.host, port=api.port)
        yield passed or [opened.enter_context(listen(api.host, api.port))]


def _demand_guard(api: ApiSettings, listener: socket.socket) -> None:
    if listener.family == socket.AF_UNIX:
        return  # its file's permissions say who may come in
    try:
        api.demand_guard(str(listener.getsockname()[0]))
    except ValueError as error:
        raise ConfigurationError(
            f"cannot serve the API on the socket that the service manager passes: {error}"
        ) from error
