"""How long people wait for the command: for its help, and until the daemon can take work."""

import subprocess
import sys
import time

from figures import COMMAND, ENVIRONMENT, Against, bare_paddle, daemon, report, rounds


def _seconds(command: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def measure_help() -> None:
    """`--help` against a Python that does nothing; the first of each is not counted."""
    ours, floor = [], []
    for _ in rounds(12, "help_seconds"):
        ours.append(_seconds([COMMAND, "--help"]))
        floor.append(_seconds([sys.executable, "-c", "pass"]))
    report("help_seconds", "s", ours[1:], Against(name="python_pass", samples=floor[1:]))


def measure_ready() -> None:
    """From the start of the process until /readyz answers 200, with the models in place."""
    ours, bare = [], []
    for _ in rounds(4, "ready_seconds"):
        with daemon() as it:
            ours.append(it.ready_seconds)
        with bare_paddle() as paddle:
            bare.append(paddle.ready_seconds)
    report("ready_seconds", "s", ours[1:], Against(name="bare_paddleocr_constructed", samples=bare[1:]))


if __name__ == "__main__":
    measure_help()
    measure_ready()
