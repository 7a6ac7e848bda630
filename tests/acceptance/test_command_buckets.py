"""Commands that are about buckets, beside a daemon that runs and one that does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from bucket_sites import a_site
from ocr_inbox import canary
from ocr_inbox.canary import released
from ocr_inbox.findings import Health
from ocr_inbox.settings import load_settings
from running import Site, make_site
from stores import Store, ministack

RULES = [{"match": "tables/**", "pipeline": "table"}, {"match": "*.png", "pipeline": "text", "priority": "high"}]


@pytest.fixture
def resting(tmp_path: Path) -> Site:
    """No daemon runs here, and there is no store either."""
    bucket = {"name": "scans", "bucket": "all-scans", "prefix": "in/", "archive_to": "in/archive/", "rules": RULES}
    return make_site(tmp_path, inboxes=(), buckets=[bucket], table={"enabled": True})


def routed(site: Site, place: str) -> Any:
    finished = site.command("route", "--json", place)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.parametrize(
    ("key", "pipeline", "rule"),
    [("scan 1+.png", "text", "*.png"), ("tables/münchen/q3.pdf", "table", "tables/**"), ("letter.pdf", None, "")],
)
def test_route_says_which_rule_takes_an_object(resting: Site, key: str, pipeline: str | None, rule: str) -> None:
    told = routed(resting, f"s3://all-scans/in/{key}")
    assert (told["inbox"], told["pipeline"], told["rule"]) == ("scans", pipeline, rule)


@pytest.mark.parametrize("key", ["archive/a.png", ".hidden/a.png", "a.png.ocr.json", "folder/"])
def test_route_says_that_an_object_is_left_alone(resting: Site, key: str) -> None:
    told = routed(resting, f"s3://all-scans/in/{key}")
    assert (told["pipeline"], told["reason"]) == (None, "it is hidden, temporary, a sidecar, or in a place of ours")
    said = resting.command("route", f"s3://all-scans/in/{key}").stdout
    assert said == f"inbox scans leaves it alone: {told['reason']}\n"


def test_route_of_an_object_in_no_inbox_names_the_inboxes(resting: Site) -> None:
    for place in ("s3://all-scans/out/a.png", "s3://others/in/a.png"):
        finished = resting.command("route", place)
        assert finished.returncode == 78
        assert "it lies in no inbox (these are s3://all-scans/in/)" in finished.stderr


def test_doctor_hears_the_event_of_a_canary_and_leaves_nothing_behind(tmp_path: Path, sqs_bucket: Store) -> None:
    queue = ministack.a_queue(sqs_bucket)
    ministack.tell_queue(queue)
    site = a_site(tmp_path, sqs_bucket, events="sqs", sqs_url=queue.url)
    with site.serving():
        finished = site.command("doctor", "--canary", "--json")
    findings = {finding["subject"]: finding for finding in json.loads(finished.stdout)}
    assert finished.returncode == 0, finished.stdout
    assert findings["inbox scans"]["health"] == "good"
    assert findings["canary in scans"]["detail"] == "sidecars can be left; conditional writes work"
    assert findings["events of scans"]["detail"].startswith("heard after ")
    assert sqs_bucket.keys() == []


def test_doctor_names_a_bucket_that_cannot_be_used_and_goes_on(tmp_path: Path, bucket: Store) -> None:
    site = a_site(tmp_path, bucket)
    (tmp_path / "secret-key").unlink()
    finished = site.command("doctor", "--canary")
    assert finished.returncode == 1
    assert "FAIL  canary in scans: cannot read the keys of the object store: " in finished.stdout
    assert "-> docs/object-stores.md says which rights it needs" in finished.stdout


def test_an_event_that_never_comes_is_doubtful_and_its_canary_is_taken_away(
    tmp_path: Path, bucket: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "_PATIENCE", 1.0)
    site = a_site(tmp_path, bucket, events="webhook")  # which this store was never told
    with site.serving():
        _, events = released(load_settings(site.config))
    assert (events.subject, events.health) == ("events of scans", Health.DOUBTFUL)
    assert events.detail == "nothing was heard in 1 s; scans find new objects all the same"
    assert "sends s3:ObjectCreated:* to webhook" in events.remedy
    assert bucket.keys() == []
