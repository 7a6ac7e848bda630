"""A PDF of 120 pages: pages a second with one reader and with two, of one thread each, and what memory it takes.

The daemons, a bare PaddleOCR and two of them at once read it by turns, so that other load on the machine meets all.
"""

import io
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from figures import LINES, Against, Daemon, Peer, bare_paddle, daemon, render_page, report, rounds, workplace
from memory import peak_mb, rss_mb
from PIL import Image

_PAGES = 120
_DPI = 100
_ROUNDS = 3
_LINES = 3
_STRIP = (0, 0, 827, 230)
"""Pixels: the upper part of an A4 page, where its lines are; many short turns meet other load more evenly."""


def _page(number: int) -> Image.Image:
    return render_page([f"{line} ({number})" for line in LINES[:_LINES]], dpi=_DPI).crop(_STRIP)


def _pdf(pages: Sequence[Image.Image]) -> bytes:
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=_DPI, quality=95)
    return file.getvalue()


def _daemon_seconds(it: Daemon, pdf: bytes, name: str) -> float:
    """From the claim to the end of the job."""
    (it.texts / name).write_bytes(pdf)
    (done,) = it.wait_for_done(name, 1, every=0.1)
    return done - it.times("running", name)[0]


def _bare_seconds(peers: Sequence[Peer], paths: Sequence[Path]) -> float:
    """The pages dealt out to the loops, until the last has read its last."""
    names = [str(path) for path in paths]
    with ThreadPoolExecutor(len(peers)) as hands:
        began = time.monotonic()
        list(hands.map(lambda place: peers[place].ask(names[place :: len(peers)]), range(len(peers))))
        return time.monotonic() - began


def _report_memory(daemons: Sequence[Daemon], before: Sequence[float], peers: Sequence[Peer]) -> None:
    control = Against(name="control_rss_before", samples=before)
    report("long_control_peak_mb", "MB", [peak_mb(it.control) for it in daemons], control)
    readers = [peak_mb(reader) for it in daemons for reader in it.readers()]
    bare = Against(name="bare_paddleocr_process", samples=[peak_mb(it.process) for it in peers])
    report("long_reader_peak_mb", "MB", readers, bare)


def main() -> None:
    """One reader against one bare loop, two readers against one; two bare loops say what the machine allows."""
    pages = [_page(number) for number in range(_PAGES)]
    with workplace() as folder, ExitStack() as running:
        paths = [folder / f"{number:03}.png" for number in range(_PAGES)]
        for page, path in zip(pages, paths, strict=True):
            page.save(path)
        daemons = [running.enter_context(daemon(readers=readers, threads=1, pdf_dpi=_DPI)) for readers in (1, 2)]
        peers = [running.enter_context(bare_paddle(threads=1)) for _ in range(2)]
        for it in daemons:
            _daemon_seconds(it, _pdf(pages[:9]), "warm.pdf")
        _bare_seconds(peers, paths[:4])
        before = [rss_mb(it.control) for it in daemons]
        speeds: list[list[float]] = [[], [], [], []]
        for number in rounds(_ROUNDS, "long_pages_per_second"):
            turn = [_daemon_seconds(it, _pdf(pages), f"long-{number}.pdf") for it in daemons]
            turn += [_bare_seconds(peers[:1], paths), _bare_seconds(peers, paths)]
            for speed, seconds in zip(speeds, turn, strict=True):
                speed.append(_PAGES / seconds)
        one, two, bare, two_bare = speeds
        report("long_pages_per_second_1_reader", "1/s", one, Against(name="bare_predict_loop", samples=bare))
        report("long_pages_per_second_2_readers", "1/s", two, Against(name="1_reader", samples=one))
        report("long_pages_per_second_2_bare_loops", "1/s", two_bare, Against(name="bare_predict_loop", samples=bare))
        _report_memory(daemons, before, peers)


if __name__ == "__main__":
    main()
