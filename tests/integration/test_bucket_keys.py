"""Bucket inboxes keep what is promised of keys, and find a name for what would have too long a one."""

import hashlib
from pathlib import Path

from buckets import BucketSite, a_bucket_inbox, a_scan
from contract.key_promises import DEEP, KeyPromises
from ocr_inbox.ledger import Ledger
from ocr_inbox.s3 import Place
from stores import Store


class TestBucketKeys(KeyPromises):
    """On every store that CI has."""


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
