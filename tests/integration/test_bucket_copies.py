"""Objects that are moved out of the way are copied whole, with all that belongs to them, before they are deleted."""

from pathlib import Path

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from buckets import KEY, a_bucket_inbox, a_document, description_of, requests_made, tags_of
from ocr_inbox.errors import InboxUnavailableError
from ocr_inbox.s3 import Place, removal
from stores import Store


def put_as_other_clients_do(store: Store, scanner: str) -> None:
    """boto3 refuses to send what is not ASCII."""
    credentials = Credentials(store.access_key, store.secret_key)
    request = AWSRequest("PUT", f"{store.endpoint}/{store.bucket}/{KEY}", data=b"pixels")
    request.headers["x-amz-meta-scanner"] = scanner
    S3SigV4Auth(credentials, "s3", store.region).add_auth(request)
    headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
    httpx.put(request.url, content=b"pixels", headers=headers, trust_env=False).raise_for_status()


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
