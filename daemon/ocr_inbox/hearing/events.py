"""What is told of objects, in the shapes that the stores tell it in."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from ocr_inbox.errors import EventNotUnderstoodError
from ocr_inbox.objects import EVENT_MAX, KEY_MAX, ObjectName

_MOST_RECORDS = 10_000
_MOST_ENVELOPES = 3
_BUCKET_MAX = 255

_SAME_CONTENT = frozenset({"PutTagging", "DeleteTagging", "PutRetention", "PutLegalHold"})
"""What MinIO calls a creation although no byte was written."""

_FILER_ROOT = "/buckets/"
_PARTS = ".uploads/"
_VERSIONS = ".versions"
_LATEST = "Seaweed-X-Amz-Latest-Version-Id"
_ONE_VERSION = re.compile(r"\.versions/v_[^/]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Objects that are said to be new, each once; `others` counts what was told besides: removals, tags, tests."""

    objects: tuple[ObjectName, ...]
    others: int = 0


def parse(body: bytes) -> Told:
    """What a message says, whoever sent it: AWS directly or through SNS or EventBridge, MinIO, RustFS, Ceph, SeaweedFS.

    Raises EventNotUnderstoodError, whatever the bytes are.
    """
    event = _decoded(body)
    for _ in range(_MOST_ENVELOPES):
        if event.get("Type") != "Notification":
            return _told(event)
        event = _decoded(_text(event, "Message").encode())
    raise EventNotUnderstoodError("cannot understand the event: it is in too many envelopes")


def _decoded(body: bytes) -> dict[str, Any]:
    if len(body) > EVENT_MAX:
        raise EventNotUnderstoodError(
            f"cannot understand the event: it has {len(body)} bytes, and {EVENT_MAX} are allowed"
        )
    try:
        # As floats, because it takes seconds to make an integer of a million digits.
        event = json.loads(body.decode(), parse_int=float)
    except (ValueError, RecursionError) as error:
        raise EventNotUnderstoodError(f"cannot understand the event: it is not JSON ({error})") from error
    if not isinstance(event, dict):
        raise EventNotUnderstoodError("cannot understand the event: it is not a JSON object")
    return event


def _told(event: dict[str, Any]) -> Told:
    if "Records" in event:
        return _of_records(event)
    if event.get("Event") == "s3:TestEvent":
        return Told(objects=(), others=1)
    if "detail-type" in event:
        return _of_event_bridge(event)
    if "event_type" in event:
        return _of_filer(event)
    raise EventNotUnderstoodError("cannot understand the event: no store that is known here tells it in this shape")


def _of_records(event: dict[str, Any]) -> Told:
    records = event["Records"] if event["Records"] is not None else []  # MinIO shows that it is still there
    if not isinstance(records, list) or len(records) > _MOST_RECORDS:
        raise EventNotUnderstoodError(f"cannot understand the event: Records are no list of at most {_MOST_RECORDS}")
    new = [record for record in records if _is_new(_text(record, "eventName"))]
    plain = "EventName" not in event  # MinIO quotes what it sends away, but not what it tells those who listen
    names = [_record_name(record, minio_plain=plain) for record in new]
    return Told(objects=tuple(dict.fromkeys(names)), others=len(records) - len(new))


def _is_new(event_name: str) -> bool:
    kind, _, deed = event_name.removeprefix("s3:").partition(":")
    return (kind == "ObjectCreated" and deed not in _SAME_CONTENT) or (kind, deed) == ("ObjectSynced", "Create")


def _record_name(record: dict[str, Any], *, minio_plain: bool) -> ObjectName:
    key, source = _text(record, "s3", "object", "key"), record.get("eventSource")
    if source != "ceph:s3" and not (source == "minio:s3" and minio_plain):
        try:
            key = unquote_plus(key, errors="strict")
        except UnicodeDecodeError as error:
            raise EventNotUnderstoodError("cannot understand the event: its key is not UTF-8") from error
    return _name(_text(record, "s3", "bucket", "name"), key)


def _of_event_bridge(event: dict[str, Any]) -> Told:
    if event["detail-type"] == "Object Created":
        name = _name(_text(event, "detail", "bucket", "name"), _text(event, "detail", "object", "key"))
        return Told(objects=(name,))
    if event.get("source") == "aws.s3":
        return Told(objects=(), others=1)
    raise EventNotUnderstoodError("cannot understand the event: EventBridge sent something that is not of a bucket")


def _of_filer(event: dict[str, Any]) -> Told:
    """SeaweedFS tells of files, among them its own; one that is moved keeps its old `key` here."""
    if event["event_type"] == "delete":
        return Told(objects=(), others=1)
    path = f"{_text(event, 'message', 'new_parent_path')}/{_text(event, 'message', 'new_entry', 'name')}"
    bucket, _, key = path.removeprefix(_FILER_ROOT).partition("/")
    entry = event["message"]["new_entry"]
    if entry.get("is_directory"):
        key = key.removesuffix(_VERSIONS) if key.endswith(_VERSIONS) and _has_latest(entry) else ""
    elif _ONE_VERSION.search(key) or key.startswith(_PARTS):
        key = ""
    if not path.startswith(_FILER_ROOT) or bucket.startswith(".") or not key:
        return Told(objects=(), others=1)
    return Told(objects=(_name(bucket, key),))


def _has_latest(entry: dict[str, Any]) -> bool:
    """Whether this is where SeaweedFS keeps the versions of an object, and there is one."""
    extended = entry.get("extended")
    return isinstance(extended, dict) and _LATEST in extended


def _name(bucket: str, key: str) -> ObjectName:
    if not (0 < len(bucket) <= _BUCKET_MAX and 0 < len(key.encode()) <= KEY_MAX):
        raise EventNotUnderstoodError("cannot understand the event: no object can be called that")
    return ObjectName(bucket=bucket, key=key)


def _text(within: Any, *path: str) -> str:
    for step in path:
        if not isinstance(within, dict) or step not in within:
            raise EventNotUnderstoodError(f"cannot understand the event: it has no {'.'.join(path)}")
        within = within[step]
    if not isinstance(within, str) or not _is_unicode(within):
        raise EventNotUnderstoodError(f"cannot understand the event: its {'.'.join(path)} is not a text")
    return within


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
