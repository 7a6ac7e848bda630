import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_inbox import files, moving
from ocr_inbox.errors import SourceChangedError, SourceGoneError, TooLargeError
from ocr_inbox.model import Signature
from ocr_inbox.reading import FileSource


def a_source(root: Path, path: str) -> FileSource:
    return FileSource(root=str(root), path=path, signature=Signature.of((root / path).stat()))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture(params=["the same file system", "another file system"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "another file system":
        return Path(request.getfixturevalue("another_file_system"))
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere"


def move(source: Path, name: str, target: Path, new_name: str | None = None) -> str:
    with files.folder_beneath(str(source), "") as here, files.folder_beneath(str(target), "") as there:
        return moving.move(here, name, there, new_name)


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    with files.folder_beneath(str(tmp_path), "") as folder:
        files.write_whole(folder, "a.json", b"first")
        files.write_whole(folder, "a.json", b"second")
        assert files.read_whole(folder, "a.json", 100) == b"second"
    assert names(tmp_path) == {"a.json"}


def test_nobody_ever_sees_half_a_file(tmp_path: Path) -> None:
    contents = {bytes([letter]) * 1_000_000 for letter in b"abcd"}
    done = threading.Event()
    with files.folder_beneath(str(tmp_path), "") as folder:
        files.write_whole(folder, "a.json", min(contents))

        def rewrite() -> None:
            for content in sorted(contents) * 5:
                files.write_whole(folder, "a.json", content)
            done.set()

        writer = threading.Thread(target=rewrite)
        writer.start()
        while not done.is_set():
            assert files.read_whole(folder, "a.json", 10_000_000) in contents
        writer.join()


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with files.folder_beneath(str(tmp_path), "") as folder, pytest.raises(IsADirectoryError):
        files.write_whole(folder, "a.json", b"content")
    assert names(tmp_path) == {"a.json"}


def test_a_link_in_place_of_an_output_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "a.json").symlink_to(tmp_path / "secret")
    with files.folder_beneath(str(tmp_path), "") as folder:
        assert files.read_whole(folder, "a.json", 100) is None
        files.write_whole(folder, "a.json", b"content")
    assert (tmp_path / "secret").read_bytes() == b"secret"


@pytest.mark.parametrize("path", ["../outside", "a/../../outside", "/etc", "a\0b"])
def test_nothing_outside_is_beneath_a_root(tmp_path: Path, path: str) -> None:
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    for create in (False, True):
        with pytest.raises(FileNotFoundError), files.folder_beneath(str(tmp_path / "root"), path, create=create):
            pass


def test_a_folder_behind_a_link_is_not_beneath_a_root(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(NotADirectoryError), files.folder_beneath(str(tmp_path / "root"), "link/b", create=True):
        pass
    assert names(tmp_path / "outside") == set()


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "root")
    with files.folder_beneath(str(tmp_path / "link"), "a/b", create=True) as folder:
        files.write_whole(folder, "c", b"content")
    assert (tmp_path / "root/a/b/c").read_bytes() == b"content"


def test_a_source_is_read_as_the_version_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")
    source = a_source(tmp_path, "a.png")
    assert files.read_source(source, max_bytes=6) == b"pixels"
    with pytest.raises(TooLargeError, match="6 bytes are over the limit of 5"):
        files.read_source(source, max_bytes=5)
    (tmp_path / "a.png").write_bytes(b"others")
    with pytest.raises(SourceChangedError):
        files.read_source(source, max_bytes=6)


@pytest.mark.parametrize("kind", ["nothing", "a folder", "a link", "a pipe", "a link instead of its folder"])
def test_anything_but_a_regular_file_is_gone(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    path = folder / "a.png"
    path.write_bytes(b"pixels")
    source = a_source(tmp_path, "text/a.png")
    path.rename(tmp_path / "other.png")
    if kind == "a folder":
        path.mkdir()
    elif kind == "a link":
        path.symlink_to(tmp_path / "other.png")
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a link instead of its folder":
        (tmp_path / "other.png").rename(path)
        folder.rename(tmp_path / "moved")
        folder.symlink_to(tmp_path / "moved")
    with pytest.raises(SourceGoneError):
        files.read_source(source, max_bytes=6)


def test_reading_what_is_no_file_leaves_no_descriptor_open(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with files.folder_beneath(str(tmp_path), "") as folder:
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts, like `ls`
        assert files.read_whole(folder, "a.json", 100) is None
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - likewise


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"content")
    with files.folder_beneath(str(tmp_path), "") as folder:
        assert files.read_whole(folder, "a.json", 7) == b"content"
        assert files.read_whole(folder, "a.json", 6) is None


def test_a_move_keeps_content_time_and_permissions(tmp_path: Path, elsewhere: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"pixels" * 500_000)
    path.chmod(0o640)
    os.utime(path, ns=(1_000_000_007, 2_000_000_009))
    assert move(tmp_path, "a.png", elsewhere) == "a.png"
    moved = (elsewhere / "a.png").stat()
    assert (elsewhere / "a.png").read_bytes() == b"pixels" * 500_000
    assert (stat.S_IMODE(moved.st_mode), moved.st_mtime_ns) == (0o640, 2_000_000_009)
    assert not path.exists()
    assert names(elsewhere) == {"a.png"}


def test_a_move_never_replaces_a_file(tmp_path: Path, elsewhere: Path) -> None:
    moved = []
    for number in range(3):
        (tmp_path / "a.tar.png").write_bytes(bytes([number]))
        moved.append(move(tmp_path, "a.tar.png", elsewhere))
    assert moved == ["a.tar.png", "a.tar~2.png", "a.tar~3.png"]
    assert [(elsewhere / name).read_bytes() for name in moved] == [b"\0", b"\1", b"\2"]


@pytest.mark.parametrize("reason", [errno.EINVAL, errno.ENOSYS])
def test_where_the_system_cannot_rename_without_replacing_nothing_is_replaced_either(
    tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def unknown(*_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(moving, "_renameat2", unknown)
    test_a_move_never_replaces_a_file(tmp_path, elsewhere)
    for path in elsewhere.iterdir():
        path.unlink()
    test_a_move_of_nothing_leaves_nothing(tmp_path, elsewhere)


def test_two_files_of_the_same_name_size_and_time_are_two(tmp_path: Path, elsewhere: Path) -> None:
    for content in (b"one", b"two"):
        (tmp_path / "a.png").write_bytes(content)
        os.utime(tmp_path / "a.png", (0, 0))
        move(tmp_path, "a.png", elsewhere)
    assert [(elsewhere / name).read_bytes() for name in ("a.png", "a~2.png")] == [b"one", b"two"]


def test_a_move_may_give_another_name(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"content")
    assert move(tmp_path, "a.json", elsewhere, "b.json") == "b.json"
    assert names(elsewhere) == {"b.json"}


def test_a_move_of_nothing_leaves_nothing(tmp_path: Path, elsewhere: Path) -> None:
    with pytest.raises(FileNotFoundError):
        move(tmp_path, "missing.png", elsewhere)
    assert names(elsewhere) == set()


def test_what_cannot_be_made_durable_elsewhere_stays_where_it_is(
    tmp_path: Path, another_file_system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")
    there = another_file_system.stat().st_ino

    def failing_fsync(descriptor: int) -> None:
        if os.fstat(descriptor).st_ino == there:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing_fsync)
    with pytest.raises(OSError, match="Input/output error"):
        move(tmp_path, "a.png", another_file_system)
    assert (tmp_path / "a.png").read_bytes() == b"pixels"
    assert names(another_file_system) == set()


def test_a_file_that_is_rewritten_while_it_is_copied_is_left_alone(tmp_path: Path, another_file_system: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x" * 50_000_000)
    stop = threading.Event()

    def rewrite() -> None:
        while not stop.is_set():
            os.utime(path)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        with pytest.raises(SourceChangedError):
            move(tmp_path, "a.png", another_file_system)
    finally:
        stop.set()
        writer.join()
    assert path.stat().st_size == 50_000_000
    assert names(another_file_system) == set()


NAMES = st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(
    lambda name: 0 < len(os.fsencode(name)) <= files.NAME_MAX if _encodes(name) else False
)


def _encodes(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


@given(NAMES)
def test_what_lies_beside_a_file_has_a_name_that_fits(name: str) -> None:
    beside = files.beside(name, ".ocr.json")
    assert len(os.fsencode(beside)) <= files.NAME_MAX
    assert beside.endswith(".ocr.json")
    assert beside == name + ".ocr.json" or len(os.fsencode(name)) > files.NAME_MAX - len(".ocr.json")


@given(NAMES, st.integers(2, 99))
def test_a_numbered_name_fits(name: str, number: int) -> None:
    numbered = files.numbered(name, number)
    assert len(os.fsencode(numbered)) <= files.NAME_MAX
    assert numbered != name
    assert f"~{number}" in numbered


@pytest.mark.parametrize("name", ["a." + "x" * 253, "." + "x" * 254, "x" * 255, "x" * 251 + ".png"])
def test_a_name_that_is_all_extension_can_be_numbered(name: str) -> None:
    assert len(os.fsencode(files.numbered(name, 2))) <= files.NAME_MAX


def test_long_names_that_differ_at_their_end_have_different_neighbours() -> None:
    assert files.beside("x" * 250 + "1.png", ".ocr.json") != files.beside("x" * 250 + "2.png", ".ocr.json")
