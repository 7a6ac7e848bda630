"""The folder beside a document that holds what its markdown shows; names in it are ours, and no link is followed."""

import os
from collections.abc import Collection, Sequence
from contextlib import suppress

from ocr_inbox import files
from ocr_inbox.figures import is_name
from ocr_inbox.names import is_temporary_of_ours
from ocr_inbox.reading import Figure
from ocr_inbox.sidecar import FIGURES_SUFFIX


def folder_name(name: str) -> str:
    """What the folder for the figures of the document `name` is called."""
    return files.beside(name, FIGURES_SUFFIX)


def write(folder: int, name: str, figures: Sequence[Figure]) -> None:
    """Leave the figures of the document `name` in this open folder durably, each whole. Raises OSError."""
    if not figures:
        return
    with files.folder_in(folder, folder_name(name), create=True) as inside:
        for figure in figures:
            files.write_whole(inside, figure.name, figure.content)


def sweep(folder: int, name: str, kept: Collection[str]) -> None:
    """Remove the figures that are not in `kept`, and the folder where nothing is left in it. Raises OSError."""
    try:
        with files.folder_in(folder, folder_name(name)) as inside:
            for entry in os.listdir(inside):
                if entry not in kept and (is_name(entry) or is_temporary_of_ours(entry)):
                    with suppress(FileNotFoundError, IsADirectoryError):
                        os.unlink(entry, dir_fd=inside)
    except OSError as error:
        if error.errno in files.NOWHERE:
            return
        raise
    if not kept:
        with suppress(OSError):  # somebody has put something of their own there
            os.rmdir(folder_name(name), dir_fd=folder)
