"""The folder tree that an inbox is made of, as it is at one moment."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ocr_inbox.folder.mounts import is_shared, kind_of
from ocr_inbox.folder.options import FolderOptions
from ocr_inbox.names import is_never_a_document, is_private_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Two that are not equal are different folders, though they may go by the same name.

    `root` is free of links, `kind` the type of its file system, `elsewhere` the folders below it that are not
    part of the inbox.
    """

    root: str
    device: int
    inode: int
    kind: str
    recursive: bool
    elsewhere: frozenset[str]

    @classmethod
    def of(cls, options: FolderOptions) -> "Ground":
        """The tree that lies at the inbox's root now; raises OSError where there is no folder."""
        root = os.path.realpath(options.root)
        status = os.stat(root)
        if not stat.S_ISDIR(status.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), root)
        return cls(
            root=root,
            device=status.st_dev,
            inode=status.st_ino,
            kind=kind_of(root),
            recursive=options.recursive,
            elsewhere=frozenset(_below(root, options.archive) + _below(root, options.failed)),
        )

    @property
    def shared(self) -> bool:
        """Whether other machines write here unheard, by clocks of their own."""
        return is_shared(self.kind)

    def path(self, relative: str) -> str:
        """The absolute path of something in the tree."""
        return os.path.join(self.root, relative)

    def holds_folder(self, path: str, name: str) -> bool:
        """Whether a folder, whose parent is part of the inbox, is so too."""
        return self.recursive and not is_private_folder(name) and path not in self.elsewhere

    def holds(self, path: str) -> bool:
        """Whether a file at this relative path could be a document of the inbox."""
        *folders, name = path.split("/")
        if is_never_a_document(name):
            return False
        above = ["/".join(folders[: depth + 1]) for depth in range(len(folders))]
        return all(self.holds_folder(*folder) for folder in zip(above, folders, strict=True))


def _below(root: str, folder: Path | None) -> tuple[str, ...]:
    relative = os.path.relpath(os.path.realpath(folder), root) if folder else ".."
    return () if relative == "." or relative.split("/")[0] == ".." else (relative,)
