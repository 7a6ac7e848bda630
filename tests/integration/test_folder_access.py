"""Folder inboxes where something is forbidden, full or read-only."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from contract.inbox_promises import JSON
from faults import NOBODY, as_nobody, hears, mounted, needs_root, problem, until
from folders import a_folder_inbox, document_at, put, put_long_ago, tree
from listening import listening
from ocr_inbox.errors import AccessDeniedError, InboxAwayError, LockedOutError


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may enter: those of pytest are root's own."""
    place = Path(mkdtemp(prefix="ocr-inbox-"))
    place.chmod(0o755)
    (place / "inbox").mkdir()
    os.chown(place / "inbox", NOBODY, NOBODY)
    yield place / "inbox"
    shutil.rmtree(place)


@needs_root
def test_a_folder_that_may_not_be_entered_stops_no_other_and_is_tried_again(public: Path) -> None:
    put_long_ago(public, "text/scan.png")
    locked = put_long_ago(public, "locked/secret.png").parent
    os.chown(locked, NOBODY, NOBODY)
    locked.chmod(0)
    inbox = a_folder_inbox(public)
    with as_nobody(), listening(inbox) as listener:
        listener.expect("text/scan.png")
        until(lambda: "access denied" in problem(inbox))
        assert str(locked) in problem(inbox)
        locked.chmod(0o755)
        inbox.rescan()
        listener.expect("locked/secret.png")
        until(lambda: not inbox.vitals().problem)
        assert hears(listener, locked, "locked/")


@needs_root
def test_a_root_that_may_not_be_read_is_a_problem_until_it_may(public: Path) -> None:
    put_long_ago(public, "scan.png")
    public.chmod(0)
    inbox = a_folder_inbox(public)
    with as_nobody(), listening(inbox) as listener:
        until(lambda: "access denied" in problem(inbox))
        public.chmod(0o755)
        listener.expect("scan.png")


@needs_root
def test_a_file_that_may_not_be_read_or_replaced_is_denied_by_name(public: Path) -> None:
    put(public, "scan.png").chmod(0)
    inbox = a_folder_inbox(public, after="archive", after_failure="move")
    document = document_at(public, "scan.png")
    os.chown(public, 0, 0)
    with as_nobody():
        for act in (
            inbox.locate,
            lambda document: inbox.deliver(document, [JSON]),
            inbox.archive,
            inbox.reject,
        ):
            with pytest.raises(AccessDeniedError, match=r"scan\.png .*inbox scans"):
                act(document)
    assert tree(public).keys() == {"scan.png"}


@needs_root
def test_a_full_disk_leaves_nothing_half_written_and_is_named(tmp_path: Path) -> None:
    with mounted("tmpfs", "none", tmp_path, "size=1m"):
        put(tmp_path, "scan.png")
        ballast = tmp_path / "ballast"
        with pytest.raises(OSError, match="No space"), ballast.open("wb") as file:
            file.write(b"x" * (2 << 20))
        inbox = a_folder_inbox(tmp_path)
        document = document_at(tmp_path, "scan.png")
        with pytest.raises(InboxAwayError, match="no space left on device; free some space"):
            inbox.deliver(document, [JSON])
        assert {path.name for path in tmp_path.iterdir()} == {"scan.png", "ballast"}
        ballast.unlink()
        inbox.deliver(document, [JSON])


@needs_root
def test_a_read_only_file_system_is_named(tmp_path: Path) -> None:
    with mounted("tmpfs", "none", tmp_path):
        put(tmp_path, "scan.png")
        inbox = a_folder_inbox(tmp_path, after="delete")
        document = document_at(tmp_path, "scan.png")
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        with pytest.raises(LockedOutError, match="ReadWritePaths"):
            inbox.deliver(document, [JSON])
        with pytest.raises(LockedOutError, match="ReadWritePaths"):
            inbox.archive(document)


@needs_root
def test_an_archive_whose_source_may_not_be_removed_does_not_fill_with_copies(public: Path) -> None:
    archive = Path("/dev/shm") / f"ocr-inbox-copies-{os.getpid()}"  # noqa: S108 - the second file system everywhere
    put(public, "scan.png").chmod(0o644)
    public.chmod(0o755)
    os.chown(public, 0, 0)
    inbox = a_folder_inbox(public, after="archive", archive=archive)
    document = document_at(public, "scan.png")
    with as_nobody():
        for _ in range(3):
            with pytest.raises(AccessDeniedError):
                inbox.archive(document)
    assert tree(archive) == {}
    shutil.rmtree(archive)
