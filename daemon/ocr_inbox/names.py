"""Names of files: as keys that can be printed, stored and turned back, and which of them are never documents."""

import os
import re

from ocr_inbox.files import TEMPORARY_SUFFIX
from ocr_inbox.sidecar import FIGURES_SUFFIX, SUFFIXES

_SPECIAL = re.compile("[\\\\\x00-\x1f\x7f-\x9f\udc80-\udcff]")
_ESCAPE = re.compile(rb"\\(?:\\|x(?!00)([0-9a-f]{2}))")

_FOLDERS_OF_OTHERS = frozenset(
    {"@eadir", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found"}
)
_FILES_OF_OTHERS = frozenset({"desktop.ini", "thumbs.db", "ehthumbs.db"})
_BEGINNINGS = (".", "~$", "~lock", "~syncthing~")
_ENDINGS = (
    "~",
    ".aria2",
    ".crdownload",
    ".download",
    ".filepart",
    ".opdownload",
    ".part",
    ".partial",
    ".swp",
    ".temp",
    ".tmp",
    TEMPORARY_SUFFIX,
    FIGURES_SUFFIX,
    *SUFFIXES.values(),
)


def key_of(path: str) -> str:
    r"""The key of a path relative to its inbox, as the file system functions return it.

    A backslash is doubled; a control character, or a byte that is not UTF-8, becomes `\xNN`.
    """
    if path.isascii() and path.isprintable() and "\\" not in path:
        return path
    return _SPECIAL.sub(_escaped, os.fsencode(path).decode("utf-8", "surrogateescape"))


def _escaped(found: re.Match[str]) -> str:
    if found[0] == "\\":
        return "\\\\"
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode("utf-8", "surrogateescape"))


def path_of(key: str) -> str:
    """The path that `key_of` made this key from; for a key that it never made, one that no file has."""
    return os.fsdecode(_ESCAPE.sub(_unescaped, key.replace("\0", r"\x00").encode("utf-8")))


def _unescaped(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else b"\\"


def is_private_folder(name: str) -> bool:
    """Whether a folder of this name is hidden, for figures of ours, or the trash or thumbnails of a NAS or Windows."""
    lower = name.lower()
    return name.startswith(".") or lower.endswith(FIGURES_SUFFIX) or lower in _FOLDERS_OF_OTHERS


def is_never_a_document(name: str) -> bool:
    """Whether a file of this name is hidden, still on its way, or an output of ours."""
    lower = name.lower()
    return lower.startswith(_BEGINNINGS) or lower.endswith(_ENDINGS) or lower in _FILES_OF_OTHERS


def is_temporary_of_ours(name: str) -> bool:
    """Whether we made this file and did not come to rename it."""
    return name.startswith(".") and name.endswith(TEMPORARY_SUFFIX)
