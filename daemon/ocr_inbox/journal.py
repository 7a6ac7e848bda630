"""journald, spoken to in its own protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL."""

import array
import errno
import fcntl
import os
import re
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

SOCKET = "/run/systemd/journal/socket"

_PATIENCE = struct.pack("ll", 0, 500_000)
"""Half a second, as a timeval: a journald that is busy reads on within that."""
_QUEUED_BYTES = 8 << 20
_LONGEST_NAME = 64
_UNFIT = re.compile("[^A-Z0-9_]+")
_ADD_SEALS, _ALL_SEALS = 1033, 0xF
"""Not every build of Python has these constants of Linux in `fcntl`."""

Fields = Mapping[str, str | bytes]
"""An entry, with names such as `field_name` makes; bytes are binary."""


def is_journal(descriptor: int, environment: Mapping[str, str]) -> bool:
    """Whether what is written to this descriptor goes to the journal, as $JOURNAL_STREAM says."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def field_name(name: str) -> str:
    """A name that journald takes: it throws away fields that begin with _, or hold anything but A-Z, 0-9 and _."""
    fit = _UNFIT.sub("_", name.upper()).strip("_") or "FIELD"
    return (f"N{fit}" if fit[0].isdigit() else fit)[:_LONGEST_NAME]


def encoded(fields: Fields) -> bytes:
    """An entry as it goes over the wire; what is no Unicode is escaped."""
    entry = bytearray()
    for name, value in fields.items():
        content = value if isinstance(value, bytes) else value.encode(errors="backslashreplace")
        if isinstance(value, bytes) or b"\n" in content:
            entry += name.encode() + b"\n" + struct.pack("<Q", len(content)) + content + b"\n"
        else:
            entry += name.encode() + b"=" + content + b"\n"
    return bytes(entry)


def _opened() -> socket.socket:
    out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _QUEUED_BYTES)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _PATIENCE)
    return out


@dataclass
class Journal:
    """Remembers its socket, and whether journald hangs; for any thread."""

    path: str = field(default_factory=lambda: SOCKET)
    _hangs: bool = False
    _out: socket.socket = field(default_factory=_opened)

    def send(self, fields: Fields) -> bool:
        """Whether journald has it; raises nothing, and waits half a second at most for one that hung not before."""
        entry = encoded(fields)
        try:
            try:
                self._send(entry)
            except OSError as error:
                if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                    raise
                self._send_apart(entry)
        except BlockingIOError:
            self._hangs = True
            return False
        except OSError:
            return False
        self._hangs = False
        return True

    def _send(self, entry: bytes, *descriptors: int) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self._out.sendmsg([entry], rights, socket.MSG_DONTWAIT if self._hangs else 0, self.path)

    def _send_apart(self, entry: bytes) -> None:
        """What is too big for a datagram goes as a file in memory that nobody can change any more."""
        descriptor = os.memfd_create("ocr-inbox-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(entry)
            fcntl.fcntl(descriptor, _ADD_SEALS, _ALL_SEALS)
            self._send(b"", descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Let go of the socket."""
        with suppress(OSError):
            self._out.close()
