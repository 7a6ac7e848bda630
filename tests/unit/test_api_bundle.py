"""Files of a batch on their way to disk, however their body is cut into pieces."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_client import multipart, part
from api_daemon import PNG
from ocr_inbox.errors import InfrastructureError, TooLargeError, UnsupportedTypeError
from ocr_inbox_api.bundle import Bundle
from ocr_inbox_api.form import Allowance, Form

GIF = b"GIF89a" + bytes(1500)
BODY = multipart(
    part("pipeline", b"table"),
    part("files", PNG),
    part("note", b"\r\n--frontie"),
    part("file", b"just words" * 200),
    part("pipeline", b"text"),
    part("files", GIF),
)


@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=12).map(sorted))
def test_where_the_body_is_cut_makes_no_difference(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("uploads")
    with Bundle(folder, max_file_bytes=len(BODY)) as bundle:
        form = Form(b"frontier", bundle.open_file, Allowance(file_bytes=len(BODY), files=3, names=("files", "file")))
        for start, end in zip([0, *cuts], [*cuts, len(BODY)], strict=True):
            form.take(BODY[start:end])
        picture, words, film = bundle.files

        assert [(field.name, field.word) for field in form.finish()] == [("pipeline", "table"), ("pipeline", "text")]
        assert [(folder / file.seal().document.key).read_bytes() for file in (picture, film)] == [PNG, GIF]
        with pytest.raises(UnsupportedTypeError):
            words.seal()
    assert list(folder.iterdir()) == []


def test_only_what_is_kept_stays(tmp_path: Path) -> None:
    with Bundle(tmp_path, max_file_bytes=len(PNG)) as bundle:
        for content in (PNG, PNG + b"x", PNG):
            bundle.open_file()(content)
        first, large, _ = bundle.files
        first.seal()
        first.keep()
        with pytest.raises(TooLargeError):
            large.seal()
    assert [path.name for path in tmp_path.iterdir()] == [first.key]


def test_a_disk_that_refuses_is_the_failure_of_all(tmp_path: Path) -> None:
    with Bundle(tmp_path / "away", max_file_bytes=len(PNG)) as bundle, pytest.raises(InfrastructureError):
        bundle.open_file()
