"""Folder inboxes for tests, with real files and short patience."""

import os
import time
from pathlib import Path
from typing import Literal

from ocr_inbox.folder import FolderInbox, FolderOptions
from ocr_inbox.model import Document, Signature


def a_folder_inbox(
    root: Path,
    *,
    mode: Literal["auto", "events", "poll"] = "auto",
    settle_seconds: float = 0.05,
    reconcile_seconds: float = 60.0,
    recursive: bool = True,
    after: Literal["leave", "archive", "delete"] = "leave",
    after_failure: Literal["leave", "move"] = "leave",
    archive: Path | None = None,
    failed: Path | None = None,
    uri_prefix: str | None = None,
) -> FolderInbox:
    options = FolderOptions(
        name="scans",
        root=root,
        recursive=recursive,
        settle_seconds=settle_seconds,
        reconcile_seconds=reconcile_seconds,
        poll_seconds=0.3,
        mode=mode,
        after=after,
        archive=archive or root / "archive",
        after_failure=after_failure,
        failed=failed or root / "failed",
        uri_prefix=uri_prefix,
    )
    return FolderInbox(options, time.time)


def put(root: Path, key: str, content: bytes = b"pixels") -> Path:
    path = root / key
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def put_long_ago(root: Path, key: str, content: bytes = b"pixels") -> Path:
    """A file that was last written an hour ago; its change time is still now."""
    path = put(root, key, content)
    then = time.time() - 3600
    os.utime(path, (then, then))
    return path


def document_at(root: Path, key: str) -> Document:
    return Document(inbox="scans", key=key, version=Signature.of((root / key).stat()).version)


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
