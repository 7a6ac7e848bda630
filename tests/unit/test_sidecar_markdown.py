"""Markdown shows the lines as they were read, and none of them is taken for markup."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from builders import a_page, a_region
from ocr_inbox.results import markdown

_GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _as_read(text: str) -> list[str]:
    """The lines that a reader of the markdown sees; anything but plain paragraphs is a failure."""
    lines = [""]
    for token in _GITHUB.parse(text):
        assert token.type in ("paragraph_open", "paragraph_close", "inline"), token
        for child in token.children or []:
            assert child.type in ("text", "hardbreak", "softbreak"), child
            lines.extend([""] if child.type != "text" else [])
            lines[-1] += child.content
    return lines


@pytest.mark.parametrize(
    "line",
    [
        "# no heading",
        "- no list",
        "+ no list",
        "* no list",
        "1. no list",
        "12) no list",
        "> no quotation",
        "    no code",
        "```",
        "~~~",
        "---",
        "===",
        "***",
        "***bold***",
        "__bold__",
        "~~struck~~",
        "<b>tag</b>",
        "<!-- comment -->",
        "&copy; &amp; &#35;",
        "[a link](http://example.org)",
        "![a picture](x.png)",
        "[ref]: http://example.org",
        "a | b",
        ":-:",
        "back\\slash \\",
        "`code`",
        "{{ template }}",
        "-5 °C",
        "3.14",
        "two  spaces ",
    ],
)
def test_no_line_is_taken_for_markup(line: str) -> None:
    assert _as_read(markdown([a_page("above | it", line, "below")])) == ["above | it", line.strip(), "below"]


_line = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=12)


@given(lines=st.lists(_line.filter(str.strip), min_size=1, max_size=4))
def test_markdown_reads_as_the_lines_that_it_was_made_of(lines: list[str]) -> None:
    assert _as_read(markdown([a_page(*lines)])) == [line.strip() for line in lines]


def test_a_line_break_inside_a_line_does_not_begin_a_paragraph() -> None:
    page = replace(a_page(), regions=(a_region("one\n# two\r- three"),))
    assert _as_read(markdown([page])) == ["one # two - three"]


def test_pages_are_divided_by_a_rule() -> None:
    text = markdown([a_page("first"), a_page(index=1), a_page("third", index=2)])
    assert [token.type for token in _GITHUB.parse(text)].count("hr") == 2
