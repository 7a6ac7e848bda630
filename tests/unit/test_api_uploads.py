"""An uploaded file on its way to disk."""

import stat
from pathlib import Path

import pytest

from api_daemon import PNG
from ocr_inbox.errors import InfrastructureError, TooLargeError, UnsupportedTypeError
from ocr_inbox.model import Signature
from ocr_inbox_api.refusals import FileRequiredError
from ocr_inbox_api.uploads import Upload, clear_leftovers, new_key

LIMIT = 10_000


def test_until_it_is_sealed_nobody_takes_it_for_a_document(tmp_path: Path) -> None:
    with Upload(tmp_path, "key.upload", LIMIT) as upload:
        upload.write(PNG)
        assert all(path.name.startswith(".") for path in tmp_path.iterdir())
        arrival = upload.seal()
        upload.keep()

    (stored,) = tmp_path.iterdir()
    assert stored.name == arrival.document.key == "key.upload"
    assert arrival.document.version == Signature.of(stored.stat()).version
    assert (arrival.document.inbox, arrival.size) == ("uploads", len(PNG))


@pytest.mark.parametrize("sealed", [False, True])
def test_unless_it_is_kept_nothing_stays(tmp_path: Path, *, sealed: bool) -> None:
    with Upload(tmp_path, new_key(), LIMIT) as upload:
        upload.write(PNG)
        if sealed:
            upload.seal()
    assert list(tmp_path.iterdir()) == []


def test_the_type_is_decided_as_soon_as_it_can_be(tmp_path: Path) -> None:
    with Upload(tmp_path, new_key(), LIMIT) as upload:
        upload.write(b"x" * 1023)
        with pytest.raises(UnsupportedTypeError):
            upload.write(b"x")


def test_a_short_file_is_decided_at_its_end(tmp_path: Path) -> None:
    with Upload(tmp_path, new_key(), LIMIT) as upload:
        upload.write(b"GIF8")
        upload.write(b"9a")
        assert upload.seal().size == 6


def test_an_empty_file_is_no_file(tmp_path: Path) -> None:
    with Upload(tmp_path, new_key(), LIMIT) as upload, pytest.raises(FileRequiredError):
        upload.seal()


def test_the_limit_is_exact(tmp_path: Path) -> None:
    with Upload(tmp_path, new_key(), len(PNG)) as upload:
        upload.write(PNG)
        with pytest.raises(TooLargeError):
            upload.write(b"x")


def test_two_uploads_never_share_a_file(tmp_path: Path) -> None:
    with (
        Upload(tmp_path, "same.upload", LIMIT),
        pytest.raises(InfrastructureError),
        Upload(tmp_path, "same.upload", LIMIT),
    ):
        pass


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    aim = tmp_path / "aim"
    (tmp_path / ".key.upload.ocr-tmp").symlink_to(aim)
    with pytest.raises(InfrastructureError), Upload(tmp_path, "key.upload", LIMIT):
        pass
    assert not aim.exists()


def test_a_stored_upload_is_a_plain_file(tmp_path: Path) -> None:
    with Upload(tmp_path, "key.upload", LIMIT) as upload:
        upload.write(PNG)
        upload.seal()
        assert stat.S_IMODE((tmp_path / "key.upload").stat().st_mode) & 0o111 == 0


def test_leftovers_of_others_are_left_alone(tmp_path: Path) -> None:
    names = {"x.upload", "x.upload.ocr.json", ".x.ocr-tmp", "notes.txt"}
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".x.upload.ocr-tmp").touch()
    clear_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == names
