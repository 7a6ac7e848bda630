"""What becomes of an object that was dealt with: nothing is lost, and what cannot be done waits and says why."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from buckets import JSON, BucketSite, LoadedReaders, a_bucket_inbox, a_scan, requests_made
from listening import arrival_of, listening
from ocr_inbox.errors import InboxUnavailableError
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Document, JobState
from ocr_inbox.s3 import BucketInbox, Place, removal
from running import eventually
from stores import Store, microburst
from stores.microburst import Fault

KEY = "in/scan.png"


@pytest.fixture(params=["bucket", "minio_bucket", "sqs_bucket"])
def store(request: pytest.FixtureRequest) -> Store:
    """SeaweedFS, MinIO's front end, and an emulator of AWS."""
    found: Store = request.getfixturevalue(request.param)
    return found


def a_document(inbox: BucketInbox) -> Document:
    return arrival_of(inbox, "scan.png").document


def tags_of(store: Store, key: str = KEY) -> dict[str, str]:
    found = store.client().get_object_tagging(Bucket=store.bucket, Key=key)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in found}


def description_of(store: Store, key: str) -> Any:
    return store.client().head_object(Bucket=store.bucket, Key=key)


def put_as_other_clients_do(store: Store, scanner: str) -> None:
    """boto3 refuses to send what is not ASCII."""
    credentials = Credentials(store.access_key, store.secret_key)
    request = AWSRequest("PUT", f"{store.endpoint}/{store.bucket}/{KEY}", data=b"pixels")
    request.headers["x-amz-meta-scanner"] = scanner
    S3SigV4Auth(credentials, "s3", store.region).add_auth(request)
    headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    httpx.put(request.url, content=b"pixels", headers=headers, trust_env=False).raise_for_status()


def put_later(store: Store, content: bytes, than: datetime) -> None:
    """In another second, which is what stores tell: the same bytes in the same second are the same document."""
    eventually(lambda: store.put("clock", b"1") and description_of(store, "clock")["LastModified"] > than)
    store.delete("clock")
    store.put(KEY, content)


def versions_of(store: Store) -> list[str]:
    found = store.client().list_object_versions(Bucket=store.bucket)
    return sorted(version["Key"] for version in found.get("Versions", ()))


@pytest.mark.parametrize("end", ["done", "failed"])
def test_a_tag_says_how_it_ended_and_other_tags_stay(store: Store, tmp_path: Path, end: str) -> None:
    store.put(KEY, b"pixels", Tagging="owner=alice&ocr-inbox=unread")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="tag", after_failure="tag")
    document = a_document(inbox)
    for _ in range(2):
        (inbox.archive if end == "done" else inbox.reject)(document)
        assert tags_of(store) == {"owner": "alice", "ocr-inbox": end}
    assert a_document(inbox) == document


def test_another_version_is_not_tagged(store: Store, tmp_path: Path) -> None:
    store.put(KEY, b"pixels")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="tag")
    document = a_document(inbox)
    store.put(KEY, b"others")
    inbox.archive(document)
    assert tags_of(store) == {}


def test_an_object_with_as_many_tags_as_may_be_waits_with_the_reason(
    bucket: Store, ledger: Ledger, tmp_path: Path
) -> None:
    bucket.put(KEY, a_scan(), Tagging="&".join(f"t{number}=x" for number in range(10)))
    site = BucketSite(bucket, a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, after="tag"), ledger)
    with site.working():
        job = site.until_one_waits()
        assert job.code == "inbox_unavailable"
        assert "has 10 tags, and a store allows no more" in str(job.reason)
        bucket.client().delete_object_tagging(Bucket=bucket.bucket, Key=KEY)
        site.until(1)
    assert tags_of(bucket) == {"ocr-inbox": "done"}
    assert site.readers.engine.read_so_far == 1


def test_a_copy_in_the_archive_is_like_its_source(store: Store, tmp_path: Path) -> None:
    store.put(
        KEY,
        b"pixels",
        ContentType="image/png",
        CacheControl="no-store",
        ContentDisposition='attachment; filename="scan.png"',
        Metadata={"scanner": "3rd floor"},
        Tagging="owner=alice",
    )
    elsewhere = store.fresh()
    archive = Place(bucket=elsewhere.bucket, prefix="2025/")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive", archive=archive)
    inbox.archive(a_document(inbox))
    assert (store.keys(), elsewhere.keys()) == ([], ["2025/scan.png"])
    assert elsewhere.get("2025/scan.png") == b"pixels"
    copy = description_of(elsewhere, "2025/scan.png")
    assert (copy["ContentType"], copy["Metadata"]["scanner"]) == ("image/png", "3rd floor")
    assert tags_of(elsewhere, "2025/scan.png") == {"owner": "alice"}


def test_metadata_that_is_not_ascii_does_not_keep_an_object_from_the_archive(bucket: Store, tmp_path: Path) -> None:
    put_as_other_clients_do(bucket, "Büro")
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, after="archive")
    inbox.archive(a_document(inbox))
    assert bucket.keys() == ["in/archive/scan.png"]


def test_what_lies_in_the_archive_already_stays_there(store: Store, tmp_path: Path) -> None:
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive")
    for number in range(3):
        store.put(KEY, b"%d" % number)
        document = a_document(inbox)
        for _ in range(2):
            inbox.archive(document)
    archived = store.keys()
    assert len(archived) == 3
    assert archived[0].startswith("in/archive/scan")
    assert sorted(map(store.get, archived)) == [b"0", b"1", b"2"]


def test_a_large_object_is_copied_in_parts_and_with_its_tags(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_PART_BYTES", 5 << 20)
    content = bytes(range(256)) * (11 << 12)
    store.put(KEY, content, Metadata={"scanner": "3rd floor"}, ContentType="image/tiff", Tagging="owner=alice")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive")
    document = a_document(inbox)
    asked = requests_made(monkeypatch)
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive")
    for _ in range(2):
        inbox.archive(document)
    assert (asked.count("UploadPartCopy"), asked.count("CompleteMultipartUpload"), asked.count("CopyObject")) == (
        3,
        1,
        0,
    )
    assert store.keys() == ["in/archive/scan.png"]
    assert store.get("in/archive/scan.png") == content
    copy = description_of(store, "in/archive/scan.png")
    assert (copy["ContentType"], copy["Metadata"]["scanner"]) == ("image/tiff", "3rd floor")
    if "TagCount" in copy:  # ministack does not tell of tags, nor would anybody look for them there
        assert tags_of(store, "in/archive/scan.png") == {"owner": "alice"}
    assert not store.client().list_multipart_uploads(Bucket=store.bucket).get("Uploads")


def test_a_large_object_that_is_replaced_while_it_is_copied_stays(
    bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_PART_BYTES", 5 << 20)
    bucket.put(KEY, bytes(11 << 20))
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, after="archive")
    document = a_document(inbox)

    def replace_it(**_: object) -> None:
        if bucket.get(KEY) != b"others":
            bucket.put(KEY, b"others")

    inbox._connection.client().meta.events.register("before-call.s3.CreateMultipartUpload", replace_it)
    inbox.archive(document)
    assert bucket.keys() == [KEY]
    assert bucket.get(KEY) == b"others"


def test_a_copy_that_is_not_whole_keeps_the_source_where_it_is(bucket: Store, tmp_path: Path) -> None:
    bucket.put(KEY, b"pixels")
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, after="archive")
    document = a_document(inbox)

    def spoil(**_: object) -> None:
        bucket.put("in/archive/scan.png", b"pix")

    inbox._connection.client().meta.events.register("after-call.s3.CopyObject", spoil)
    with pytest.raises(InboxUnavailableError, match=r"its copy in/archive/scan\.png .* is not what was copied"):
        inbox.archive(document)
    assert bucket.get(KEY) == b"pixels"


@pytest.mark.parametrize("store", ["bucket", "sqs_bucket"], indirect=True)
def test_a_bucket_with_versions_keeps_them_all(store: Store, ledger: Ledger, tmp_path: Path) -> None:
    store.client().put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})
    store.put(KEY, a_scan())
    first_written = description_of(store, KEY)["LastModified"]
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive", reconcile_seconds=0.2)
    site = BucketSite(store, inbox, ledger)
    with site.working():
        site.until(1)
        assert store.keys() == ["in/archive/scan.png", "in/scan.png.ocr.json"]
        assert [key for key in versions_of(store) if "probe" not in key] == [
            "in/archive/scan.png",
            KEY,
            "in/scan.png.ocr.json",
        ]
        put_later(store, a_scan(), first_written)
        first, second = site.until(2)
    assert {first.state, second.state} == {JobState.DONE}
    assert first.document != second.document
    assert versions_of(store).count(KEY) == 2


def test_the_version_that_was_read_is_tagged_and_no_other(bucket: Store, tmp_path: Path) -> None:
    client = bucket.client()
    client.put_bucket_versioning(Bucket=bucket.bucket, VersioningConfiguration={"Status": "Enabled"})
    bucket.put(KEY, b"pixels")
    version = description_of(bucket, KEY)["VersionId"]
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, after="tag")
    document = a_document(inbox)

    def replace_it(**_: object) -> None:
        bucket.put(KEY, b"others")

    inbox._connection.client().meta.events.register("before-call.s3.PutObjectTagging", replace_it)
    inbox.archive(document)
    assert tags_of(bucket) == {}
    found = client.get_object_tagging(Bucket=bucket.bucket, Key=KEY, VersionId=version)["TagSet"]
    assert found == [{"Key": "ocr-inbox", "Value": "done"}]


@pytest.mark.parametrize(
    ("after", "denied", "code"),
    [
        ("archive", "CopyObject", "AccessDenied"),
        ("archive", "DeleteObject", "AccessDenied"),
        ("delete", "DeleteObject", "ObjectLocked"),
        ("tag", "PutObjectTagging", "AccessDenied"),
    ],
)
def test_a_clean_up_that_is_denied_waits_and_nothing_is_read_or_copied_twice(
    bucket: Store, faulty_bucket: Store, ledger: Ledger, tmp_path: Path, after: Any, denied: str, code: str
) -> None:
    bucket.put(KEY, a_scan())
    microburst.tell(faulty_bucket, Fault(operation=denied, resource="scan.png", error=code, status=403))
    inbox = a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket, after=after)
    site = BucketSite(bucket, inbox, ledger)
    with site.working():
        job = site.until_one_waits()
        assert (job.code, job.sidecar is not None) == ("access_denied", True)
        assert str(job.reason).startswith(
            f"cannot {'copy' if denied == 'CopyObject' else after.replace('archive', 'delete')} "
        )
        site.until_one_waits(3)
        microburst.tell(faulty_bucket)
        (job,) = site.until(1)
    assert (job.state, job.attempts - job.attempts_allowed) == (JobState.DONE, 1 - 3)  # none was used up
    assert site.readers.engine.read_so_far == 1
    left = {
        "archive": ["in/archive/scan.png", "in/scan.png.ocr.json"],
        "delete": ["in/scan.png.ocr.json"],
        "tag": [KEY, "in/scan.png.ocr.json"],
    }
    assert bucket.keys() == left[after]


def test_what_is_locked_is_hidden_and_kept(bucket: Store, ledger: Ledger, tmp_path: Path) -> None:
    """Deleting it leaves a marker, which a lock allows; its retention keeps what is behind the marker."""
    locked = bucket.fresh()
    client = locked.client()
    client.delete_bucket(Bucket=locked.bucket)
    client.create_bucket(Bucket=locked.bucket, ObjectLockEnabledForBucket=True)
    locked.put(KEY, a_scan())
    client.put_object_legal_hold(Bucket=locked.bucket, Key=KEY, LegalHold={"Status": "ON"})
    site = BucketSite(locked, a_bucket_inbox(locked.settings(tmp_path), locked.bucket, after="archive"), ledger)
    with site.working():
        (job,) = site.until(1)
    assert job.state is JobState.DONE
    assert locked.keys() == ["in/archive/scan.png", "in/scan.png.ocr.json"]
    assert KEY in versions_of(locked)


def test_what_is_rejected_takes_its_sidecar_along_and_comes_back_when_it_is_put_back(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    store.put("in/bad.png", b"no pixels")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after_failure="move", reconcile_seconds=0.2)
    site = BucketSite(store, inbox, ledger, LoadedReaders())
    with site.working():
        (job,) = site.until(1)
        assert job.state is JobState.BURIED
        assert store.keys() == ["in/failed/bad.png", "in/failed/bad.png.ocr.json"]
        store.put("in/bad.png", a_scan())
        assert site.until(2)[1].state is JobState.DONE


def test_sidecars_say_what_they_are_and_what_they_were_made_from(store: Store, tmp_path: Path) -> None:
    store.put("in/ä b.png", b"pixels")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket)
    with listening(inbox) as listener:
        inbox.deliver(listener.expect("ä b.png").document, [JSON])
    sidecar = description_of(store, "in/ä b.png.ocr.json")
    assert sidecar["ContentType"] == "application/json"
    assert sidecar["Metadata"]["ocr-source"] == f"{store.bucket}/in/%C3%A4%20b.png"
    assert sidecar["Metadata"]["ocr-source-etag"] == hashlib.md5(b"pixels", usedforsecurity=False).hexdigest()
