"""Bucket inboxes for tests, in real stores and with short patience."""

import time
from typing import Literal

from ocr_inbox.objects import Store
from ocr_inbox.s3 import BucketInbox, BucketOptions, Place


def a_bucket_inbox(
    store: Store,
    bucket: str,
    *,
    prefix: str = "in/",
    after: Literal["leave", "tag", "archive", "delete"] = "leave",
    after_failure: Literal["leave", "tag", "move"] = "leave",
    reconcile_seconds: float = 60.0,
    sidecars: Place | None = None,
    not_before: float = 0.0,
) -> BucketInbox:
    options = BucketOptions(
        name="scans",
        store=store,
        bucket=bucket,
        prefix=prefix,
        reconcile_seconds=reconcile_seconds,
        not_before=not_before,
        sidecars=sidecars,
        after=after,
        archive=Place(bucket=bucket, prefix=f"{prefix}archive/"),
        after_failure=after_failure,
        failed=Place(bucket=bucket, prefix=f"{prefix}failed/"),
    )
    return BucketInbox(options, time.time)
