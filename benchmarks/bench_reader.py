"""How much memory a reader holds after one, three and ten pages."""

from figures import Against, bare_paddle, daemon, page_files, report, rounds, workplace
from memory import rss_mb

_AFTER = (1, 3, 10)


def main() -> None:
    """The same pages, by turns for the daemon's reader and for a bare PaddleOCR."""
    contents = page_files(max(_AFTER))
    with workplace() as folder, bare_paddle() as paddle, daemon() as it:
        for number in rounds(len(contents), "reader_rss_mb"):
            name = f"page-{number:02}.png"
            (folder / name).write_bytes(contents[number])
            paddle.ask([str(folder / name)])
            (it.texts / name).write_bytes(contents[number])
            it.wait_for_done(name, 1)
            if number + 1 in _AFTER:
                bare = Against(name="bare_paddleocr_process", samples=[rss_mb(paddle.process)])
                report(f"reader_rss_after_{number + 1}_mb", "MB", [rss_mb(it.reader())], bare)


if __name__ == "__main__":
    main()
