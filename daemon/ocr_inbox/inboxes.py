"""The inboxes of a configuration: folders and buckets, each with its rules."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr_inbox.bookmarks import Bookmarks
from ocr_inbox.folder import FolderInbox
from ocr_inbox.options import bucket_options, document_fallback, folder_options, rules_of
from ocr_inbox.ports import WatchedInbox
from ocr_inbox.routing import Rule
from ocr_inbox.s3 import BucketInbox
from ocr_inbox.settings import BucketSettings, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An inbox that is watched, and the rules for what arrives there."""

    inbox: WatchedInbox
    rules: Sequence[Rule]


def posts(settings: Settings, bookmarks: Bookmarks) -> Iterator[Post]:
    """All inboxes of the configuration, not yet opened; raises LedgerUnavailableError."""
    fallback = document_fallback(settings)
    for folder in settings.inboxes:
        yield Post(inbox=FolderInbox(folder_options(folder), time.time), rules=rules_of(folder, fallback))
    for bucket in settings.buckets:
        not_before = _not_before(bucket, bookmarks)
        inbox = BucketInbox(bucket_options(settings, bucket, not_before), time.time)
        yield Post(inbox=inbox, rules=rules_of(bucket, fallback))


def _not_before(bucket: BucketSettings, bookmarks: Bookmarks) -> float:
    since = bookmarks.watched_since(bucket.name)
    return since if bucket.existing == "leave" else 0.0
