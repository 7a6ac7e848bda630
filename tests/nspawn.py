"""A machine for tests: this one's files under a real systemd, thrown away afterwards. Needs root and systemd-nspawn."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from running import eventually

_BOOT = Path(__file__).with_name("booted") / "boot.sh"
_CGROUPS = Path("/sys/fs/cgroup")
_NAMED = "ocr-inbox-test-"
_NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
_UP = ("running", "degraded")
_COMMAND_SECONDS = 300.0
"""The longest is to put in the whole package: a gigabyte in 36,000 files."""
_numbers = count(1)

Finished = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One that runs; `leader` is its first process, as seen from here."""

    name: str
    leader: int

    @property
    def root(self) -> Path:
        return Path(f"/proc/{self.leader}/root")

    def path(self, inside: str) -> Path:
        """How a path of the machine is reached from here."""
        return self.root / inside.lstrip("/")

    def enter(self, *command: str | Path, namespaces: Sequence[str] = _NAMESPACES) -> list[str]:
        """The command that runs `command` inside."""
        return ["nsenter", f"--target={self.leader}", *namespaces, "--", *map(str, command)]

    def run(self, *command: str | Path, check: bool = True) -> Finished:
        """Run a command inside to its end."""
        done = subprocess.run(
            self.enter(*command), capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done

    def write(self, inside: str, content: str, mode: int = 0o644) -> None:
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        path.chmod(mode)

    def property(self, unit: str, name: str) -> str:
        """What systemd says of a unit."""
        return self.run("systemctl", "show", unit, f"--property={name}", "--value").stdout.strip()

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        """The entries of the journal with these fields."""
        self.run("journalctl", "--sync")
        lines = self.run("journalctl", "--output=json", "--all", *matches).stdout.splitlines()
        return [json.loads(line) for line in lines]


NewMachine = Callable[..., AbstractContextManager[Machine]]
"""Boots one; it may be given a folder to lay over its root."""


def demand_nspawn() -> None:
    if os.geteuid() != 0:
        pytest.skip("a machine of its own needs root")
    for program, package in (("systemd-nspawn", "systemd-container"), ("nsenter", "util-linux"), ("dpkg", "dpkg")):
        if shutil.which(program) is None:
            pytest.skip(f"there is no {program} here (Debian's package {package})")
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True,
        text=True,
        timeout=_COMMAND_SECONDS,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"root may not make a machine of its own here: {tried.stderr.strip()}")


@contextmanager
def booted(stage: Path, log: Path, binds: Sequence[tuple[Path, str]] = ()) -> Iterator[Machine]:
    """A machine with what lies in `stage` copied over its root, and folders bound into it read-only."""
    demand_nspawn()
    name = f"{_NAMED}{os.getpid()}-{next(_numbers)}"
    options = [f"--bind-ro={source}:{target}" for source, target in binds]
    with log.open("wb") as console:
        # Whatever ends this process ends that one, and with it everything it has mounted and started.
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", _BOOT, name, stage, *options],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )
    try:
        leader = eventually(partial(_leader, process, log))
        machine = Machine(name=name, leader=leader)
        eventually(partial(_is_up, machine, process, log))
        yield machine
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        _remove_cgroups(name)


def _leader(process: "subprocess.Popen[bytes]", log: Path) -> int:
    """The first process of the machine: unshare's child is systemd-nspawn, whose child it is."""
    assert process.poll() is None, f"it did not boot: {log.read_text(encoding='utf-8', errors='replace')}"
    leader = _child(_child(process.pid))
    return leader if leader and _called(leader) == "systemd" else 0


def _child(pid: int) -> int:
    """The first child of a process; 0 where there is none."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(children[0]) if children else 0


def _called(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    return ""


def _is_up(machine: Machine, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, f"it did not boot: {log.read_text(encoding='utf-8', errors='replace')}"
    return machine.run("systemctl", "is-system-running", check=False).stdout.strip() in _UP


def _remove_cgroups(name: str) -> None:
    """Those of this machine, and of others whose processes are gone."""
    for folder in (_CGROUPS, _CGROUPS / "systemd", _CGROUPS / "unified"):
        for group in folder.glob(f"{_NAMED}*"):
            if group.name == name:
                eventually(partial(_is_removed, group))
            elif not _lives(group.name):
                _is_removed(group)


def _lives(name: str) -> bool:
    return Path("/proc", name.removeprefix(_NAMED).partition("-")[0]).exists()


def _is_removed(group: Path) -> bool:
    """Children first; what was just killed may take a moment to leave."""
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106 - beside os.walk
    return not group.exists()
