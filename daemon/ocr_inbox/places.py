"""Inboxes as one sees them who only looks: what lies there now, and what was left for it; no daemon is needed."""

import hashlib
import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ocr_inbox.errors import InfrastructureError, SourceGoneError
from ocr_inbox.folder import FolderInbox, FolderOptions
from ocr_inbox.model import UPLOADS, Document, Signature
from ocr_inbox.names import path_of
from ocr_inbox.options import bucket_options, document_fallback, folder_options, rules_of, upload_options
from ocr_inbox.ports import Inbox
from ocr_inbox.routing import Rule
from ocr_inbox.s3 import BucketInbox, BucketOptions, Connection
from ocr_inbox.s3.ground import Ground
from ocr_inbox.s3.listing import stamp_at
from ocr_inbox.settings import BucketSettings, InboxSettings, Settings

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """The version that lies there, None where nothing does or it cannot be told; `size` is in bytes.

    `changed_at` is when it was last touched, in seconds since the epoch. `oddity` is why it can be no document,
    `problem` why nothing can be told.
    """

    version: str | None = None
    size: int = 0
    changed_at: float = 0.0
    oddity: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An inbox, or where its documents are moved to; `look` and `sha256` take a key.

    `sha256` gives None where reading the document for that would be too much, or cannot be done. `aside` are the
    places where documents go, as "archive" and "failed". A document is taken when it has been quiet for
    `settle_seconds`, at the latest after the next scan, of which there is one every `scan_seconds`.
    """

    inbox: Inbox
    look: Callable[[str], Presence]
    sha256: Callable[[str], str | None]
    rules: Sequence[Rule] = ()
    settle_seconds: float = 0.0
    scan_seconds: float = 0.0
    leaves_old: bool = False
    aside: Mapping[str, "Place"] = field(default_factory=dict)


def place_of(settings: Settings, name: str) -> Place | None:
    """The inbox of this name, if it is one of the configuration or that of the uploads."""
    if name == UPLOADS:
        return _folder(upload_options(settings))
    for folder in settings.inboxes:
        if folder.name == name:
            return _inbox_folder(settings, folder)
    for bucket in settings.buckets:
        if bucket.name == name:
            return _inbox_bucket(settings, bucket)
    return None


def _inbox_folder(settings: Settings, inbox: InboxSettings) -> Place:
    options = folder_options(inbox)
    aside = {"archive": inbox.archive_folder} if inbox.after == "archive" else {}
    aside |= {"failed": inbox.failed_folder} if inbox.after_failure == "move" else {}
    return replace(
        _folder(options),
        rules=rules_of(inbox, document_fallback(settings)),
        settle_seconds=inbox.settle_seconds,
        scan_seconds=inbox.poll_seconds if inbox.watch == "poll" else inbox.reconcile_seconds,
        aside={word: _folder(FolderOptions(name=inbox.name, root=root)) for word, root in aside.items()},
    )


def _folder(options: FolderOptions) -> Place:
    return Place(
        inbox=FolderInbox(options, time.time),
        look=partial(_file_at, options.root),
        sha256=partial(_sha256_at, options.root),
    )


def _inbox_bucket(settings: Settings, inbox: BucketSettings) -> Place:
    options = bucket_options(settings, inbox, not_before=0.0)
    aside = {"archive": options.archive} if inbox.after == "archive" else {}
    aside |= {"failed": options.failed} if inbox.after_failure == "move" else {}
    return replace(
        _bucket(options),
        rules=rules_of(inbox, document_fallback(settings)),
        scan_seconds=inbox.reconcile_seconds,
        leaves_old=inbox.existing == "leave",
        aside={
            word: _bucket(replace(options, bucket=place.bucket, prefix=place.prefix, sidecars=None))
            for word, place in aside.items()
        },
    )


def _bucket(options: BucketOptions) -> Place:
    return Place(
        inbox=BucketInbox(options, time.time),
        look=partial(_object_at, options),
        sha256=lambda _: None,  # it would have to be fetched
    )


def _file_at(root: Path, key: str) -> Presence:
    """Links are not followed, as an inbox never does."""
    try:
        status = os.lstat(root / path_of(key))
    except (FileNotFoundError, NotADirectoryError):
        return Presence()
    except OSError as error:
        return Presence(problem=f"cannot look at it: {error.strerror}")
    return Presence(
        version=Signature.of(status).version,
        size=status.st_size,
        changed_at=max(status.st_mtime, status.st_ctime),
        oddity=_oddity(status),
    )


def _oddity(status: os.stat_result) -> str | None:
    if stat.S_ISDIR(status.st_mode):
        return "it is a folder"
    if not stat.S_ISREG(status.st_mode):
        return "it is no regular file"
    return None if status.st_size else "it is empty"


def _object_at(options: BucketOptions, key: str) -> Presence:
    name = Ground(options).object_of(Document(inbox=options.name, key=key, version=""))
    try:
        stamp = stamp_at(Connection(options.store).client(), name)
    except SourceGoneError:
        return Presence()
    except InfrastructureError as error:
        return Presence(problem=str(error))
    oddity = None if stamp.size else "it is empty"
    return Presence(version=stamp.version, size=stamp.size, changed_at=stamp.modified, oddity=oddity)


def _sha256_at(root: Path, key: str) -> str | None:
    digest = hashlib.sha256()
    try:
        with (root / path_of(key)).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()
