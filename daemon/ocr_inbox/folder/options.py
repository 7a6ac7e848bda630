"""What a folder inbox is told when it is made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ocr_inbox.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    """How one folder is watched and what becomes of its documents; all paths are absolute.

    `mode` "auto" takes events where the file system sends them, and else a scan every `poll_seconds`.
    Nothing at or below `archive` and `failed` is ever taken for a document, whether they are used or not.
    With `uri_prefix`, URIs are that and the key: nobody learns where the folder is.
    Raises ConfigurationError where documents are to be moved, but not whereto.
    """

    name: str
    root: Path
    recursive: bool = True
    settle_seconds: float = 2.0
    reconcile_seconds: float = 60.0
    poll_seconds: float = 5.0
    mode: Literal["auto", "events", "poll"] = "auto"
    after: Literal["leave", "archive", "delete"] = "leave"
    archive: Path | None = None
    after_failure: Literal["leave", "move"] = "leave"
    failed: Path | None = None
    uri_prefix: str | None = None

    def __post_init__(self) -> None:
        if self.after == "archive" and self.archive is None:
            raise ConfigurationError(f"cannot archive documents of inbox {self.name}: name the archive folder")
        if self.after_failure == "move" and self.failed is None:
            raise ConfigurationError(f"cannot move failed documents of inbox {self.name}: name the failed folder")
