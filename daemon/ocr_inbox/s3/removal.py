"""Taking objects out of the way: nothing is removed that is not the version that was dealt with."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from ocr_inbox.errors import InboxUnavailableError, SourceChangedError, SourceGoneError
from ocr_inbox.objects import ObjectName, ObjectStamp
from ocr_inbox.s3.habits import Abilities
from ocr_inbox.s3.listing import demand_version, etag_of, look, only_if
from ocr_inbox.s3.refusals import named

_TAG = "ocr-inbox"
_TAGS_MAX = 10
_MARK = "ocr-moved-version"
_HEADERS = ("ContentType", "ContentEncoding", "ContentLanguage", "ContentDisposition", "CacheControl", "StorageClass")
"""What a copy with metadata of its own would lose."""
_PART_BYTES = 64 << 20
"""Larger objects are copied in parts: some servers answer only when they are through, and AWS stops at 5 GB."""
_PARTS_AT_ONCE = 4


def tag(client: Any, name: ObjectName, stamp: ObjectStamp, value: str) -> None:
    """Mark this version as dealt with: its tag `ocr-inbox` says how it ended; other tags stay.

    Raises SourceGoneError, SourceChangedError, AccessDeniedError, InboxUnavailableError.
    """
    known = demand_version(client, name, stamp)
    where = {"Bucket": name.bucket, "Key": name.key}
    where |= {"VersionId": known["VersionId"]} if "VersionId" in known else {}
    with named(f"tag {name.key} in bucket {name.bucket}"):
        tags = client.get_object_tagging(**where)["TagSet"]
        others = [it for it in tags if it["Key"] != _TAG]
        if len(others) >= _TAGS_MAX:
            raise InboxUnavailableError(
                f"cannot tag {name.key} in bucket {name.bucket}: it has {_TAGS_MAX} tags, and a store allows no more;"
                " take one away"
            )
        ours = {"Key": _TAG, "Value": value}
        if ours not in tags:
            client.put_object_tagging(**where, Tagging={"TagSet": [*others, ours]})


def delete(client: Any, name: ObjectName, stamp: ObjectStamp, abilities: Abilities) -> None:
    """Delete this version; in a bucket with versions it is hidden, not lost. Raises as `tag`."""
    if not abilities.delete_known:
        demand_version(client, name, stamp)
    condition = only_if(stamp.etag) if abilities.delete_known else {}
    with named(f"delete {name.key} from bucket {name.bucket}"):
        client.delete_object(Bucket=name.bucket, Key=name.key, **condition)


def copied(client: Any, name: ObjectName, stamp: ObjectStamp, targets: Sequence[ObjectName]) -> ObjectName:
    """Copy this version to the first of these names that is free, look whether it is whole, and say which it was.

    Repeated, it finds the copy that is there. Raises as `tag`.
    """
    known = demand_version(client, name, stamp)
    for target in targets:
        there = look(client, target)
        if there is None:
            _copy(client, name, stamp, known, target)
            there = look(client, target)
            if there is None or not _is_copy(there, stamp):
                raise InboxUnavailableError(
                    f"cannot move {name.key} out of bucket {name.bucket}: its copy {target.key} in bucket "
                    f"{target.bucket} is not what was copied; it is tried again later"
                )
        if _is_copy(there, stamp):
            return target
    raise InboxUnavailableError(
        f"cannot move {name.key} out of bucket {name.bucket}: other objects have the names "
        f"{' and '.join(target.key for target in targets)} in bucket {targets[0].bucket}; move one of them"
    )


def carry(client: Any, sidecar: ObjectName, target: ObjectName) -> None:
    """Take a sidecar to another place, whatever lies there; where it is gone, it was taken before.

    Raises AccessDeniedError and InboxUnavailableError.
    """
    with suppress(SourceGoneError), named(f"move {sidecar.key} out of bucket {sidecar.bucket}"):
        client.copy_object(
            Bucket=target.bucket, Key=target.key, CopySource={"Bucket": sidecar.bucket, "Key": sidecar.key}
        )
        client.delete_object(Bucket=sidecar.bucket, Key=sidecar.key)


def _is_copy(there: Any, stamp: ObjectStamp) -> bool:
    """Whether it has the same content, or says that it is our copy: the ETag of a large one is another."""
    same = stamp.etag != "" and etag_of(there) == stamp.etag
    ours = there["Metadata"].get(_MARK) == quote(stamp.version)
    return bool(there.get("ContentLength", stamp.size) == stamp.size and (same or ours))


def _copy(client: Any, name: ObjectName, stamp: ObjectStamp, known: Any, target: ObjectName) -> None:
    """Within the store, and only the version that is `known`."""
    from boto3.s3.transfer import TransferConfig
    from s3transfer.exceptions import S3CopyFailedError

    source = {"Bucket": name.bucket, "Key": name.key}
    order = {
        "MetadataDirective": "REPLACE",
        "Metadata": {**_printable(known["Metadata"]), _MARK: quote(stamp.version)},
        **{header: known[header] for header in _HEADERS if header in known},
        **{f"CopySource{condition}": etag for condition, etag in only_if(stamp.etag).items()},
    }
    with named(f"copy {name.key} from bucket {name.bucket} to bucket {target.bucket}"):
        if stamp.size <= _PART_BYTES:
            client.copy_object(Bucket=target.bucket, Key=target.key, CopySource=source, **order)
            return
        if known.get("TagCount"):  # in parts, they do not come along by themselves
            tags = client.get_object_tagging(**source)["TagSet"]
            order |= {"Tagging": urlencode({it["Key"]: it["Value"] for it in tags})}
        parts = TransferConfig(_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        try:
            client.copy(source, target.bucket, target.key, ExtraArgs=order, Config=parts)
        except S3CopyFailedError as error:
            raise SourceChangedError(f"cannot copy {name.key}: it was replaced meanwhile") from error


def _printable(metadata: dict[str, str]) -> dict[str, str]:
    """What others sent as bytes comes as text that boto3 itself refuses to send."""
    return {key: value if value.isascii() else quote(value) for key, value in metadata.items()}
