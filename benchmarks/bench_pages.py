"""What the daemon adds to reading: a pile of pages against a bare PaddleOCR.predict loop over the same pages.

The two take turns of a few pages each, the daemon stopped meanwhile, so that other load on the machine meets both.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from figures import Against, Daemon, Peer, bare_paddle, daemon, page_files, report, rounds, workplace

_PAGES = 60
_TURN = 5
_ROUNDS = 2
_DPI = 120
_MS = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Seconds of the daemon from the first claim to the last finish and from the first drop to the last sidecar.

    Further those of the bare loop, and for each page those from its claim to the next one's outside the engine.
    """

    claim_to_finish: float
    drop_to_sidecar: float
    bare: float
    outside_engine: Sequence[float]


def _read_by_turns(it: Daemon, paddle: Peer, paths: Sequence[Path], prefix: str) -> _Round:
    copies = [it.texts / f"{prefix}-{path.name}" for path in paths]
    dropped, paused, bare = time.time(), 0.0, 0.0
    for path, copy in zip(paths, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    for start in range(0, len(paths), _TURN):
        finished = it.wait_for_done(prefix, start + _TURN, every=0.05)[-1]
        before = paused
        with _stopped(it):
            began = time.monotonic()
            bare += sum(paddle.ask([str(path) for path in paths[start : start + _TURN]]))
            paused += time.monotonic() - began
    claims = sorted((it.times("running", copy.name)[0], copy) for copy in copies)
    spans = [later - claimed for (claimed, _), (later, _) in pairwise([*claims, (finished, None)])]
    return _Round(
        claim_to_finish=finished - claims[0][0] - before,
        drop_to_sidecar=max(_sidecar(copy).stat().st_mtime for copy in copies) - dropped - before,
        bare=bare,
        outside_engine=[span - _engine_seconds(copy) for span, (_, copy) in zip(spans, claims, strict=True)],
    )


@contextmanager
def _stopped(it: Daemon) -> Iterator[None]:
    """The daemon and its readers stand still."""
    processes = [it.control, *it.control.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.ocr.json")


def _engine_seconds(path: Path) -> float:
    return float(json.loads(_sidecar(path).read_bytes())["metrics"]["inference_time"])


def _write_all(folder: Path, contents: Sequence[bytes]) -> list[Path]:
    paths = [folder / f"{number:03}.png" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def _report(results: Sequence[_Round]) -> None:
    loop = Against(name="bare_predict_loop", samples=[result.bare for result in results])
    report("pages_overhead", "s", [result.claim_to_finish for result in results], loop)
    report("pages_overhead_drop_to_sidecar", "s", [result.drop_to_sidecar for result in results], loop)
    outside = [seconds * _MS for result in results for seconds in result.outside_engine]
    page = Against(name="bare_predict_page", samples=[result.bare / _PAGES * _MS for result in results])
    report("page_outside_engine_ms", "ms", outside, page)


def main() -> None:
    """The whole pile is dropped at once in each round."""
    contents = page_files(6, dpi=_DPI) * (_PAGES // 6)
    with workplace() as folder, bare_paddle() as paddle, daemon() as it:
        paths = _write_all(folder, contents)
        _read_by_turns(it, paddle, paths[: 2 * _TURN], "warm")
        _report([_read_by_turns(it, paddle, paths, f"r{number}") for number in rounds(_ROUNDS, "pages_overhead")])


if __name__ == "__main__":
    main()
