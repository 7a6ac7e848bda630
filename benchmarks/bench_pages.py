"""What the daemon adds to reading: a pile of pages against a bare PaddleOCR.predict loop over the same pages."""

import time
from dataclasses import dataclass
from pathlib import Path

from figures import Against, Daemon, bare_paddle, daemon, page_files, report, rounds, workplace

_PAGES = 60
_ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pile:
    """Seconds from the first claim to the last finish, and from the first drop to the last sidecar."""

    claim_to_finish: float
    drop_to_sidecar: float


def _read_pile(it: Daemon, contents: list[bytes], prefix: str) -> _Pile:
    paths = [it.texts / f"{prefix}-{number:03}.png" for number in range(len(contents))]
    dropped = time.time()
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    done = it.wait_for_done(prefix, len(contents), every=0.5)
    sidecars = [path.with_name(f"{path.name}.ocr.json").stat().st_mtime for path in paths]
    return _Pile(
        claim_to_finish=done[-1] - it.times("running", prefix)[0],
        drop_to_sidecar=max(sidecars) - dropped,
    )


def _write_all(folder: Path, contents: list[bytes]) -> list[str]:
    paths = [folder / f"{number:03}.png" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def main() -> None:
    """Each round is half of the bare loop, all of the daemon's pages, and the other half."""
    contents = page_files(6) * (_PAGES // 6)
    piles, bare = [], []
    with workplace() as folder, bare_paddle() as paddle, daemon() as it:
        paths = _write_all(folder, contents)
        paddle.ask(paths[:3])
        _read_pile(it, contents[:3], "warm")
        for number in rounds(_ROUNDS, "pages_overhead"):
            before = paddle.ask(paths[: _PAGES // 2])
            piles.append(_read_pile(it, contents, f"round-{number}"))
            bare.append(before + paddle.ask(paths[_PAGES // 2 :]))
    floor = Against(name="bare_predict_loop", samples=bare)
    report("pages_overhead", "s", [pile.claim_to_finish for pile in piles], floor)
    report("pages_overhead_drop_to_sidecar", "s", [pile.drop_to_sidecar for pile in piles], floor)


if __name__ == "__main__":
    main()
