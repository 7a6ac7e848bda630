"""The objects of a bucket: all of them, page by page, or one by its name."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ocr_inbox.errors import (
    AccessDeniedError,
    InboxAwayError,
    InboxUnavailableError,
    SourceChangedError,
    SourceGoneError,
)
from ocr_inbox.objects import ObjectName, ObjectStamp
from ocr_inbox.s3.refusals import named
from ocr_inbox.troubles import advice_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One object and the version that it has."""

    name: ObjectName
    stamp: ObjectStamp


def pages_of(client: Any, bucket: str, prefix: str) -> Iterator[list[Listed]]:
    """All objects of a prefix, up to 1,000 at a time; raises AccessDeniedError and InboxUnavailableError."""
    pages = iter(client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
    while True:
        with named(f"list bucket {bucket}"):
            page = next(pages, None)
        if page is None:
            return
        yield listed_in(page, bucket)


def listed_in(page: Any, bucket: str) -> list[Listed]:
    """The objects of one page of a listing, as botocore gives it; raises InboxUnavailableError."""
    if "Name" not in page:
        raise InboxUnavailableError(f"cannot list bucket {bucket}: no object store answers so; correct its URL")
    return [
        Listed(name=ObjectName(bucket=bucket, key=entry["Key"]), stamp=stamp_in(entry, entry["Size"]))
        for entry in page.get("Contents", ())
    ]


def look(client: Any, name: ObjectName) -> Any:
    """What the store says of an object, as botocore gives it; None where there is none, or no such bucket.

    Raises AccessDeniedError and InboxUnavailableError.
    """
    with suppress(SourceGoneError), named(_look_at(name)):
        return client.head_object(Bucket=name.bucket, Key=name.key)
    return None


def description(client: Any, name: ObjectName) -> Any:
    """What the store says of an object that should be there.

    Raises SourceGoneError; where the bucket is gone as well, or the store refuses, InboxUnavailableError.
    """
    found = look(client, name)
    if found is None:
        demand_bucket(client, name)
        raise _gone(name)
    return found


def stamp_in(answer: Any, size: int) -> ObjectStamp:
    """The version that an answer of the store tells of."""
    return ObjectStamp(etag=etag_of(answer), modified=int(answer["LastModified"].timestamp()), size=size)


def etag_of(answer: Any) -> str:
    """The ETag without quotes: some servers leave them out, and some proxies mark it as weak."""
    return str(answer.get("ETag", "")).removeprefix("W/").strip('"')


def only_if(etag: str) -> dict[str, str]:
    """The condition of a request that is about this version; none where the store has no ETags."""
    return {"IfMatch": f'"{etag}"'} if etag else {}


def stamp_at(client: Any, name: ObjectName) -> ObjectStamp:
    """The version that an object has now; raises as `description`.

    A listing tells it where the object may not be looked at, or a proxy leaves out how long it is.
    """
    with suppress(AccessDeniedError):
        answer = description(client, name)
        if "ContentLength" in answer:
            return stamp_in(answer, answer["ContentLength"])
    for listed in next(pages_of(client, name.bucket, name.key), []):
        if listed.name == name:
            return listed.stamp
    raise _gone(name)


def demand_version(client: Any, name: ObjectName, stamp: ObjectStamp) -> Any:
    """The description of an object that has this version now; raises SourceChangedError, and as `description`."""
    answer = description(client, name)
    if stamp_in(answer, answer.get("ContentLength", stamp.size)) != stamp:
        raise SourceChangedError("cannot use the document: another version is in its place")
    return answer


def demand_bucket(client: Any, name: ObjectName) -> None:
    """A bucket that is away must not pass for one whose objects were all deleted."""
    try:
        with named(_look_at(name)):
            client.head_bucket(Bucket=name.bucket)
    except SourceGoneError as error:
        raise InboxAwayError(f"cannot {_look_at(name)}: {advice_on('NoSuchBucket')}") from error


def _gone(name: ObjectName) -> SourceGoneError:
    return SourceGoneError(f"cannot {_look_at(name)}: it is no longer there")


def _look_at(name: ObjectName) -> str:
    return f"look at {name.key} in bucket {name.bucket}"
