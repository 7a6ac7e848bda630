"""The service manager as a daemon sees it: a socket that it tells how it is, and sockets that it is given."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from datagrams import heard
from running import PATIENCE

Told = dict[str, str]
"""One datagram: its lines."""


@dataclass
class Manager:
    """What was told so far; `address` is for $NOTIFY_SOCKET."""

    address: str
    told: list[Told] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def listen(self, ear: socket.socket) -> None:
        while datagram := ear.recv(1 << 16):
            lines = dict(line.split("=", 1) for line in datagram.decode().split("\n"))
            with self.news:
                self.told.append(lines)
                self.news.notify_all()

    def wait_for(self, what: Callable[[Told], bool], since: int = 0) -> Told:
        """The first datagram like that among those that came after the first `since` ones."""
        with self.news:
            assert self.news.wait_for(lambda: any(map(what, self.told[since:])), PATIENCE), self.told[since:]
            return next(filter(what, self.told[since:]))

    def wait_for_status(self, part: str, since: int = 0) -> str:
        return self.wait_for(lambda told: part in told.get("STATUS", ""), since)["STATUS"]

    def count(self) -> int:
        with self.news:
            return len(self.told)


@contextmanager
def listening_manager(address: str) -> Iterator[Manager]:
    """A service manager at a path, or at an abstract address with @ in front."""
    manager = Manager(address)
    with heard(address, manager.listen):
        yield manager


def passing(*sockets: socket.socket, names: str = "") -> Sequence[str]:
    """What is put before a command so that it gets these sockets; they must be passed on to the shell."""
    places = " ".join(f"{3 + index}<&{passed.fileno()}" for index, passed in enumerate(sockets))
    assert all(passed.fileno() > 3 + len(sockets) for passed in sockets), "the numbers would collide"
    script = f'export LISTEN_PID=$$ LISTEN_FDS={len(sockets)} LISTEN_FDNAMES={names}; exec "$@" {places}'
    for passed in sockets:
        os.set_inheritable(passed.fileno(), True)
    return ("bash", "-c", script, "passing")
