"""Folder inboxes keep the promises of all inboxes, and what a file system adds to them."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import unquote_to_bytes

import pytest

from contract.inbox_promises import JSON, PHOTO, InboxPromises, illustrated
from folders import a_folder_inbox, document_at, put, put_long_ago, tree
from listening import arrival_of, listening
from ocr_inbox.errors import ConfigurationError, InboxUnavailableError, SourceGoneError
from ocr_inbox.files import NAME_MAX, read_source
from ocr_inbox.folder import FolderInbox, FolderOptions
from ocr_inbox.model import Document, Output
from ocr_inbox.names import key_of, path_of
from ocr_inbox.ports import Inbox


class FolderPlace:
    """A folder that people drop files into."""

    def __init__(self, root: Path, outside: Path) -> None:
        self.root = root
        self.outside = outside

    def inbox(
        self,
        *,
        after: Literal["leave", "archive", "delete"] = "leave",
        after_failure: Literal["leave", "move"] = "leave",
    ) -> Inbox:
        return a_folder_inbox(
            self.root,
            after=after,
            after_failure=after_failure,
            archive=self.outside / "archive",
            failed=self.outside / "failed",
        )

    def put(self, key: str, content: bytes) -> None:
        put(self.root, key, content)

    def remove(self, key: str) -> None:
        (self.root / key).unlink()

    def content(self, key: str) -> bytes | None:
        path = self.root / key
        return path.read_bytes() if path.exists() else None

    def archived(self) -> dict[str, bytes]:
        return tree(self.outside / "archive")

    def failed(self) -> dict[str, bytes]:
        return tree(self.outside / "failed")


class TestFolderWithTheArchiveBelowIt(InboxPromises):
    @pytest.fixture
    def place(self, tmp_path: Path) -> FolderPlace:
        return FolderPlace(tmp_path, tmp_path)


class TestFolderWithTheArchiveBesideIt(InboxPromises):
    @pytest.fixture
    def place(self, tmp_path: Path) -> FolderPlace:
        (tmp_path / "inbox").mkdir()
        return FolderPlace(tmp_path / "inbox", tmp_path)


class TestFolderWithTheArchiveOnAnotherFileSystem(InboxPromises):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[FolderPlace]:
        memory = Path("/dev/shm")  # noqa: S108 - the one other file system that every machine has
        if not os.access(memory, os.W_OK) or memory.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is no second file system to write to")
        outside = memory / f"ocr-inbox-{os.getpid()}"
        outside.mkdir()
        yield FolderPlace(tmp_path, outside)
        shutil.rmtree(outside)


HOSTILE = {
    "spaces and quotes": b'it\'s "a" scan; rm -rf $HOME & `x` %41.png',
    "a newline and a control character": b"first\nsecond\x1b[31m.png",
    "an emoji": "\N{WHITE SMILING FACE}\ufe0f\N{FAMILY}.png".encode(),
    "bytes that are not UTF-8": b"caf\xe9 \xff\xfe.png",
    "a backslash and what looks like an escape": rb"a\xff\\b.png",
    "decomposed letters": b"A\xcc\x88rger.png",
    "as long as a name can be": b"x" * (NAME_MAX - 4) + b".png",
    "as long as a name can be, in two-byte letters": "\N{LATIN SMALL LETTER A WITH DIAERESIS}".encode() * 127 + b"x",
    "a leading dash": b"-rf.png",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_name_goes_all_the_way(tmp_path: Path, name: bytes) -> None:
    inbox = a_folder_inbox(tmp_path, after="archive")
    path = os.path.join(os.fsencode(tmp_path), b"text", name)  # noqa: PTH118 - pathlib takes no bytes
    (tmp_path / "text").mkdir()
    with listening(inbox) as listener:
        Path(os.fsdecode(path)).write_bytes(b"pixels")
        document = listener.expect(key_of("text/" + os.fsdecode(name))).document
        document.key.encode()
        assert read_source(inbox.locate(document), max_bytes=10) == b"pixels"
        assert unquote_to_bytes(inbox.uri(document).removeprefix("file://")) == path
        inbox.deliver(document, [illustrated(inbox, document, PHOTO), JSON])
        folder = os.fsdecode(unquote_to_bytes(inbox.figures_link(document)))
        assert tree(tmp_path / "text" / folder) == {PHOTO.name: inbox.figure(document, PHOTO.name)}
        inbox.archive(document)
        assert (tmp_path / "archive" / path_of(document.key)).read_bytes() == b"pixels"
        assert inbox.delivered(document, Output.JSON) == JSON.content
        inbox.rescan()
        put(tmp_path, "sentinel.png")
        listener.expect("sentinel.png")
        assert listener.seen() == {document.key, "sentinel.png"}


NEVER = (
    ".hidden.png",
    ".stfolder/scan.png",
    "text/.trash/scan.png",
    "@eaDir/scan.png",
    "#recycle/scan.png",
    "scan.png.part",
    "scan.PNG.PARTIAL",
    "scan.png.crdownload",
    "scan.png.filepart",
    "scan.tmp",
    "~$report.pdf",
    ".~lock.report.pdf#",
    "scan.png~",
    "Thumbs.db",
    "scan.png.ocr.json",
    "scan.png.OCR.md",
    "scan.png.ocr.figures/photo.jpg",
    "scan.png.OCR.figures/below/photo.jpg",
    "archive/old.png",
    "failed/bad.png",
)


def test_nothing_arrives_that_is_no_document(tmp_path: Path) -> None:
    inbox = a_folder_inbox(tmp_path)
    for key in NEVER:
        put_long_ago(tmp_path, "before/" + key if not key.startswith(("archive", "failed")) else key)
    with listening(inbox) as listener:
        put(tmp_path, "sentinel.png")
        listener.expect("sentinel.png")
        for key in NEVER:
            put(tmp_path, key)
        put(tmp_path, "sentinel 2.png")
        listener.expect("sentinel 2.png")
        assert listener.seen() == {"sentinel.png", "sentinel 2.png"}


def test_only_regular_files_arrive(tmp_path: Path) -> None:
    root, outside = tmp_path / "inbox", tmp_path / "outside"
    put_long_ago(outside, "secret.png")
    put_long_ago(root, "a folder.png/inside.png")
    (root / "link.png").symlink_to(outside / "secret.png")
    (root / "linked").symlink_to(outside)
    (root / "dangling.png").symlink_to(root / "nothing")
    os.mkfifo(root / "fifo.png")
    with socket.socket(socket.AF_UNIX) as listening_socket, listening(a_folder_inbox(root)) as listener:
        listening_socket.bind(str(root / "socket.png"))
        listener.expect("a folder.png/inside.png")
        (root / "link 2.png").symlink_to(outside / "secret.png")
        put(outside, "another.png")
        put(root, "sentinel.png")
        listener.expect("sentinel.png")
        assert listener.seen() == {"a folder.png/inside.png", "sentinel.png"}


def test_a_folder_that_becomes_a_link_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "inbox"
    inbox = a_folder_inbox(root, after="delete")
    put(root, "text/scan.png")
    document = document_at(root, "text/scan.png")
    (root / "text").rename(tmp_path / "elsewhere")
    (root / "text").symlink_to(tmp_path / "elsewhere")
    for act in (inbox.locate, lambda document: inbox.deliver(document, [JSON])):
        with pytest.raises(SourceGoneError):
            act(document)
    inbox.archive(document)
    assert tree(tmp_path / "elsewhere") == {"scan.png": b"pixels"}


@pytest.mark.parametrize("key", ["../secret.png", "/etc/passwd", "text/../../secret.png", "text/..", "a\\x00.png"])
def test_a_key_cannot_lead_out_of_the_inbox(tmp_path: Path, key: str) -> None:
    inbox = a_folder_inbox(tmp_path / "inbox", after="delete")
    put(tmp_path / "inbox", "text/scan.png")
    secret = put(tmp_path, "secret.png")
    document = Document(inbox="scans", key=key, version=document_at(tmp_path, "secret.png").version)
    with pytest.raises(SourceGoneError):
        inbox.locate(document)
    with pytest.raises(SourceGoneError):
        inbox.deliver(document, [JSON])
    assert inbox.delivered(document, Output.JSON) is None
    inbox.archive(document)
    assert secret.exists()


def test_changed_permissions_do_not_throw_a_reading_away(tmp_path: Path) -> None:
    inbox = a_folder_inbox(tmp_path, after="archive")
    path = put(tmp_path, "scan.png")
    document = arrival_of(inbox, "scan.png").document
    path.chmod(0o600)
    inbox.deliver(document, [JSON])
    inbox.archive(document)
    assert (tmp_path / "archive/scan.png").exists()


def test_a_rejection_that_was_cut_short_is_completed(tmp_path: Path) -> None:
    """The document is moved before its sidecar; a crash in between must not part them."""
    inbox = a_folder_inbox(tmp_path, after_failure="move")
    put(tmp_path, "failed/scan.png", b"another document of that name")
    put_long_ago(tmp_path, "scan.png")
    document = document_at(tmp_path, "scan.png")
    inbox.deliver(document, [JSON])
    (tmp_path / "scan.png").rename(tmp_path / "failed/scan~2.png")
    inbox.reject(document)
    assert (tmp_path / "failed/scan~2.png.ocr.json").read_bytes() == JSON.content
    assert not (tmp_path / "scan.png.ocr.json").exists()


def test_a_rejection_repeated_late_does_not_take_the_next_documents_sidecar(tmp_path: Path) -> None:
    inbox = a_folder_inbox(tmp_path, after_failure="move")
    put_long_ago(tmp_path, "scan.png")
    first = document_at(tmp_path, "scan.png")
    inbox.deliver(first, [JSON])
    inbox.reject(first)
    put(tmp_path, "scan.png", b"other pixels")
    inbox.deliver(document_at(tmp_path, "scan.png"), [JSON])
    inbox.reject(first)
    assert (tmp_path / "scan.png.ocr.json").exists()


def test_an_output_that_is_no_file_is_none_and_one_of_somebody_else_is_replaced(tmp_path: Path) -> None:
    inbox = a_folder_inbox(tmp_path)
    put(tmp_path, "scan.png")
    document = document_at(tmp_path, "scan.png")
    secret = put(tmp_path, "secret")
    (tmp_path / "scan.png.ocr.json").symlink_to(secret)
    assert inbox.delivered(document, Output.JSON) is None
    inbox.deliver(document, [JSON])
    assert inbox.delivered(document, Output.JSON) == JSON.content
    assert secret.read_bytes() == b"pixels"
    (tmp_path / "scan.png.ocr.md").mkdir()
    assert inbox.delivered(document, Output.MARKDOWN) is None


def test_nobody_learns_where_uploads_are_stored(tmp_path: Path) -> None:
    inbox = a_folder_inbox(
        tmp_path / "secret place", after="archive", archive=Path("/proc/nowhere"), uri_prefix="upload:"
    )
    put(tmp_path / "secret place", "ab12.upload")
    document = document_at(tmp_path / "secret place", "ab12.upload")
    assert inbox.uri(document) == "upload:ab12.upload"
    assert inbox.deliver(document, [JSON]) == "upload:ab12.upload.ocr.json"
    (tmp_path / "secret place/ab12.upload.ocr.md").mkdir()
    with pytest.raises(InboxUnavailableError, match=r"cannot take ab12\.upload out of inbox scans") as failure:
        inbox.archive(document)
    assert "secret place" not in str(failure.value)


def test_a_version_that_no_file_has_is_gone(tmp_path: Path) -> None:
    put(tmp_path, "scan.png")
    with pytest.raises(SourceGoneError):
        a_folder_inbox(tmp_path).locate(Document(inbox="scans", key="scan.png", version='"an-etag"'))


def test_moving_needs_a_place_to_move_to(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="name the archive folder"):
        FolderOptions(name="scans", root=tmp_path, after="archive")
    with pytest.raises(ConfigurationError, match="name the failed folder"):
        FolderOptions(name="scans", root=tmp_path, after_failure="move")


def test_the_inbox_is_an_inbox(tmp_path: Path) -> None:
    inbox: Inbox = FolderInbox(FolderOptions(name="scans", root=tmp_path), lambda: 0.0)
    assert inbox.name == "scans"
