"""What a store can do is tried once, with an object that is no document; and what it costs to serve one that is."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest

from buckets import BucketSite, a_bucket_inbox, a_document, a_scan, requests_made
from ocr_inbox.errors import AccessDeniedError, InboxUnavailableError
from ocr_inbox.ledger import Ledger
from ocr_inbox.s3 import Connection, Place
from ocr_inbox.s3.habits import Abilities, probe
from stores import Store, microburst
from stores.microburst import Fault

ALL = Abilities(put_new=True, put_over=True, delete_known=True)
NONE = Abilities(put_new=False, put_over=False, delete_known=False)


@pytest.mark.parametrize(
    ("store", "abilities"), [("bucket", ALL), ("minio_bucket", NONE), ("sqs_bucket", ALL)], indirect=["store"]
)
def test_what_a_store_obeys_is_found_out(store: Store, tmp_path: Path, abilities: Abilities) -> None:
    client = Connection(store.settings(tmp_path)).client()
    assert probe(client, Place(bucket=store.bucket, prefix="in/")) == abilities
    assert store.keys() == []


def test_it_is_tried_once_however_many_ask(bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.put("in/scan.png", b"pixels")
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket)
    document = a_document(inbox)
    asked = requests_made(monkeypatch)
    with ThreadPoolExecutor(8) as lanes:
        list(lanes.map(inbox.locate, [document] * 20))
    assert Counter(asked) == {"PutObject": 4, "DeleteObject": 2, "HeadObject": 21}


@pytest.mark.parametrize(
    ("fault", "failure", "reason"),
    [
        (Fault(operation="PutObject", error="AccessDenied", status=403), AccessDeniedError, "cannot write into bucket"),
        (Fault(operation="PutObject", reset=True), InboxUnavailableError, "cannot write into bucket"),
    ],
)
def test_where_no_sidecar_could_be_left_nothing_is_read(  # noqa: PLR0917 - what goes wrong, and where
    bucket: Store,
    faulty_bucket: Store,
    ledger: Ledger,
    tmp_path: Path,
    fault: Fault,
    failure: type[InboxUnavailableError],
    reason: str,
) -> None:
    bucket.put("in/scan.png", a_scan())
    microburst.tell(faulty_bucket, fault)
    site = BucketSite(bucket, a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket), ledger)
    with site.working():
        job = site.until_one_waits()
        assert (job.code, site.readers.engine.read_so_far) == (failure.code, 0)
        assert reason in str(job.reason)
        microburst.tell(faulty_bucket)
        site.until(1)


@pytest.mark.parametrize(("error", "status"), [("SlowDown", 503), ("InternalError", 500), ("AccessDenied", 403)])
def test_a_store_that_is_in_trouble_is_not_taken_for_an_obedient_one(
    faulty_bucket: Store, tmp_path: Path, error: str, status: int
) -> None:
    """It would be for as long as the daemon runs."""
    client = Connection(faulty_bucket.settings(tmp_path)).client()
    trouble = Fault(operation="PutObject", error=error, status=status)
    client.meta.events.register("after-call.s3.PutObject", lambda **_: microburst.tell(faulty_bucket, trouble))
    with pytest.raises(InboxUnavailableError, match="cannot write into bucket"):
        probe(client, Place(bucket=faulty_bucket.bucket, prefix="in/"))
    assert faulty_bucket.keys() == []


def test_where_nobody_may_delete_one_object_stays_and_not_one_for_each_start(
    bucket: Store, faulty_bucket: Store, tmp_path: Path
) -> None:
    microburst.tell(faulty_bucket, Fault(operation="DeleteObject", error="AccessDenied", status=403))
    bucket.put("in/scan.png", b"pixels")
    for _ in range(3):
        inbox = a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket)
        inbox.locate(a_document(inbox))
    (left,) = [key for key in bucket.keys("in/") if key != "in/scan.png"]
    assert left.startswith("in/.ocr-inbox-probe-")


FOR_EACH = {"HeadObject": 2, "GetObject": 2, "PutObject": 1}
"""Is it there? Is there a sidecar? What is in it? Is it still there? Here is its sidecar."""


@pytest.mark.parametrize(
    ("after", "more"),
    [
        ("leave", {}),
        ("delete", {"DeleteObject": 1}),
        ("tag", {"HeadObject": 1, "GetObjectTagging": 1, "PutObjectTagging": 1}),
        ("archive", {"HeadObject": 3, "CopyObject": 1, "DeleteObject": 1}),
    ],
)
def test_a_document_costs_as_many_requests_as_it_needs(
    bucket: Store,
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    after: Literal["leave", "tag", "archive", "delete"],
    more: dict[str, int],
) -> None:
    bucket.put("in/first.png", a_scan(0))
    asked = requests_made(monkeypatch)
    inbox = a_bucket_inbox(bucket.settings(tmp_path), bucket.bucket, after=after, reconcile_seconds=0.2)
    site = BucketSite(bucket, inbox, ledger)
    with site.working():
        site.until(1)
        asked.clear()
        for number in range(1, 4):
            bucket.put(f"in/{number}.png", a_scan(number))
        site.until(4)
    found: dict[str, Any] = Counter(it for it in asked if it != "ListObjectsV2")
    assert found == {name: 3 * count for name, count in (Counter(FOR_EACH) + Counter(more)).items()}
