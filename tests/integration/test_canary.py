"""Canaries released into real buckets: what each of them found there, and that none is left behind."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bucket_sites import a_site
from ocr_inbox.canary import released
from ocr_inbox.findings import Finding, Health
from ocr_inbox.settings import Settings, load_settings
from stores import Store, microburst
from stores.microburst import Fault
from stores.server import free_ports


def settings_for(folder: Path, store: Store, **bucket: Any) -> Settings:
    return load_settings(a_site(folder, store, **bucket).config)


def the_finding(folder: Path, store: Store) -> Finding:
    (finding,) = released(settings_for(folder, store))
    assert finding.subject == "canary in scans"
    return finding


@pytest.mark.parametrize(
    ("store", "habit"),
    [("bucket", "conditional writes work"), ("minio_bucket", "there are no conditional writes")],
    indirect=["store"],
)
def test_a_canary_says_what_the_store_obeys_and_is_taken_away(store: Store, tmp_path: Path, habit: str) -> None:
    finding = the_finding(tmp_path, store)
    assert (finding.health, finding.detail) == (Health.GOOD, f"sidecars can be left; {habit}")
    assert store.keys() == []


def test_a_bucket_that_may_not_be_written_is_bad_and_the_remedy_names_the_rights(
    faulty_bucket: Store, tmp_path: Path
) -> None:
    microburst.tell(faulty_bucket, Fault(operation="PutObject", error="AccessDenied", status=403))
    finding = the_finding(tmp_path, faulty_bucket)
    assert finding.health is Health.BAD
    assert finding.detail.startswith(f"cannot write into bucket {faulty_bucket.bucket}: access denied")
    assert finding.remedy == "docs/object-stores.md says which rights it needs"


def test_a_store_whose_keys_cannot_be_read_is_bad_and_not_the_end(bucket: Store, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, bucket)
    (tmp_path / "secret-key").unlink()
    (finding,) = released(settings)
    assert finding.health is Health.BAD
    assert finding.detail.startswith("cannot read the keys of the object store: ")


def test_a_store_that_is_away_is_bad(bucket: Store, tmp_path: Path) -> None:
    finding = the_finding(tmp_path, replace(bucket, endpoint=f"http://127.0.0.1:{free_ports(1)[0]}"))
    assert finding.health is Health.BAD
    assert "Could not connect" in finding.detail


def test_events_without_a_daemon_cannot_be_told_of(bucket: Store, tmp_path: Path) -> None:
    canary, events = released(settings_for(tmp_path, bucket, events="webhook"))
    assert (canary.health, events.health) == (Health.GOOD, Health.DOUBTFUL)
    assert events.detail == "nobody listens: its API does not answer"


def test_a_daemon_that_cannot_be_asked_is_doubtful_and_not_the_end(bucket: Store, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, bucket, events="webhook")
    locked = settings.model_copy(update={"api": settings.api.model_copy(update={"key_file": tmp_path / "no-file"})})
    _, events = released(locked)
    assert events.health is Health.DOUBTFUL
    assert "cannot read api.key_file" in events.detail
