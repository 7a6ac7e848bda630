"""Inboxes that are buckets, by boto3; what only some servers can do is tried before it is relied upon."""

from ocr_inbox.s3.inbox import BucketInbox
from ocr_inbox.s3.options import BucketOptions, Place
from ocr_inbox.s3.store import Connection

__all__ = ["BucketInbox", "BucketOptions", "Connection", "Place"]
