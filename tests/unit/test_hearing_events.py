"""What the stores tell, and what somebody may send who is none."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import event_bodies as bodies
from ocr_inbox.errors import EventNotUnderstoodError
from ocr_inbox.hearing.events import Told, parse
from ocr_inbox.objects import EVENT_MAX, ObjectName

KEY = "in/a b+c.pdf"
AWKWARD = ["a b+c.png", "%2B%20.jpg", "ünï/📄.png", "new\nline.png", "/lead", "a//b/../c", 'q"uote\\.png', "x" * 1024]


def a_record(key: str, source: str = "aws:s3", event: str = "ObjectCreated:Put", **more: Any) -> dict[str, Any]:
    s3 = {"bucket": {"name": "scans"}, "object": {"key": key}}
    return {"eventSource": source, "eventName": event, "s3": s3, **more}


def sent(*records: Any, **more: Any) -> bytes:
    return json.dumps({**more, "Records": records}).encode()


def in_envelope(body: bytes) -> bytes:
    return json.dumps({"Type": "Notification", "TopicArn": "arn", "Message": body.decode()}).encode()


def keys(body: bytes) -> list[str]:
    told = parse(body)
    assert {name.bucket for name in told.objects} <= {"scans"}
    return [name.key for name in told.objects]


@pytest.mark.parametrize(
    ("bucket", "body"),
    [
        ("inbox", bodies.AWS),
        ("inbox2", bodies.SNS),
        ("inbox3", bodies.EVENT_BRIDGE),
        ("inbox", bodies.MINIO_WEBHOOK),
        ("inbox", bodies.MINIO_STREAM),
        ("scans", bodies.SEAWEEDFS),
    ],
)
def test_every_store_is_understood_in_its_own_way_of_writing_keys(bucket: str, body: bytes) -> None:
    assert parse(body) == Told(objects=(ObjectName(bucket=bucket, key=KEY),))


@pytest.mark.parametrize(
    "body",
    [
        bodies.AWS_TEST,
        bodies.SNS_TEST,
        bodies.AWS_REMOVED,
        bodies.EVENT_BRIDGE_REMOVED,
        bodies.MINIO_TAGGED,
        bodies.SEAWEEDFS_DELETED,
        bodies.SEAWEEDFS_FOLDER,
        bodies.SEAWEEDFS_OWN,
        bodies.SEAWEEDFS_PART,
        bodies.SEAWEEDFS_VERSION,
        sent(a_record("x", event="ObjectTagging:Put")),
        sent(a_record("x", event="s3:ObjectAccessed:Head")),
        b'{"event_type":"create","message":{"new_parent_path":"/etc","new_entry":{"name":"x"}}}',
    ],
)
def test_what_is_no_new_object_is_understood_and_counted(body: bytes) -> None:
    assert parse(body) == Told(objects=(), others=1)


@pytest.mark.parametrize("body", [b'{"Records":null}', b'{"Records":[]}'])
def test_a_sign_of_life_says_nothing(body: bytes) -> None:
    assert parse(body) == Told(objects=(), others=0)


@pytest.mark.parametrize("key", AWKWARD)
def test_any_key_survives_the_way_that_each_server_writes_it(key: str) -> None:
    filed = {"new_parent_path": "/buckets/scans", "new_entry": {"name": key}}
    spoken = {"bucket": {"name": "scans"}, "object": {"key": key}}
    for body in (
        sent(a_record(quote_plus(key, safe="/"))),
        sent(a_record(quote_plus(key, safe=""), "minio:s3", "s3:ObjectCreated:Put"), EventName="x", Key="y"),
        sent(a_record(quote_plus(key, safe=""), "rustfs:s3", "s3:ObjectCreated:Put")),
        sent(a_record(key, "minio:s3", "s3:ObjectCreated:Put")),
        sent(a_record(key, "ceph:s3")),
        json.dumps({"detail-type": "Object Created", "detail": spoken}).encode(),
        json.dumps({"event_type": "update", "message": filed}, ensure_ascii=False).encode(),
    ):
        assert keys(body) == [key]


def test_an_object_that_came_from_another_zone_is_new_here() -> None:
    assert keys(sent(a_record("x", "ceph:s3", "s3:ObjectSynced:Create"))) == ["x"]


def test_a_file_that_was_moved_in_seaweedfs_is_called_by_its_new_name() -> None:
    assert keys(bodies.SEAWEEDFS_MOVED) == ["moved x.png"]


def test_a_new_version_in_seaweedfs_is_called_by_the_name_of_its_object() -> None:
    assert parse(bodies.SEAWEEDFS_VERSIONS).objects == (ObjectName(bucket="verc", key="d/plain.png"),)


def test_several_records_name_each_object_once() -> None:
    records = [a_record("a"), a_record("b"), a_record("a"), a_record("c", event="ObjectRemoved:Delete")]
    told = parse(sent(*records))
    assert ([name.key for name in told.objects], told.others) == (["a", "b"], 1)


def test_an_envelope_may_be_in_an_envelope_but_not_without_end() -> None:
    body = in_envelope(bodies.EVENT_BRIDGE)
    assert parse(body) == parse(bodies.EVENT_BRIDGE)
    with pytest.raises(EventNotUnderstoodError, match="too many envelopes"):
        parse(in_envelope(in_envelope(body)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff\xfe{}",
        b"[]",
        b"null",
        b"{}",
        b'{"Records":{}}',
        b'{"Records":[1]}',
        b'{"Records":[{"eventName":7}]}',
        b'{"Records":[{"eventName":"ObjectCreated:Put","eventSource":[],"s3":{}}]}',
        b'{"Records":[{"eventName":"ObjectCreated:Put"}]}',
        b'{"Records":[{"eventName":"ObjectCreated:Put","s3":[]}]}',
        b"[" * 500_000,
        b'{"a":' * 150_000,
        sent(a_record("")),
        sent(a_record("x" * 1025)),
        sent(a_record("ü" * 513, "ceph:s3")),
        sent(a_record("%FF%FE")),
        sent(a_record("half \ud83d of a pair")),
        sent(a_record("x"), a_record("y", event="\udc00")),
        in_envelope(b"hello"),
        b'{"Type":"Notification"}',
        b'{"Type":"Notification","Message":{"Records":[]}}',
        b'{"Type":"Notification","Message":"\\ud800"}',
        b'{"Type":"SubscriptionConfirmation","SubscribeURL":"https://example.com"}',
        b'{"detail-type":"Object Created"}',
        b'{"detail-type":"Scheduled Event","source":"aws.events"}',
        b'{"event_type":"create","message":null}',
        b'{"event_type":"create","message":{"new_parent_path":"/buckets/b","new_entry":{"name":[]}}}',
        b'{"event_type":"update","message":{"new_parent_path":"/buckets/b","new_entry":"x"}}',
    ],
)
def test_what_nobody_can_understand_has_a_name(body: bytes) -> None:
    with pytest.raises(EventNotUnderstoodError, match="cannot understand the event: "):
        parse(body)


def test_a_million_records_are_too_many_and_refused_before_they_are_read() -> None:
    with pytest.raises(EventNotUnderstoodError, match="bytes"):
        parse(b'{"Records":[' + b"{}," * 10**6 + b"{}]}")
    with pytest.raises(EventNotUnderstoodError, match="at most 10000"):
        parse(b'{"Records":[' + b"{}," * (EVENT_MAX // 3 - 10) + b"{}]}")


def test_a_number_of_a_million_digits_is_not_made_an_integer() -> None:
    assert parse(b'{"Records":[],"n":' + b"9" * (EVENT_MAX - 20) + b"}") == Told(objects=())


PLACES = ["Records", "s3", "bucket", "name", "object", "key", "Type", "Message", "detail", "message", "new_entry"]
VALUES = ["ObjectCreated:Put", "minio:s3", "ceph:s3", "Notification", "Object Created", "create", "/buckets/b", "%FF"]
WORDS = st.sampled_from([*PLACES, *VALUES, "eventName", "eventSource", "detail-type", "event_type", "new_parent_path"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real body, a part of which is something else."""
    chosen = draw(st.sampled_from([body for name, body in vars(bodies).items() if name.isupper()]))
    body: Any = json.loads(chosen)
    where = body
    while True:
        step = draw(st.sampled_from(sorted(where))) if isinstance(where, dict) else 0
        if not isinstance(where[step], dict | list) or not where[step] or draw(st.booleans()):
            where[step] = draw(JSON)
            return json.dumps(body).encode()
        where = where[step]


@settings(max_examples=500, deadline=None)
@given(body=st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()) | damaged())
def test_whatever_comes_it_is_names_or_a_failure_with_a_name(body: bytes) -> None:
    try:
        told = parse(body)
    except EventNotUnderstoodError:
        return
    for name in told.objects:
        assert name.bucket
        assert 0 < len(name.key.encode()) <= 1024
