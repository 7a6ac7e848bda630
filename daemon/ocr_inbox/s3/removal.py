"""Taking objects out of the way: nothing is removed that is not the version that was dealt with."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import PurePosixPath
from typing import Any

from ocr_inbox.errors import InboxUnavailableError, SourceGoneError
from ocr_inbox.objects import ObjectName, ObjectStamp
from ocr_inbox.s3.habits import Abilities
from ocr_inbox.s3.listing import demand_version
from ocr_inbox.s3.refusals import named

_TAG = "ocr-inbox"
_TAGS_MAX = 10
_MARK = "ocr-moved-version"
_HEADERS = ("ContentType", "ContentEncoding", "ContentLanguage", "ContentDisposition", "CacheControl")
"""What a copy with metadata of its own would lose."""


def tag(client: Any, name: ObjectName, stamp: ObjectStamp, value: str) -> None:
    """Mark this version as dealt with: its tag `ocr-inbox` says how it ended; other tags stay."""
    demand_version(client, name, stamp)
    where = {"Bucket": name.bucket, "Key": name.key}
    with named(f"tag {name.key} in bucket {name.bucket}"):
        tags = client.get_object_tagging(**where)["TagSet"]
        others = [it for it in tags if it["Key"] != _TAG]
        if len(others) >= _TAGS_MAX:
            raise InboxUnavailableError(
                f"cannot tag {name.key} in bucket {name.bucket}: it has {_TAGS_MAX} tags, and a store allows no more"
            )
        ours = {"Key": _TAG, "Value": value}
        if ours not in tags:
            client.put_object_tagging(**where, Tagging={"TagSet": [*others, ours]})


def delete(client: Any, name: ObjectName, stamp: ObjectStamp, abilities: Abilities) -> None:
    """Delete this version; in a bucket with versions it is hidden, not lost.

    Raises SourceGoneError, SourceChangedError, AccessDeniedError, InboxUnavailableError.
    """
    demand_version(client, name, stamp)
    condition = {"IfMatch": f'"{stamp.etag}"'} if abilities.delete_known else {}
    with named(f"delete {name.key} from bucket {name.bucket}"):
        client.delete_object(Bucket=name.bucket, Key=name.key, **condition)


def copied(client: Any, name: ObjectName, stamp: ObjectStamp, target: ObjectName) -> ObjectName:
    """Copy this version, look whether the copy is whole, and say where it is; raises as `delete`.

    Never over another object: then the copy's name gets a number. Repeated, it finds the copy that is there.
    """
    demand_version(client, name, stamp)
    for place in _numbered(target):
        there = _head(client, place)
        if there is None:
            _copy(client, name, stamp, place)
            there = _head(client, place)
            if there is None or not _is_copy(there, stamp):
                raise InboxUnavailableError(
                    f"cannot move {name.key} out of bucket {name.bucket}: its copy {place.key} in bucket "
                    f"{place.bucket} is not what was copied; it is tried again later"
                )
        if _is_copy(there, stamp):
            return place
    raise AssertionError("there is always another number")


def carry(client: Any, sidecar: ObjectName, target: ObjectName) -> None:
    """Take a sidecar to another place, whatever lies there; where it is gone, it was taken before."""
    with suppress(SourceGoneError), named(f"move {sidecar.key} out of bucket {sidecar.bucket}"):
        client.copy({"Bucket": sidecar.bucket, "Key": sidecar.key}, target.bucket, target.key)
        client.delete_object(Bucket=sidecar.bucket, Key=sidecar.key)


def _numbered(target: ObjectName) -> Iterator[ObjectName]:
    yield target
    name = PurePosixPath(target.key.rpartition("/")[2]).name
    folder, path = target.key.removesuffix(name), PurePosixPath(name)
    for number in count(2):
        yield ObjectName(bucket=target.bucket, key=f"{folder}{path.stem}-{number}{path.suffix}")


def _head(client: Any, name: ObjectName) -> dict[str, Any] | None:
    try:
        with named(f"look at {name.key} in bucket {name.bucket}"):
            head: dict[str, Any] = client.head_object(Bucket=name.bucket, Key=name.key)
            return head
    except SourceGoneError:
        return None


def _is_copy(head: dict[str, Any], stamp: ObjectStamp) -> bool:
    """Whether it says that it is our copy of that version: the ETag of a large one is another."""
    return bool(head["ContentLength"] == stamp.size) and head["Metadata"].get(_MARK) == stamp.version


def _copy(client: Any, name: ObjectName, stamp: ObjectStamp, target: ObjectName) -> None:
    """Within the store; boto3 copies large objects in parts."""
    with named(f"copy {name.key} from bucket {name.bucket} to bucket {target.bucket}"):
        head = client.head_object(Bucket=name.bucket, Key=name.key)
        client.copy(
            {"Bucket": name.bucket, "Key": name.key},
            target.bucket,
            target.key,
            ExtraArgs={
                "CopySourceIfMatch": f'"{stamp.etag}"',
                "MetadataDirective": "REPLACE",
                "Metadata": {**head["Metadata"], _MARK: stamp.version},
                **{header: head[header] for header in _HEADERS if header in head},
            },
        )
