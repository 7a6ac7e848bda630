"""How fast and how well each bundled family of text models reads three languages, in four conditions.

The daemon stands against a bare PaddleOCR with the same models. One page holds all lines of a language.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean

from figures import Against, bare_engine, daemon, encoded, report
from memory import rss_mb
from pylopdf_fonts_zh_cn import sans_path
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from turns import Turn, in_turns

from ocr_inbox.errors import PackageIndexError
from ocr_inbox.pipelines import text_options
from pages import render_page, scanned

_FAMILIES = {
    "v5_mobile": ("PP-OCRv5", "mobile"),
    "v6_small": ("PP-OCRv6", "small"),
    "v6_tiny": ("PP-OCRv6", "tiny"),
}
_ONLY_TEXT = """
pipelines.text.model = "{model}"
pipelines.text.size = "{size}"
pipelines.table.enabled = false
pipelines.document.enabled = false
"""
_LANGUAGES = ("english", "german", "chinese")
_POINTS, _SMALL_POINTS = 10.5, 6.0
_QUOTES = str.maketrans(dict.fromkeys("“”„", '"') | dict.fromkeys("\u2018\u2019", "'"))


def _lines(language: str) -> list[str]:
    return (Path(__file__).parent / "corpus" / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def _pages(language: str) -> dict[str, bytes]:
    """A page of A4 at 150 dpi as a file, for each condition."""
    render = partial(render_page, _lines(language), typeface=str(sans_path()))
    page = render(points=_POINTS)
    return {
        f"{language}_normal.png": encoded(page),
        f"{language}_small.png": encoded(render(points=_SMALL_POINTS)),
        f"{language}_skewed.png": encoded(scanned(page, degrees=3)),
        f"{language}_jpeg40.jpg": encoded(page, "JPEG", quality=40),
    }


def _comparable(text: str, language: str) -> str:
    """The text without what no reader should be blamed for: how wide a character, how curved a quotation mark is.

    One space is as good as many, and in Chinese none is.
    """
    words = unicodedata.normalize("NFKC", text).translate(_QUOTES).split()
    return ("" if language == "chinese" else " ").join(words)


def _errors_percent(read: Sequence[str], language: str) -> float:
    """Characters to insert, delete or replace, of a hundred that are there."""
    truth = _comparable("\n".join(_lines(language)), language)
    return 100 * Levenshtein.distance(truth, _comparable("\n".join(read), language)) / len(truth)


def _missed_percent(read: Sequence[str]) -> float:
    """Umlauts and sharp s that were not read as such, of a hundred that are on a German page."""
    truth, found = (_comparable("\n".join(lines), "german") for lines in (_lines("german"), read))
    blocks = Levenshtein.editops(truth, found).as_matching_blocks()
    kept = "".join(truth[block.a : block.a + block.size] for block in blocks)
    there, right = (sum(text.count(letter) for letter in "äöüÄÖÜß") for text in (truth, kept))
    return 100 * (there - right) / there


def _measure(family: str, more: str) -> None:
    pages = {name: page for language in _LANGUAGES for name, page in _pages(language).items()}
    with bare_engine("paddle", text_options, more=more) as bare, daemon(more=more) as it:
        read = in_turns(it, bare, "text", pages, family)
        memory = Against(name="bare_paddleocr_process", samples=[rss_mb(bare.process)])
        report(f"reader_rss_mb_{family}", "MB", [rss_mb(it.reader())], memory)
    german = [turn for name, turn in read.items() if name.startswith("german")]
    missed = Against(name="bare_predict", samples=[_missed_percent(turn.bare) for turn in german])
    report(f"missed_umlauts_{family}", "%", [_missed_percent(_text(turn)) for turn in german], missed, fmean)
    for language in _LANGUAGES:
        _report(family, language, {name: turn for name, turn in read.items() if name.startswith(language)})


def _report(family: str, language: str, read: Mapping[str, Turn]) -> None:
    bare = Against(name="bare_predict", samples=[turn.bare_seconds for turn in read.values()])
    report(f"page_seconds_{family}_{language}", "s", [turn.seconds for turn in read.values()], bare)
    for name, turn in read.items():
        theirs = Against(name="bare_predict", samples=[_errors_percent(turn.bare, language)])
        report(f"cer_{family}_{Path(name).stem}", "%", [_errors_percent(_text(turn), language)], theirs)


def _text(turn: Turn) -> list[str]:
    return turn.result["text"].split("\n")


def main() -> None:
    """One family after the other; one that the package index does not give is left out."""
    for family, (model, size) in _FAMILIES.items():
        try:
            _measure(family, _ONLY_TEXT.format(model=model, size=size))
        except PackageIndexError as error:
            Console(stderr=True).print(f"{family} is left out: {error}")


if __name__ == "__main__":
    main()
