"""journald for tests: it takes entries in the native protocol, and nothing that the real one would not take."""

import fcntl
import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from datagrams import heard
from running import PATIENCE

Entry = dict[str, bytes]

_NAME = re.compile(rb"[A-Z][A-Z0-9_]{0,63}")
_GET_SEALS, _ALL_SEALS = 1034, 0xF
_PRIORITIES = [b"%d" % number for number in range(8)]


@dataclass
class Journald:
    """The entries so far; what is malformed is an error of the test."""

    path: str
    entries: list[Entry] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def listen(self, ear: socket.socket) -> None:
        while True:
            datagram, descriptors, _, _ = socket.recv_fds(ear, 1 << 20, 4)
            if not datagram and not descriptors:
                return
            with self.news:
                try:
                    self.entries.append(decoded(_content(datagram, descriptors)))
                except Exception as error:  # noqa: BLE001 - the test is told when it looks
                    self.errors.append(error)
                self.news.notify_all()

    def wait_for(self, what: Callable[[Entry], bool]) -> Entry:
        with self.news:
            assert self.news.wait_for(lambda: self.errors or any(map(what, self.entries)), PATIENCE), self.entries
            assert self.errors == []
            return next(filter(what, self.entries))

    def event(self, name: str) -> Entry:
        """The first entry of this event, once it is there."""
        return self.wait_for(lambda entry: entry.get("EVENT") == name.encode())


def _content(datagram: bytes, descriptors: list[int]) -> bytes:
    assert bool(datagram) != bool(descriptors), "an entry is either in the datagram or in a file"
    if not descriptors:
        return datagram
    (descriptor,) = descriptors
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        assert fcntl.fcntl(descriptor, _GET_SEALS) == _ALL_SEALS, "journald takes sealed memory only"
        assert os.readlink(f"/proc/self/fd/{descriptor}").startswith("/memfd:")  # noqa: PTH115 - likewise
        file.seek(0)
        return file.read()


def decoded(entry: bytes) -> Entry:
    """The fields of an entry; raises AssertionError where the real one would throw away a field, or all of them."""
    fields: Entry = {}
    while entry:
        head, newline, rest = entry.partition(b"\n")
        assert newline, "the last field does not end"
        name, equals, value = head.partition(b"=")
        if equals:
            entry = rest
        else:
            (size,) = struct.unpack_from("<Q", rest)
            value, entry = rest[8 : 8 + size], rest[8 + size + 1 :]
            assert len(value) == size
            assert rest[8 + size : 8 + size + 1] == b"\n"
        assert _NAME.fullmatch(name), f"journald takes no field {name!r}"
        assert name.decode() not in fields, f"{name!r} is there twice"
        fields[name.decode()] = value
    assert fields["MESSAGE"]
    assert fields["PRIORITY"] in _PRIORITIES
    return fields


@contextmanager
def journald(path: Path) -> Iterator[Journald]:
    """A journald that reads all the time."""
    daemon = Journald(str(path))
    try:
        with heard(daemon.path, daemon.listen):
            yield daemon
    finally:
        path.unlink()
    assert daemon.errors == []
