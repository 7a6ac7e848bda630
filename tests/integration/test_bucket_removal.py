"""What becomes of an object that was dealt with: nothing is lost, and what cannot be done waits and says why."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from buckets import JSON, KEY, BucketSite, LoadedReaders, a_bucket_inbox, a_document, a_scan, description_of, tags_of
from listening import listening
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from ocr_inbox.s3 import Place
from running import eventually
from stores import Store, microburst
from stores.microburst import Fault


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
        assert tags_of(store, KEY) == {"owner": "alice", "ocr-inbox": end}
    assert a_document(inbox) == document


def test_another_version_is_not_tagged(store: Store, tmp_path: Path) -> None:
    store.put(KEY, b"pixels")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="tag")
    document = a_document(inbox)
    store.put(KEY, b"others")
    inbox.archive(document)
    assert tags_of(store, KEY) == {}


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
    assert tags_of(bucket, KEY) == {"ocr-inbox": "done"}
    assert site.readers.engine.read_so_far == 1


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
    assert tags_of(bucket, KEY) == {}
    found = client.get_object_tagging(Bucket=bucket.bucket, Key=KEY, VersionId=version)["TagSet"]
    assert found == [{"Key": "ocr-inbox", "Value": "done"}]


@pytest.mark.parametrize(
    ("after", "denied", "code"),
    [
        ("archive", "PutObject", "AccessDenied"),  # which is what the proxy takes a copy for
        ("archive", "DeleteObject", "AccessDenied"),
        ("delete", "DeleteObject", "ObjectLocked"),
        ("tag", "PutObjectTagging", "AccessDenied"),
    ],
)
def test_a_clean_up_that_is_denied_waits_and_nothing_is_read_or_copied_twice(
    bucket: Store, faulty_bucket: Store, ledger: Ledger, tmp_path: Path, *, after: Any, denied: str, code: str
) -> None:
    bucket.put(KEY, a_scan())
    elsewhere = bucket.fresh()
    where = elsewhere.bucket if denied == "PutObject" else bucket.bucket
    microburst.tell(faulty_bucket, Fault(operation=denied, resource=where, error=code, status=403))
    archive = Place(bucket=elsewhere.bucket, prefix="")
    inbox = a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket, after=after, archive=archive)
    site = BucketSite(bucket, inbox, ledger)
    with site.working():
        job = site.until_one_waits(3)
        assert (job.code, job.sidecar is not None) == ("access_denied", True)
        deed = {"PutObject": "copy", "DeleteObject": "delete", "PutObjectTagging": "tag"}[denied]
        assert str(job.reason).startswith(f"cannot {deed} in/scan.png ")
        microburst.tell(faulty_bucket)
        (job,) = site.until(1)
    assert (job.state, site.readers.engine.read_so_far) == (JobState.DONE, 1)
    assert job.attempts - job.attempts_allowed == 1 - 3  # none was used up
    assert elsewhere.keys() == (["scan.png"] if after == "archive" else [])
    assert (KEY in bucket.keys("in/")) == (after == "tag")


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
