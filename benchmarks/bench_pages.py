"""What the daemon adds to reading: a pile of pages against a bare PaddleOCR.predict loop over the same pages."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from figures import Against, Daemon, bare_paddle, daemon, page_files, report, rounds, workplace

_PAGES = 60
_ROUNDS = 2
_DPI = 120
_MS = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pile:
    """Seconds from the first claim to the last finish, and from the first drop to the last sidecar.

    For each page those from its claim to the next one's, and how many of them were spent outside the engine.
    """

    claim_to_finish: float
    drop_to_sidecar: float
    pages: Sequence[float]
    outside_engine: Sequence[float]


def _read_pile(it: Daemon, contents: Sequence[bytes], prefix: str) -> _Pile:
    paths = [it.texts / f"{prefix}-{number:03}.png" for number in range(len(contents))]
    dropped = time.time()
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    finished = it.wait_for_done(prefix, len(contents), every=0.5)[-1]
    sidecars = [path.with_name(f"{path.name}.ocr.json") for path in paths]
    claims = sorted((it.times("running", path.name)[0], path) for path in paths)
    pages = [later - begun for (begun, _), (later, _) in pairwise([*claims, (finished, None)])]
    return _Pile(
        claim_to_finish=finished - claims[0][0],
        drop_to_sidecar=max(sidecar.stat().st_mtime for sidecar in sidecars) - dropped,
        pages=pages,
        outside_engine=[page - _engine_seconds(path) for page, (_, path) in zip(pages, claims, strict=True)],
    )


def _engine_seconds(path: Path) -> float:
    sidecar = json.loads(path.with_name(f"{path.name}.ocr.json").read_bytes())
    return float(sidecar["metrics"]["inference_time"])


def _write_all(folder: Path, contents: Sequence[bytes]) -> list[str]:
    paths = [folder / f"{number:03}.png" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def _report(piles: Sequence[_Pile], bare: Sequence[Sequence[float]]) -> None:
    loop = Against(name="bare_predict_loop", samples=[sum(pages) for pages in bare])
    report("pages_overhead", "s", [pile.claim_to_finish for pile in piles], loop)
    report("pages_overhead_drop_to_sidecar", "s", [pile.drop_to_sidecar for pile in piles], loop)
    page = Against(name="bare_predict_page", samples=[seconds * _MS for pages in bare for seconds in pages])
    report("page_ms", "ms", [seconds * _MS for pile in piles for seconds in pile.pages], page)
    outside = [seconds * _MS for pile in piles for seconds in pile.outside_engine]
    report("page_outside_engine_ms", "ms", outside, page)


def main() -> None:
    """Each round is half of the bare loop, all of the daemon's pages, and the other half."""
    contents = page_files(6, dpi=_DPI) * (_PAGES // 6)
    piles, bare = [], []
    with workplace() as folder, bare_paddle() as paddle, daemon() as it:
        paths = _write_all(folder, contents)
        paddle.ask(paths[:6])
        _read_pile(it, contents[:6], "warm")
        for number in rounds(_ROUNDS, "pages_overhead"):
            before = paddle.ask(paths[: _PAGES // 2])
            piles.append(_read_pile(it, contents, f"round-{number}"))
            bare.append(before + paddle.ask(paths[_PAGES // 2 :]))
    _report(piles, bare)


if __name__ == "__main__":
    main()
