"""What is promised of every bucket, kept on Ceph, which obeys some conditions and not others, and posts its events."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from bucket_sites import EVENT_KEY, a_site
from buckets import BucketPlace, BucketSite, a_bucket_inbox, a_scan, description_of, tags_of
from contract.inbox_promises import InboxPromises
from contract.key_promises import KEYS, KeyPromises, put_what_it_takes
from listening import arrival_of
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from ocr_inbox.objects import ObjectName
from ocr_inbox.s3 import Connection, Place, removal
from ocr_inbox.s3.habits import Abilities, probe
from pages import encoded, render_line
from posted import AWKWARD, receiving
from running import eventually, free_port, valid
from stores import Store, ceph
from stores.server import Server

if missing := ceph.missing():
    pytest.skip(missing, allow_module_level=True)

NEVER = 100_000
"""Seconds between two listings: what is read before was told of."""
KEY = "in/scan.png"


@pytest.fixture(scope="session")
def _ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with ceph.serving(tmp_path_factory.mktemp("ceph")) as server:
        yield server


@pytest.fixture
def store(_ceph: Server) -> Store:
    """An empty bucket on Ceph."""
    return _ceph.store.fresh()


def until_the_next_second() -> None:
    """Documents tell the time of their version in whole ones."""
    now = time.time()
    eventually(lambda: time.time() >= now + 1)


class TestCephPromises(InboxPromises):
    @pytest.fixture
    def place(self, tmp_path: Path, store: Store) -> BucketPlace:
        return BucketPlace(store, tmp_path)


class TestCephKeys(KeyPromises):
    @pytest.fixture
    def store(self, _ceph: Server) -> Store:
        return _ceph.store.fresh()

    def test_all_of_them_are_taken_as_they_are(self, store: Store) -> None:
        assert set(put_what_it_takes(store, "")) == set(KEYS)


def test_what_it_obeys_is_found_out(store: Store, tmp_path: Path) -> None:
    """It calls an ETag in quotes another one, and does not look at the condition of a deletion at all."""
    client = Connection(store.settings(tmp_path)).client()
    found = probe(client, Place(bucket=store.bucket, prefix="in/"))
    assert found == Abilities(put_new=True, put_over=False, delete_known=False)
    assert store.keys() == []


def test_of_many_who_write_the_same_new_object_one_does(store: Store) -> None:
    def write(number: int) -> str:
        try:
            store.put(KEY, b"%d" % number, IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "written"

    with ThreadPoolExecutor(8) as people:
        assert Counter(people.map(write, range(8))) == {"written": 1, "PreconditionFailed": 7}


@pytest.mark.parametrize("part_bytes", [64 << 20, 5 << 20])
def test_what_is_copied_into_the_archive_is_whole(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_bytes: int
) -> None:
    """At once or in parts."""
    monkeypatch.setattr(removal, "_PART_BYTES", part_bytes)
    content = bytes(range(256)) * (11 << 12)
    store.put(KEY, content, Metadata={"scanner": "3rd floor"}, ContentType="image/tiff")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive")
    inbox.archive(arrival_of(inbox, "scan.png").document)
    assert store.keys() == ["in/archive/scan.png"]
    assert store.get("in/archive/scan.png") == content
    copy = description_of(store, "in/archive/scan.png")
    assert (copy["ContentType"], copy["Metadata"]["scanner"]) == ("image/tiff", "3rd floor")


@pytest.mark.parametrize("part_bytes", [64 << 20, 5 << 20])
def test_tags_go_along_into_the_archive(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_bytes: int
) -> None:
    monkeypatch.setattr(removal, "_PART_BYTES", part_bytes)
    store.put(KEY, bytes(11 << 20), Tagging="owner=alice")
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive")
    inbox.archive(arrival_of(inbox, "scan.png").document)
    assert tags_of(store, "in/archive/scan.png") == {"owner": "alice"}


@pytest.mark.parametrize("versioned", [True, False])
def test_what_was_tagged_before_it_is_read_is_read(
    store: Store, ledger: Ledger, tmp_path: Path, *, versioned: bool
) -> None:
    """A listing tells the time before the tag in a bucket with versions, and no ETag once the tags are gone."""
    if versioned:
        store.client().put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})
    store.put(KEY, a_scan())
    until_the_next_second()
    where = {"Bucket": store.bucket, "Key": KEY}
    store.client().put_object_tagging(**where, Tagging={"TagSet": [{"Key": "owner", "Value": "alice"}]})
    store.client().delete_object_tagging(**where)
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, reconcile_seconds=0.2)
    site = BucketSite(store, inbox, ledger)
    with site.working():
        eventually(lambda: [job for job in site.ended() if job.state is JobState.DONE], 10)


def test_a_bucket_with_versions_keeps_them_all(store: Store, ledger: Ledger, tmp_path: Path) -> None:
    client = store.client()
    client.put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})
    store.put(KEY, a_scan())
    site = BucketSite(store, a_bucket_inbox(store.settings(tmp_path), store.bucket, after="archive"), ledger)
    with site.working():
        (job,) = site.until(1)
    assert job.state is JobState.DONE
    assert store.keys() == ["in/archive/scan.png", "in/scan.png.ocr.json"]
    versions = client.list_object_versions(Bucket=store.bucket)["Versions"]
    assert [it["Key"] for it in versions].count(KEY) == 1


def test_what_is_tagged_when_it_was_read_is_read_once(store: Store, ledger: Ledger, tmp_path: Path) -> None:
    """A tag changes the time of an object there, which makes it another document; its sidecar says that it is done."""
    store.put(KEY, a_scan())
    until_the_next_second()
    inbox = a_bucket_inbox(store.settings(tmp_path), store.bucket, after="tag", reconcile_seconds=0.2)
    site = BucketSite(store, inbox, ledger)
    with site.working():
        jobs = site.until(2)
    assert {job.state for job in jobs} == {JobState.DONE}
    assert site.readers.engine.read_so_far == 1
    assert tags_of(store, KEY) == {"ocr-inbox": "done"}


def test_many_are_deleted_at_once_without_a_checksum(store: Store) -> None:
    for number in range(3):
        store.put(f"{number}", b"1")
    store.client().delete_objects(Bucket=store.bucket, Delete={"Objects": [{"Key": key} for key in store.keys()]})
    assert store.keys() == []


def test_it_has_its_objects_again_after_it_was_killed(tmp_path: Path) -> None:
    with ceph.serving(tmp_path) as server:
        keys = [f"{number:03}" for number in range(200)]
        with ThreadPoolExecutor(8) as people:
            list(people.map(server.store.put, keys, [b"pixels"] * len(keys)))
        server.kill()
        assert server.pids() == []
        server.start()
        assert set(server.store.keys()) >= set(keys)
        assert server.store.get("199") == b"pixels"


def test_what_it_posts_is_understood(store: Store) -> None:
    with receiving() as posted:
        ceph.tell_webhook(store, posted.url)
        for key in AWKWARD:
            store.put(key, b"pixels")
        names = {ObjectName(bucket=store.bucket, key=key) for key in AWKWARD}
        eventually(lambda: posted.objects() == names)


def test_what_it_tells_is_looked_up_and_read_at_once(store: Store, tmp_path: Path) -> None:
    """It cannot send headers, so the key is part of the address."""
    port = free_port()
    ceph.tell_webhook(store, f"http://127.0.0.1:{port}/api/v1/events/s3?key={EVENT_KEY}")
    with a_site(tmp_path, store, port=port, events="webhook", reconcile_seconds=NEVER).serving() as daemon:
        eventually(lambda: daemon.get("/api/v1/health").json()["inboxes"]["scans"]["last_scan_at"])
        store.put("in/told of+.png", encoded(render_line("Invoice 2041")))
        eventually(lambda: "in/told of+.png.ocr.json" in store.keys())
        assert valid(store.get("in/told of+.png.ocr.json").decode())["result"]["text"] == "Invoice 2041"
        assert daemon.get("/api/v1/health").json()["hearing"]["webhook"]["told"] >= 1
