"""The upload's form, however it is cut into pieces, and what its fields may say."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_client import multipart, part
from api_daemon import PNG
from ocr_inbox.model import Output
from ocr_inbox_api.form import Allowance, Form, boundary_of
from ocr_inbox_api.refusals import FileRequiredError, InvalidParameterError, MalformedBodyError
from ocr_inbox_api.uploads import Upload, new_key
from ocr_inbox_api.wishes import Wishes, wishes_of


def parsed(folder: Path, body: bytes, cuts: list[int]) -> tuple[Wishes, bytes]:
    with Upload(folder, new_key(), max_bytes=len(body)) as upload:
        form = Form(b"frontier", lambda: upload.write, Allowance(file_bytes=len(body)))
        for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
            form.take(body[start:end])
        wishes = wishes_of(form.finish())
        return wishes, (folder / upload.seal().document.key).read_bytes()


BODY = multipart(
    part("other", b"\r\n--frontie"), part("file", PNG + b"\r\n--frontie\r\n--"), part("format", b"markdown")
)


@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=12).map(sorted))
def test_where_the_body_is_cut_makes_no_difference(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("uploads")
    wishes, content = parsed(folder, BODY, cuts)

    assert wishes == Wishes(output=Output.MARKDOWN, compressed=False)
    assert content == PNG + b"\r\n--frontie\r\n--"
    assert list(folder.iterdir()) == []


@given(body=st.binary(max_size=200))
def test_no_body_does_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    with pytest.raises((MalformedBodyError, FileRequiredError)):
        parsed(tmp_path_factory.mktemp("uploads"), b"--frontier" + body, [])


@pytest.mark.parametrize(
    ("word", "truth"),
    [
        *((word, True) for word in (b"true", b"True", b"1", b"on", b"yes")),
        *((word, False) for word in (b"false", b"0", b"off", b"no", b"", b" ")),
    ],
)
def test_compress_takes_every_usual_word(tmp_path: Path, word: bytes, *, truth: bool) -> None:
    wishes, _ = parsed(tmp_path, multipart(part("file", PNG), part("compress", word)), [])
    assert wishes.compressed is truth


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ([("format", b"json")], Output.JSON),
        ([("format", b"")], Output.JSON),
        ([("output_format", b"Markdown")], Output.MARKDOWN),
        ([("format", b"markdown"), ("output_format", b"markdown")], Output.MARKDOWN),
        ([("format", b"json"), ("format", b"markdown")], Output.MARKDOWN),
    ],
)
def test_the_last_word_about_the_format_counts(tmp_path: Path, fields: list[tuple[str, bytes]], output: Output) -> None:
    body = multipart(*(part(name, value) for name, value in fields), part("file", PNG))
    assert parsed(tmp_path, body, [])[0].output is output


def test_a_field_of_another_name_may_say_anything(tmp_path: Path) -> None:
    body = multipart(part("note", b"\x00" * 1000), part("file", PNG))
    assert parsed(tmp_path, body, [])[0] == Wishes(output=Output.JSON, compressed=False)


def test_a_field_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match="compress"):
        parsed(tmp_path, multipart(part("compress", b"t" * 257)), [])


def test_a_quoted_boundary_is_understood() -> None:
    assert boundary_of('Multipart/Form-Data; charset=utf-8; boundary="a;b"') == b"a;b"
