"""Stores behind https: whom the daemon believes, and what it says where it does not."""

from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from authorities import Authority, an_authority, behind_tls
from buckets import BucketSite, a_bucket_inbox, a_scan, assert_read
from builders import an_assignment
from listening import arrival_of, listening
from ocr_inbox.errors import InboxUnavailableError
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from ocr_inbox.objects import ObjectName, ObjectSource
from ocr_inbox.s3 import lookout
from ocr_inbox.s3.fetching import Fetcher
from running import eventually
from stores import Store

KEY = "in/scan.png"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return an_authority(tmp_path)


def test_a_store_with_a_certificate_of_the_named_authority_is_used_like_any_other(
    bucket: Store, authority: Authority, ledger: Ledger, tmp_path: Path
) -> None:
    bucket.put(KEY, a_scan())
    with behind_tls(bucket, authority.certificate()) as store:
        settings = replace(store.settings(tmp_path), ca_file=authority.path)
        site = BucketSite(store, a_bucket_inbox(settings, store.bucket, after="archive"), ledger)
        with site.working():
            (job,) = site.until(1)
    assert (job.state, site.readers.engine.read_so_far) == (JobState.DONE, 1)
    assert bucket.keys() == ["in/archive/scan.png", "in/scan.png.ocr.json"]


UNTRUSTED = "; name the certificate of the authority that signed it in `ca_file`"


def test_one_of_an_authority_that_nobody_named_costs_no_attempt_and_is_waited_for(
    bucket: Store, authority: Authority, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the file has the right certificate, the daemon goes on by itself."""
    monkeypatch.setattr(lookout, "_FIRST_PAUSE", 0.1)
    known = tmp_path / "ca.pem"
    known.write_bytes(authority.path.read_bytes())
    bucket.put(KEY, a_scan())
    with behind_tls(bucket, authority.certificate()) as store:
        settings = replace(store.settings(tmp_path), ca_file=known)
        first = BucketSite(store, a_bucket_inbox(settings, store.bucket), ledger)
        ledger.enqueue([(arrival_of(first.inbox, "scan.png"), an_assignment())])
        known.write_bytes(an_authority(tmp_path, "another").path.read_bytes())
        site = BucketSite(store, a_bucket_inbox(settings, store.bucket), ledger)
        with site.working():
            job = site.until_one_waits()
            assert (job.code, job.attempts - job.attempts_allowed) == ("inbox_unavailable", -3)
            assert str(job.reason).endswith(UNTRUSTED)
            assert str(eventually(lambda: site.inbox.vitals().problem)).endswith(UNTRUSTED)
            known.write_bytes(authority.path.read_bytes())
            site.until(1)
    assert_read(bucket, {KEY: a_scan()})


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        ({"host": "store.example"}, "doesn't match 'store.example'; use a name that it is for in `endpoint_url`"),
        ({"from_day": -2, "to_day": -1}, "certificate has expired (_ssl.c:*); renew it on the server"),
        ({"from_day": 1, "to_day": 2}, "is not yet valid (_ssl.c:*); see that the clock is right"),
    ],
)
def test_a_reader_says_what_is_wrong_with_a_certificate(
    bucket: Store, authority: Authority, tmp_path: Path, *, certificate: Any, why: str
) -> None:
    etag = bucket.put(KEY, b"pixels").strip('"')
    with behind_tls(bucket, authority.certificate(**certificate)) as store:
        settings = replace(store.settings(tmp_path), ca_file=authority.path)
        name = ObjectName(bucket=store.bucket, key=KEY)
        source = ObjectSource(store=settings, name=name, etag=etag, size=6)
        with pytest.raises(InboxUnavailableError) as failure:
            Fetcher().fetch(source, 6)
    assert fnmatch(str(failure.value), f"cannot read the object: *{why}*")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory; let the daemon's user read the file that `ca_file` names"),
        (b"no certificate", "; put the authority's certificate into the file that `ca_file` names (PEM)"),
    ],
)
def test_a_file_without_certificates_is_said_so(
    bucket: Store, authority: Authority, tmp_path: Path, *, content: bytes | None, why: str
) -> None:
    known = tmp_path / "ca.pem"
    if content is not None:
        known.write_bytes(content)
    with behind_tls(bucket, authority.certificate()) as store:
        inbox = a_bucket_inbox(replace(store.settings(tmp_path), ca_file=known), store.bucket)
        with listening(inbox):
            assert why in str(eventually(lambda: inbox.vitals().problem))


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")  # it is
def test_whoever_trusts_anybody_needs_no_authority(bucket: Store, authority: Authority, tmp_path: Path) -> None:
    bucket.put(KEY, b"pixels")
    with behind_tls(bucket, authority.certificate()) as store:
        inbox = a_bucket_inbox(replace(store.settings(tmp_path), verify_tls=False), store.bucket)
        assert arrival_of(inbox, "scan.png").size == 6
