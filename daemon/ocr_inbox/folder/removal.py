"""Taking documents out of the way: nothing is removed that is not the version that was dealt with."""

import os
from contextlib import suppress

from ocr_inbox import files, moving
from ocr_inbox.errors import SourceGoneError
from ocr_inbox.model import Output, Signature
from ocr_inbox.reading import FileSource
from ocr_inbox.sidecar import SUFFIXES

_SIDECAR = SUFFIXES[Output.JSON]


def delete(source: FileSource) -> None:
    """Remove the source; raises OSError."""
    with suppress(SourceGoneError), files.folder_of(source) as (folder, name):
        files.remove(folder, name)


def archive(source: FileSource, root: str) -> None:
    """Move the source to the same place below another root; raises OSError."""
    with (
        suppress(SourceGoneError),
        files.folder_of(source) as (folder, name),
        files.folder_beneath(root, os.path.dirname(source.path), create=True) as target,
    ):
        moving.move(folder, name, target)


def reject(source: FileSource, root: str) -> None:
    """Move the source to the same place below another root, and then its sidecar beside it; raises OSError.

    A call that was cut short between the two is completed by the next.
    """
    archive(source, root)
    below, name = os.path.split(source.path)
    with (
        suppress(FileNotFoundError),
        files.folder_beneath(root, below) as target,
        files.folder_beneath(source.root, below) as folder,
    ):
        moved = _without_sidecar(target, name, source.signature)
        if moved is not None:
            moving.move(folder, files.beside(name, _SIDECAR), target, files.beside(moved, _SIDECAR))


def _without_sidecar(target: int, name: str, signature: Signature) -> str | None:
    """The name that the document was moved to, where the sidecar has not followed; moving keeps time and size."""
    number = 1
    while status := _status(target, moved := files.numbered(name, number)):
        if signature.same_content(Signature.of(status)) and not _status(target, files.beside(moved, _SIDECAR)):
            return moved
        number += 1
    return None


def _status(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
