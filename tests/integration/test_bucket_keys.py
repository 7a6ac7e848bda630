"""Whatever a store takes as a key arrives, is read, delivered and taken away under a key that can be printed."""

import hashlib
from contextlib import suppress
from pathlib import Path

from botocore.exceptions import ClientError

from buckets import JSON, BucketSite, a_bucket_inbox, a_scan, assert_read
from listening import listening
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState, Output
from ocr_inbox.s3 import BucketInbox, Place
from ocr_inbox.s3.fetching import Fetcher
from running import eventually
from stores import Store

DEEP = "/".join(["x" * 200] * 5)
KEYS = [
    *("a b.png", "a+b.png", "a%2Bb.png", "%20.png", "q?x=1#f.png", "a;b,c=d@e:f$g!'()*.png", "a&b<c>.png"),
    *("ünïcode.png", "e\u0301.png", "文件.png", "\U0001f600.png", " lead.png", "trail.png ", "back\\slash.png"),
    *("new\nline.png", "tab\t.png", "\x01.png", "\x7f.png", "/lead.png", "x//d.png", "../up.png", "x/../up.png"),
    *("./dot.png", "both", "both/inner.png", "y" * 251 + ".png", f"{DEEP}/{'y' * 11}1.png", f"{DEEP}/{'y' * 11}2.png"),
]
NO_DOCUMENTS = ["folder/", "empty.png", ".hidden.png", ".hidden/scan.png", "scan.png.ocr.json"]


def put_what_it_takes(store: Store, prefix: str = "in/") -> dict[str, bytes]:
    """All keys that this store takes, as it calls them, each with a content of its own."""
    for number, key in enumerate(KEYS):
        with suppress(ClientError):
            store.client(attempts=1).put_object(Bucket=store.bucket, Key=prefix + key, Body=a_scan(number))
    return {key: store.get(key) for key in store.keys("") if not key.endswith("/")}


def test_each_arrives_once_is_read_and_archived(store: Store, ledger: Ledger, tmp_path: Path) -> None:
    contents = put_what_it_takes(store)
    assert len(contents) >= 24
    site = BucketSite(store, a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive"), ledger)
    with site.working():
        jobs = site.until(len(contents))
    assert [(job.document.key, job.reason) for job in jobs if job.state is not JobState.DONE] == []
    assert len({job.document.key for job in jobs}) == len(contents) == site.readers.engine.read_so_far
    assert [job.document.key for job in jobs if "\n" in job.document.key or "\x01" in job.document.key] == []
    sidecars = [key for key in store.keys("") if key.endswith(".ocr.json")]
    archived = [key for key in store.keys("") if key.startswith("in/archive/")]
    assert len(sidecars) == len(contents) == len(archived) == len(store.keys()) / 2
    assert sorted(map(store.get, archived)) == sorted(contents.values())


def test_each_has_a_sidecar_of_its_own_beside_it(store: Store, ledger: Ledger, tmp_path: Path) -> None:
    contents = {key: content for key, content in put_what_it_takes(store, "").items() if len(key) < 200}
    for key in store.keys(""):
        if key not in contents:
            store.delete(key)
    site = BucketSite(store, a_bucket_inbox(store.settings(tmp_path), store.bucket, prefix=""), ledger)
    with site.working():
        site.until(len(contents))
    assert_read(store, contents)


def test_each_is_fetched_and_rejected_with_its_sidecar(store: Store, tmp_path: Path) -> None:
    contents = put_what_it_takes(store)
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after_failure="move")
    fetcher, documents = Fetcher(), documents_in(inbox, len(contents))
    assert sorted(fetcher.fetch(inbox.locate(it), 1 << 20) for it in documents.values()) == sorted(contents.values())
    for document in documents.values():
        assert inbox.deliver(document, [JSON]) == inbox.sidecar_uri(document)
        assert inbox.delivered(document, Output.JSON) == JSON.content
        for _ in range(2):
            inbox.reject(document)
    failed = [key for key in store.keys("") if key.startswith("in/failed/")]
    assert failed == store.keys()
    assert len(failed) == 2 * len(contents)


def documents_in(inbox: BucketInbox, count: int) -> dict[str, object]:
    with listening(inbox) as listener:
        listener.wait(lambda: len(listener.seen()) >= count)
        return {arrival.document.key: arrival.document for arrival in listener.arrivals}


def test_folder_markers_and_what_is_empty_or_hidden_never_arrive(store: Store, tmp_path: Path) -> None:
    for key in NO_DOCUMENTS:
        store.put(f"in/{key}", b"" if key in {"folder/", "empty.png"} else b"pixels")
    store.put("in/scan.png", b"pixels")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket)
    with listening(inbox) as listener:
        listener.expect("scan.png")
        eventually(lambda: inbox.vitals().last_scan_at)
        assert listener.seen() == {"scan.png"}


def test_long_keys_whose_sidecars_go_elsewhere_do_not_collide(bucket: Store, ledger: Ledger, tmp_path: Path) -> None:
    results = bucket.fresh()
    keys = [f"in/{DEEP}/{'y' * 10}{number}.png" for number in range(3)]
    for number, key in enumerate(keys):
        bucket.put(key, a_scan(number))
    sidecars = Place(bucket=results.bucket, prefix="of/some/scanner/")
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, sidecars=sidecars)
    site = BucketSite(bucket, inbox, ledger)
    with site.working():
        site.until(3)
    found = [results.client().head_object(Bucket=results.bucket, Key=key)["Metadata"] for key in results.keys("of/")]
    assert len(found) == 3
    assert {it["ocr-source-etag"] for it in found} == {
        hashlib.md5(a_scan(n), usedforsecurity=False).hexdigest() for n in range(3)
    }
    assert all(it["ocr-source"].startswith(f"{bucket.bucket}/in/xxx") for it in found)
