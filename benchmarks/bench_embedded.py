"""A PDF that carries its text: pages a second where the text is taken as it is, against reading them."""

import sys
from pathlib import Path

from figures import LINES, Against, Daemon, daemon, report, rounds

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from pages import text_pdf

_TAKEN, _READ = 200, 8
_ROUNDS = 3


def _pages_per_second(it: Daemon, pages: int, name: str) -> float:
    (it.texts / name).write_bytes(text_pdf([[f"{line} {number}" for line in LINES] for number in range(pages)]))
    (done,) = it.wait_for_done(name, 1)
    return pages / (done - it.times("running", name)[0])


def main() -> None:
    """The same daemon twice, but for `pdf_text`."""
    taken: list[float] = []
    read: list[float] = []
    with daemon(more='pipelines.text.pdf_text = "auto"') as taking, daemon() as reading:
        for it in (taking, reading):
            _pages_per_second(it, 1, "warm.pdf")
        for number in rounds(_ROUNDS, "embedded_pages_per_second"):
            taken.append(_pages_per_second(taking, _TAKEN, f"{number}.pdf"))
            read.append(_pages_per_second(reading, _READ, f"{number}.pdf"))
    report("embedded_pages_per_second", "1/s", taken, Against(name="read_by_ocr", samples=read))


if __name__ == "__main__":
    main()
