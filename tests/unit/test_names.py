import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_inbox.model import Output
from ocr_inbox.names import (
    is_never_a_document,
    is_private_folder,
    is_temporary_of_ours,
    key_of,
    path_of,
)
from ocr_inbox.sidecar import FIGURES_SUFFIX, SUFFIXES

PATHS = st.binary(min_size=1).filter(lambda raw: b"\0" not in raw).map(os.fsdecode)


@given(PATHS)
def test_every_path_comes_back_from_its_key(path: str) -> None:
    assert path_of(key_of(path)) == path


@given(PATHS)
def test_every_key_can_be_stored_and_printed_on_one_line(path: str) -> None:
    key = key_of(path)
    key.encode("utf-8")
    assert not re.search("[\x00-\x1f\x7f-\x9f]", key)


@given(PATHS, PATHS)
def test_two_files_never_share_a_key(one: str, other: str) -> None:
    assert (key_of(one) == key_of(other)) == (one == other)


@given(st.text().filter(lambda text: text.isprintable() and "\\" not in text))
def test_an_ordinary_name_is_its_own_key(name: str) -> None:
    assert key_of(name) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_key_that_nobody_made_is_no_crash(key: str) -> None:
    assert "\0" not in path_of(key)


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"caf\xe9.png", r"caf\xe9.png"),
        (rb"a\xe9.png", r"a\\xe9.png"),
        (b"a\nb.png", r"a\x0ab.png"),
        ("Ä/日本語.png".encode(), "Ä/日本語.png"),
    ],
)
def test_what_cannot_be_printed_is_written_as_its_bytes(raw: bytes, key: str) -> None:
    assert key_of(os.fsdecode(raw)) == key
    assert os.fsencode(path_of(key)) == raw


@pytest.mark.parametrize("output", Output)
def test_our_own_outputs_are_never_documents(output: Output) -> None:
    assert is_never_a_document("scan.png" + SUFFIXES[output])


@pytest.mark.parametrize("name", ["scan.png", "part.pdf", "#1.png", "~1.tif", "scan.ocr.png", "download", "x.tmp.png"])
def test_an_ordinary_name_may_be_a_document(name: str) -> None:
    assert not is_never_a_document(name)
    assert not is_private_folder(name)


def test_the_folder_of_figures_is_ours_whatever_it_holds() -> None:
    assert is_private_folder("scan.png" + FIGURES_SUFFIX)
    assert is_private_folder("SCAN.PNG" + FIGURES_SUFFIX.upper())
    assert not is_private_folder("figures")


def test_case_does_not_hide_a_temporary_file() -> None:
    assert is_never_a_document("SCAN.PNG.PART")
    assert is_never_a_document("THUMBS.DB")
    assert is_private_folder("@EADIR")


def test_only_a_hidden_temporary_file_is_ours() -> None:
    assert is_temporary_of_ours(".0123456789abcdef.ocr-tmp")
    assert not is_temporary_of_ours("scan.ocr-tmp")
    assert not is_temporary_of_ours(".scan.tmp")
