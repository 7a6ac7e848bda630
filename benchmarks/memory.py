"""How much memory a process has, in 10^6 bytes."""

from pathlib import Path

import psutil

MB = 1e6


def rss_mb(process: psutil.Process) -> float:
    """Resident memory in 10^6 bytes; pages that several processes share count in each of them."""
    return float(process.memory_info().rss / MB)


def pss_mb(process: psutil.Process) -> float:
    """The process's own share of its resident memory in 10^6 bytes: shared pages are divided by their users."""
    return float(process.memory_full_info().pss / MB)


def peak_mb(process: psutil.Process) -> float:
    """The most memory that the process ever had resident, in 10^6 bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 / MB for line in lines if line.startswith("VmHWM:"))
