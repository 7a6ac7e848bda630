"""Sockets that the service manager holds for us, also while we are not there (LISTEN_FDS)."""

import os
import socket
import stat
from collections.abc import MutableMapping

from ocr_inbox.errors import ConfigurationError

_FIRST = 3


def passed_sockets(environment: MutableMapping[str, str], pid: int) -> list[socket.socket]:
    """The listening sockets that this environment tells of; the variables are taken out, they concern no child.

    Raises ConfigurationError where something else was passed.
    """
    meant = environment.pop("LISTEN_PID", "") == str(pid)
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    if not meant or not count.isdecimal():
        return []
    numbers = range(_FIRST, _FIRST + int(count))
    return [_listener(number, _named(names, number - _FIRST)) for number in numbers]


def _named(names: list[str], index: int) -> str:
    return names[index] if index < len(names) and names[index] else f"number {index + 1}"


def _listener(number: int, name: str) -> socket.socket:
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            raise ConfigurationError(_refusal(name, "it is no socket"))
    except OSError as error:
        raise ConfigurationError(_refusal(name, "it is not open")) from error
    os.set_inheritable(number, False)
    passed = socket.socket(fileno=number)
    if passed.type != socket.SOCK_STREAM or not passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        passed.close()
        raise ConfigurationError(_refusal(name, "nobody can connect to it"))
    return passed


def _refusal(name: str, why: str) -> str:
    return (
        f"cannot use the socket {name} that the service manager passes: {why}; "
        "a socket unit for the API has ListenStream= and Accept=no, and nothing else"
    )
