"""The first matching rule decides; no key that somebody can drop makes that slow or wrong."""

import time
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_inbox.model import Output, PipelineName, Priority
from ocr_inbox.routing import Rule, default_rules, matches, route

TEXT, TABLE = PipelineName.TEXT, PipelineName.TABLE


def test_the_first_matching_rule_decides_everything() -> None:
    rules = [
        Rule(match="urgent/**", pipeline=TABLE, priority=Priority.HIGH, outputs=(Output.JSON, Output.MARKDOWN)),
        Rule(match="**", pipeline=TEXT),
    ]
    urgent, other = route("urgent/a.png", rules), route("a.png", rules)
    assert (urgent.pipeline, urgent.rule, urgent.priority) == (TABLE, "urgent/**", Priority.HIGH)
    assert urgent.outputs == (Output.JSON, Output.MARKDOWN)
    assert (other.pipeline, other.rule, other.priority, other.outputs) == (TEXT, "**", Priority.NORMAL, (Output.JSON,))


def test_a_rule_hands_its_fallback_on() -> None:
    rules = [Rule(match="**", pipeline=PipelineName.DOCUMENT, fallback=TABLE)]
    assert route("a.png", rules).fallback is TABLE
    assert route("a.png", [Rule(match="**", pipeline=TEXT)]).fallback is None


@pytest.mark.parametrize("name", list(PipelineName))
def test_by_default_a_folder_is_named_after_each_pipeline(name: PipelineName) -> None:
    assert route(f"{name.value}/2025/scan.png", default_rules()).pipeline is name


def test_a_document_that_no_rule_takes_is_skipped_with_all_rules_named() -> None:
    assignment = route("elsewhere/scan.png", default_rules())
    assert assignment.pipeline is None
    assert assignment.reason == "no rule matches it (tried: text/**, table/**, document/**)"


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("*.png", ["a.png", ".png", "a.b.png"], ["x/a.png", "a.png/", "a.pngx"]),
        ("?.png", ["a.png", "é.png"], [".png", "ab.png", "/.png"]),
        ("**", ["a", "a/b", "a/b/c"], []),
        ("text/**", ["text/a", "text/a/b"], ["text", "a/text/b", "texts/a"]),
        ("**/a.png", ["a.png", "x/a.png", "x/y/a.png"], ["xa.png", "a.png/b"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/xb", "ab", "a/b/c"]),
        ("**/in/**/*.pdf", ["in/a.pdf", "x/in/y/a.pdf"], ["inn/a.pdf", "a.pdf", "in/a.png"]),
        ("**/**/a", ["a", "x/a", "x/y/z/a"], ["xa"]),
        ("a**b", ["ab", "axb"], ["a/b"]),
        ("/text/*/", ["text/a"], ["text/a/b"]),
        ("[ab].png", ["a.png", "B.png"], ["c.png", "[ab].png"]),
        ("[!ab].png", ["c.png", "!.png"], ["a.png", "/.png"]),
        ("[a-c]", ["b"], ["d", "-"]),
        ("[]x]", ["]", "x"], ["[]x]", ""]),
        ("[!]x]", ["a"], ["]", "x"]),
        ("[^a]", ["^", "a"], ["b"]),
        ("[a", ["[a"], ["a"]),
        ("[]", ["[]"], ["]"]),
        ("[!]", ["[!]"], ["!"]),
        ("[z-a]", [], ["z", "-", "a"]),
        ("[\\d]", ["d", "\\"], ["1"]),
        ("[[:x]", ["[", ":", "x"], ["a"]),
        ("[a/b]", ["[a/b]"], ["a", "b", "/"]),
        ("a.png", ["a.png"], ["aXpng"]),
        ("(x|y)+{2}$^\\", ["(x|y)+{2}$^\\"], ["x", "xx"]),
    ],
)
def test_a_glob_takes_exactly_what_it_says(pattern: str, taken: list[str], left: list[str]) -> None:
    assert [key for key in taken if not matches(key, pattern)] == []
    assert [key for key in left if matches(key, pattern)] == []


def test_case_does_not_matter() -> None:
    assert matches("TEXT/Scan.JPG", "text/*.jpg")
    assert matches("text/scan.jpg", "Text/*.[JK]PG")
    assert matches("ÄRZTE/a.png", "ärzte/**")


def test_two_spellings_of_an_accent_are_one_folder() -> None:
    assert matches("Bu\u0308ro/a.png", "B\u00fcro/**")
    assert matches("B\u00fcro/a.png", "Bu\u0308ro/**")


@pytest.mark.parametrize(
    "name", ["a\nb.png", "\n", "a\r.png", "a\udcff.png", "[a].png", "a*?.png", "\u202egnp.a", "a\\"]
)
def test_strange_names_are_names(name: str) -> None:
    assert matches(f"text/{name}", "text/*")
    assert matches(f"text/{name}", "text/**")
    assert matches(f"text/{name}", "text/?") == (len(name) == 1)
    assert not matches(name, "text/**")


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("**/**/**/*a*a*a*b", "a/" * 2000 + "a" * 90),
        ("*a*a*a*a*a*a*a*b", "a" * 255),
        ("**/a/**/a/**/a/**/a/**/b", "a/" * 2040 + "c"),
        ("**/" * 40 + "b", "a/" * 2040 + "c"),
        ("**/*a*a*a*/**/*a*a*a*b/x", ("a" * 200 + "/") * 20 + "y"),
    ],
)
def test_no_key_makes_matching_slow(pattern: str, key: str) -> None:
    """Keys come from whoever may drop files: 4096 bytes is the longest path, 255 the longest name."""
    matches("warm", pattern)
    began = time.perf_counter()
    assert not matches(key, pattern)
    assert time.perf_counter() - began < 0.5


_LETTERS = st.sampled_from("ab.-")
_NAME = st.text(_LETTERS, min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
_GLOB = st.text(st.sampled_from("ab.*?[!]-"), min_size=1, max_size=5).filter(
    lambda glob: glob.strip("*.") and "**" not in glob
)


@given(names=st.lists(_NAME, min_size=1, max_size=4), globs=st.lists(_GLOB, min_size=1, max_size=4))
def test_without_two_stars_it_agrees_with_pathlib(names: list[str], globs: list[str]) -> None:
    expected = len(names) == len(globs) and PurePosixPath("/".join(names)).match("/".join(globs))
    assert matches("/".join(names), "/".join(globs)) == expected


def _by_definition(names: list[str], folders: list[str]) -> bool:
    """`**` is any number of folders, at the end also the document itself; everything else is one name."""
    if not folders:
        return not names
    if folders[0] != "**":
        return bool(names) and PurePosixPath(names[0]).match(folders[0]) and _by_definition(names[1:], folders[1:])
    if len(folders) == 1:
        return bool(names)
    return any(_by_definition(names[skipped:], folders[1:]) for skipped in range(len(names) + 1))


@given(
    names=st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=6),
    folders=st.lists(st.sampled_from(["**", "a", "b", "a*", "*"]), min_size=1, max_size=5),
)
def test_two_stars_agree_with_their_definition(names: list[str], folders: list[str]) -> None:
    assert matches("/".join(names), "/".join(folders)) == _by_definition(names, folders)
