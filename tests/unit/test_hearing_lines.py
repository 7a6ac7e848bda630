"""Lines of a stream, however it is cut."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ocr_inbox.hearing.lines import Lines


def lines_of(*chunks: bytes, most: int = 100) -> list[bytes]:
    lines = Lines(most)
    return [line for chunk in chunks for line in lines.feed(chunk)]


@given(lines=st.lists(st.binary(min_size=1, max_size=20)), cuts=st.lists(st.integers(0, 300)))
def test_it_does_not_matter_where_the_stream_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    whole = b"\n".join([*lines, b""])
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(edges)]
    expected = [line.lstrip() for each in lines for line in each.split(b"\n") if line.strip()]
    assert [line for line in lines_of(*pieces) if line.strip()] == expected


def test_blanks_that_show_that_somebody_is_there_are_neither_lines_nor_remembered() -> None:
    lines = Lines(100)
    assert [line for _ in range(10_000) for line in lines.feed(b" ")] == []
    assert list(lines.feed(b' {"a":1}\n \n\n')) == [b'{"a":1}']


def test_a_line_without_end_is_cut_and_the_next_one_is_whole() -> None:
    assert lines_of(*[b"x" * 60] * 1000, b"\nnext\n") == [b"x" * 101, b"next"]
