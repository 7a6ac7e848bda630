"""One server program for tests: started, ended, paused, and started again on the same ports and data."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from process_groups import end_group, members
from stores import Store

PATIENCE = 60.0
"""Seconds until a server has to store; only a failing test waits that long."""

_PARTING_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_LAST_LINES = 30
_PROBE = "is-it-there"
_STARTER = ThreadPoolExecutor(max_workers=1)
"""PR_SET_PDEATHSIG is about the thread that starts a process: this one ends with pytest and not with a test."""


class Server:
    """A program that speaks S3 on this machine, and `store`: a bucket of it that is nobody's."""

    def __init__(
        self,
        store: Store,
        command: Sequence[str | Path],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        litter: Sequence[Path] = (),
    ) -> None:
        self.store = store
        self.log = folder / "server.log"
        self._command = ["setpriv", "--pdeathsig", "KILL", "--", program(str(command[0])), *command[1:]]
        self._folder = folder
        self._environment = {**os.environ, "HOME": str(folder), **(environment or {})}
        self._litter = litter
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator["Server"]:
        """A server that stores; it is gone in the end, whatever was done to it."""
        try:
            self.start()
            yield self
        finally:
            self.kill()  # nobody wants its data any more

    def start(self) -> None:
        """Be there and store, whether it was killed, paused or never started.

        Raises AssertionError with the last lines of its log.
        """
        if self.pids():
            self.resume()
        else:
            self.stop()
            self._process = _STARTER.submit(self._launch).result()
        self._wait()

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self._process is None:
            return
        self.resume()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PARTING_SECONDS)
        self.kill()

    def kill(self) -> None:
        """SIGKILL, and it is gone."""
        if self._process is not None:
            end_group(self._process)
            self._process = None
        for path in self._litter:
            path.unlink(missing_ok=True)

    def pause(self) -> None:
        """Leave everybody waiting: the ports stay open, and nobody answers."""
        self._tell(signal.SIGSTOP)
        if self._process is not None:
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        self._tell(signal.SIGCONT)

    def pids(self) -> list[int]:
        """The processes that run now."""
        return [] if self._process is None else members(self._process.pid)

    def _tell(self, number: signal.Signals) -> None:
        for pid in self.pids():
            os.kill(pid, number)

    def _launch(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while problem := _problem(self.store):
            gone = not self.pids()
            if gone or time.monotonic() > deadline:
                state = "it ended by itself" if gone else problem
                raise AssertionError(f"cannot start {self._command[4]}: {state}; the end of its log:\n{self._last()}")
            time.sleep(_LOOK_SECONDS)

    def _last(self) -> str:
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:])


def _problem(store: Store) -> str:
    """Why it does not store yet; nothing if it does. Another server on this port would not know the keys."""
    client = store.client(attempts=1)
    try:
        with suppress(client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=store.bucket)
        client.put_object(Bucket=store.bucket, Key=_PROBE, Body=b"1")
    except (BotoCoreError, ClientError) as error:
        return str(error)
    return ""


def program(name: str) -> str:
    """Where it is installed; raises AssertionError, because a test that is skipped in CI is no test."""
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert path, (
        f"cannot start {name}: it is not installed; the dev extra has it (make test, or pip install -e '.[dev]')"
    )
    return path


def free_ports(count: int) -> list[int]:
    """Ports of this machine that stay free while a server is down.

    The kernel gives the ports of its own range to anyone who connects, and a client of a server that is down could then
    reach itself.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    found: set[int] = set()
    while len(found) < count:
        port = random.randrange(10_000, max(first, 20_000))
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.add(port)
    return sorted(found)
