"""Which inbox a path or an object lies in, what its key is there, and why the inbox leaves it alone if it does."""

import os
from dataclasses import dataclass
from pathlib import Path

from ocr_inbox.names import is_never_a_document, is_private_folder, key_of
from ocr_inbox.objects import ObjectName
from ocr_inbox.options import bucket_options
from ocr_inbox.s3.ground import Ground
from ocr_inbox.settings import BucketSettings, InboxSettings, Settings

S3 = "s3://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """The inbox that something lies in, its key there, and why the inbox leaves it alone if it does."""

    inbox: InboxSettings | BucketSettings
    key: str
    ignored: str | None


def whereabouts(settings: Settings, place: str) -> Whereabouts | None:
    """Of a path or s3://bucket/key, be there something or not; None where it lies in no inbox."""
    return _of_object(settings, place) if place.startswith(S3) else _of_file(settings, _absolute(place))


def names_of(settings: Settings) -> str:
    """All inboxes by where they are, for whoever looked elsewhere."""
    folders = [str(inbox.folder) for inbox in settings.inboxes]
    return ", ".join(folders + [f"{S3}{bucket.bucket}/{bucket.prefix}" for bucket in settings.buckets])


def moved_from(settings: Settings, path: str) -> Whereabouts | None:
    """Where a file would have come from that lies in the archive or the failed folder of an inbox."""
    where = _absolute(path)
    for inbox in settings.inboxes:
        for folder in (inbox.archive_folder, inbox.failed_folder):
            if where.is_relative_to(folder):
                return Whereabouts(inbox=inbox, key=key_of(str(where.relative_to(folder))), ignored=None)
    return None


def _absolute(path: str) -> Path:
    """The path without any `..`, its links as they are: an inbox never follows one."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def _of_file(settings: Settings, where: Path) -> Whereabouts | None:
    for inbox in settings.inboxes:
        if where.is_relative_to(inbox.folder):
            relative = where.relative_to(inbox.folder)
            return Whereabouts(inbox=inbox, key=key_of(str(relative)), ignored=_ignored_because(inbox, relative))
    return None


def _of_object(settings: Settings, uri: str) -> Whereabouts | None:
    bucket, _, key = uri.removeprefix(S3).partition("/")
    name = ObjectName(bucket=bucket, key=key)
    for inbox in settings.buckets:
        ground = Ground(bucket_options(settings, inbox, not_before=0.0))
        if ground.covers(name):
            ignored = None if ground.holds(name, 1) else "it is hidden, temporary, a sidecar, or in a place of ours"
            return Whereabouts(inbox=inbox, key=key_of(key.removeprefix(inbox.prefix)), ignored=ignored)
    return None


def _ignored_because(inbox: InboxSettings, relative: Path) -> str | None:
    where = inbox.folder / relative
    if any(where.is_relative_to(target) for target in (inbox.archive_folder, inbox.failed_folder)):
        return "it lies in the archive or failed folder"
    if any(is_private_folder(part) for part in relative.parts[:-1]):
        return "it lies in a hidden folder, or in one of figures"
    if is_never_a_document(relative.name):
        return "its name is that of a hidden or temporary file, or of a sidecar"
    if len(relative.parts) > 1 and not inbox.recursive:
        return "it lies in a folder below, and recursive = false"
    return "it is a symbolic link" if where.is_symlink() else None
