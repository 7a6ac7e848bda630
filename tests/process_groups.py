"""Processes that belong together: who of them is still there, and ending them all."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any


def end_group(process: "subprocess.Popen[Any]") -> None:
    """End a process and all that it started, if any of them is still there."""
    for pid in members(process.pid):
        os.kill(pid, signal.SIGKILL)
    process.wait()


def members(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            state, _, its_group = (entry / "stat").read_text(encoding="ascii").rpartition(") ")[2].split()[:3]
        except (OSError, ValueError):  # it ended meanwhile, or is none
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(entry.name))
    return found
