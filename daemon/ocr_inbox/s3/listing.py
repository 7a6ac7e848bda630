"""The objects of a bucket: all of them, page by page, or one by its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ocr_inbox.errors import InboxUnavailableError, SourceChangedError, SourceGoneError
from ocr_inbox.objects import ObjectName, ObjectStamp
from ocr_inbox.s3.refusals import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One object of a listing."""

    name: ObjectName
    stamp: ObjectStamp


def pages_of(client: Any, bucket: str, prefix: str, after: str = "") -> Iterator[list[Listed]]:
    """All objects of a prefix, up to 1,000 at a time; raises AccessDeniedError and InboxUnavailableError.

    With `after`, those whose keys come later than this one.
    """
    wish = {"Bucket": bucket, "Prefix": prefix, **({"StartAfter": after} if after else {})}
    pages = iter(client.get_paginator("list_objects_v2").paginate(**wish))
    while True:
        with named(f"list bucket {bucket}"):
            page = next(pages, None)
        if page is None:
            return
        yield [_listed(bucket, entry) for entry in page.get("Contents", ())]


def _listed(bucket: str, entry: dict[str, Any]) -> Listed:
    return Listed(name=ObjectName(bucket=bucket, key=entry["Key"]), stamp=_stamp(entry, entry["Size"]))


def stamp_at(client: Any, name: ObjectName) -> ObjectStamp:
    """The version that an object has now.

    Raises SourceGoneError; where the bucket is gone as well, or the store refuses, InboxUnavailableError.
    """
    deed = f"look at an object of bucket {name.bucket}"
    try:
        with named(deed):
            head = client.head_object(Bucket=name.bucket, Key=name.key)
            return _stamp(head, head["ContentLength"])
    except SourceGoneError:
        _demand_bucket(client, name.bucket, deed)
        raise


def _stamp(answer: dict[str, Any], size: int) -> ObjectStamp:
    return ObjectStamp(etag=answer["ETag"].strip('"'), modified=int(answer["LastModified"].timestamp()), size=size)


def _demand_bucket(client: Any, bucket: str, deed: str) -> None:
    """A bucket that is away must not pass for one whose objects were all deleted."""
    try:
        with named(deed):
            client.head_bucket(Bucket=bucket)
    except SourceGoneError as error:
        raise InboxUnavailableError(f"cannot {deed}: there is no such bucket; make it, or correct its name") from error


def demand_version(client: Any, name: ObjectName, stamp: ObjectStamp) -> None:
    """Return if the object has this version now; raises SourceGoneError, SourceChangedError and as `stamp_at`."""
    now = stamp_at(client, name)
    if now != stamp:
        raise SourceChangedError("cannot use the document: another version is in its place")
