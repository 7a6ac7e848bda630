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

from figures import Against, Daemon, Peer, bare_paddle, daemon, page_files, report, rounds, wait_until, workplace

_PAGES = 60
_TURN = 5
_ROUNDS = 2
_DPI = 120
_MS = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Seconds of the daemon from the first claim to the last finish and from the first drop to the last sidecar.

    `pages` are those from each claim to the next one, `outside_engine` what of them was not spent in the engine
    (of pages that no turn of the other cut in two), and `bare` those of each page in the loop.
    """

    claim_to_finish: float
    drop_to_sidecar: float
    pages: Sequence[float]
    outside_engine: Sequence[float]
    bare: Sequence[float]


def _read_by_turns(it: Daemon, paddle: Peer, paths: Sequence[Path], prefix: str) -> _Round:
    copies = [it.texts / f"{prefix}-{path.name}" for path in paths]
    dropped, pauses, bare = time.time(), [], []
    for path, copy in zip(paths, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    for start in range(0, len(paths), _TURN):
        wait_until(_sidecar(copies[start + _TURN - 1]).exists)  # asking the ledger all the time would slow it down
        finished = it.wait_for_done(prefix, start + _TURN)[-1]
        with _stopped(it):
            stopped = time.time()
            bare += [seconds for seconds, _ in paddle.ask([str(path) for path in paths[start : start + _TURN]])]
            pauses.append((stopped, time.time()))
    claims = sorted((it.times("running", copy.name)[0], copy) for copy in copies)
    spans = list(pairwise([*(claimed for claimed, _ in claims), finished]))
    engine = [_engine_seconds(copy) for _, copy in claims]
    return _Round(
        claim_to_finish=_running(claims[0][0], finished, pauses),
        drop_to_sidecar=_running(dropped, max(_sidecar(copy).stat().st_mtime for copy in copies), pauses),
        pages=[_running(claimed, later, pauses) for claimed, later in spans],
        outside_engine=[
            later - claimed - inside
            for (claimed, later), inside in zip(spans, engine, strict=True)
            if _running(claimed, later, pauses) == later - claimed  # the engine's own clock does not stop in a pause
        ],
        bare=bare,
    )


def _running(since: float, until: float, pauses: Sequence[tuple[float, float]]) -> float:
    """Seconds between two times, less those in which the daemon stood still."""
    return until - since - sum(max(0.0, min(until, end) - max(since, begin)) for begin, end in pauses)


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
    loop = Against(name="bare_predict_loop", samples=[sum(result.bare) for result in results])
    report("pages_overhead", "s", [result.claim_to_finish for result in results], loop)
    report("pages_overhead_drop_to_sidecar", "s", [result.drop_to_sidecar for result in results], loop)
    page = Against(name="bare_predict_page", samples=[seconds * _MS for result in results for seconds in result.bare])
    report("page_ms", "ms", [seconds * _MS for result in results for seconds in result.pages], page)
    outside = [seconds * _MS for result in results for seconds in result.outside_engine]
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
