"""How soon a reader has a file that was dropped: from close() to the ledger's claim, while readers are idle."""

import time
from pathlib import Path

from figures import Against, Daemon, Peer, daemon, peer, percentile, report, rounds, tiny_file, workplace

_DROPS = 500
_MS = 1e3


def _drop(path: Path, content: bytes) -> float:
    """When the file was about to be closed, in seconds since the epoch."""
    with path.open("wb", buffering=0) as file:
        file.write(content)
        return time.time()


def _until_claimed(it: Daemon, content: bytes, number: int) -> float:
    name = f"drop-{number:04}.png"
    closed = _drop(it.texts / name, content)
    it.wait_for_done(name, 1, every=0.002)
    (claimed,) = it.times("running", name)
    time.sleep(0.01)  # the lane goes back to waiting, so that the next drop finds it idle
    return (claimed - closed) * _MS


def _until_heard(observer: Peer, folder: Path, content: bytes, number: int) -> float:
    closed = _drop(folder / f"drop-{number:04}.png", content)
    return float((observer.hear() - closed) * _MS)


def main() -> None:
    """Drop files one at a time, by turns for the daemon and for a bare observer."""
    claimed, heard, content = [], [], tiny_file()
    with workplace() as folder, peer("observer", str(folder)) as observer, daemon() as it:
        for number in rounds(_DROPS + 10, "claim_latency_ms"):
            claimed.append(_until_claimed(it, content, number))
            heard.append(_until_heard(observer, folder, content, number))
    floor = Against(name="bare_watchdog_observer", samples=heard[10:])
    for percent in (50, 99):
        report(f"claim_latency_p{percent}_ms", "ms", claimed[10:], floor, percentile(percent))


if __name__ == "__main__":
    main()
