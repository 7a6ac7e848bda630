"""The folder of a document's figures holds what we put there, and what others put there stays theirs."""

from pathlib import Path

import pytest

from contract.inbox_promises import CHART, JSON, PHOTO, illustrated
from folders import a_folder_inbox, document_at, put, tree
from ocr_inbox.errors import InboxUnavailableError
from ocr_inbox.model import Output


@pytest.mark.parametrize("obstacle", ["link", "dangling link", "file"])
def test_figures_are_never_written_through_something_that_is_no_folder(tmp_path: Path, obstacle: str) -> None:
    root, elsewhere = tmp_path / "inbox", tmp_path / "elsewhere"
    inbox = a_folder_inbox(root)
    put(root, "scan.png")
    document = document_at(root, "scan.png")
    put(elsewhere, PHOTO.name, b"their photo")
    there = root / "scan.png.ocr.figures"
    if obstacle == "file":
        there.write_bytes(b"")
    else:
        there.symlink_to(elsewhere if obstacle == "link" else root / "nowhere")
    with pytest.raises(InboxUnavailableError, match=r"cannot write beside scan\.png"):
        inbox.deliver(document, [illustrated(inbox, document, CHART), JSON])
    assert (inbox.delivered(document, Output.MARKDOWN), inbox.figure(document, PHOTO.name)) == (None, None)
    inbox.deliver(document, [illustrated(inbox, document), JSON])
    assert tree(elsewhere) == {PHOTO.name: b"their photo"}


def test_what_people_put_among_the_figures_stays(tmp_path: Path) -> None:
    inbox = a_folder_inbox(tmp_path)
    put(tmp_path, "scan.png")
    document = document_at(tmp_path, "scan.png")
    inbox.deliver(document, [illustrated(inbox, document, PHOTO), JSON])
    put(tmp_path, "scan.png.ocr.figures/notes.txt")
    put(tmp_path, "scan.png.ocr.figures/.0123456789abcdef.ocr-tmp", b"half a fig")
    inbox.deliver(document, [illustrated(inbox, document), JSON])
    assert tree(tmp_path / "scan.png.ocr.figures") == {"notes.txt": b"pixels"}


def test_no_folder_is_made_for_a_document_without_figures(tmp_path: Path) -> None:
    inbox = a_folder_inbox(tmp_path)
    put(tmp_path, "scan.png")
    document = document_at(tmp_path, "scan.png")
    inbox.deliver(document, [illustrated(inbox, document), JSON])
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    inbox.deliver(document, [illustrated(inbox, document, PHOTO), JSON])
    inbox.deliver(document, [illustrated(inbox, document), JSON])
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
