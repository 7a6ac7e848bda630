"""Buckets of real servers: what is uploaded is read, whoever tells of it or nobody does, and nothing is lost."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from authorities import an_authority, behind_tls
from bucket_sites import EVENT_KEY, a_site
from ocr_inbox.model import JobState
from pages import encoded, render_line
from running import Daemon, eventually, free_port, valid
from stores import Store, juicefs, ministack, seaweedfs

LINE = "Invoice 2041"
STRIP = encoded(render_line(LINE))
NEVER = 100_000
"""Seconds between two listings: what is read before was told of."""


def sidecar_in(store: Store, key: str) -> dict[str, Any]:
    """The sidecar of an object, as soon as it is there."""
    eventually(lambda: f"{key}.ocr.json" in store.keys(key), 60)
    return valid(store.get(f"{key}.ocr.json").decode())


def _sidecars(store: Store) -> list[str]:
    return [key for key in store.keys() if key.endswith(".ocr.json")]


def inbox_health(daemon: Daemon) -> dict[str, Any]:
    health: dict[str, Any] = daemon.get("/api/v1/health").json()["inboxes"]["scans"]
    return health


def test_what_is_uploaded_gets_a_sidecar_beside_it_and_is_archived(tmp_path: Path, bucket: Store) -> None:
    site = a_site(tmp_path, bucket, after="archive")
    with site.serving() as daemon:
        bucket.put("in/münchen/scan 1+.png", STRIP)
        sidecar = sidecar_in(bucket, "in/münchen/scan 1+.png")
        daemon.wait_for_job("münchen/scan 1+.png", [JobState.DONE])
    assert sidecar["result"]["text"] == LINE
    assert sidecar["source"]["uri"] == f"s3://{bucket.bucket}/in/m%C3%BCnchen/scan%201%2B.png"
    assert bucket.keys() == ["archive/münchen/scan 1+.png", "in/münchen/scan 1+.png.ocr.json"]


def test_what_cannot_be_read_goes_to_the_failed_place_with_its_reason(tmp_path: Path, bucket: Store) -> None:
    site = a_site(tmp_path, bucket, after_failure="move")
    with site.serving() as daemon:
        bucket.put("in/bad.png", STRIP[:100])
        daemon.wait_for_job("bad.png", [JobState.BURIED])
    assert bucket.keys() == ["failed/bad.png", "failed/bad.png.ocr.json"]
    assert valid(bucket.get("failed/bad.png.ocr.json").decode())["error_code"] == "unreadable"


def test_a_daemon_that_was_killed_leaves_one_sidecar_for_each_object(tmp_path: Path, bucket: Store) -> None:
    site = a_site(tmp_path, bucket)
    keys = [f"in/{number}.png" for number in range(6)]
    for key in keys:
        bucket.put(key, STRIP)
    with site.serving() as daemon:
        eventually(lambda: _sidecars(bucket))
        daemon.stop(signal.SIGKILL)
    with site.serving():
        for key in keys:
            assert sidecar_in(bucket, key)["result"]["text"] == LINE
        eventually(lambda: [job.state for job in site.jobs()] == [JobState.DONE] * 6)
    assert len(_sidecars(bucket)) == 6


def test_a_store_that_is_away_pauses_the_inbox_until_it_is_back(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with seaweedfs.serving(tmp_path_factory.mktemp("own")) as server:
        store = server.store.fresh()
        store.put("in/a.png", STRIP)
        server.kill()
        with a_site(tmp_path, store).serving() as daemon:
            assert "cannot list" in str(eventually(lambda: inbox_health(daemon)["problem"], 60))
            server.start()
            assert sidecar_in(store, "in/a.png")["result"]["text"] == LINE
            eventually(lambda: inbox_health(daemon)["problem"] is None, 60)


def test_a_store_by_https_is_read_by_who_knows_its_authority(tmp_path: Path, bucket: Store) -> None:
    authority = an_authority(tmp_path)
    bucket.put("in/a.png", STRIP)
    with behind_tls(bucket, authority.certificate()) as store:
        with a_site(tmp_path, store).serving() as daemon:
            problem = eventually(lambda: inbox_health(daemon)["problem"], 60)
            assert problem.endswith("name the certificate of the authority that signed it in `ca_file`")
        with a_site(tmp_path, store, ca_file=authority.path).serving():
            assert sidecar_in(bucket, "in/a.png")["result"]["text"] == LINE


def test_an_event_that_is_posted_is_looked_up_at_once(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/api/v1/events/s3"
    with juicefs.serving(tmp_path_factory.mktemp("own"), webhook=url, token=EVENT_KEY) as server:
        store = server.store.fresh()
        juicefs.tell_webhook(store)
        with a_site(tmp_path, store, port=port, events="webhook", reconcile_seconds=NEVER).serving() as daemon:
            eventually(lambda: inbox_health(daemon)["last_scan_at"])
            store.put("in/told of.png", STRIP)
            assert sidecar_in(store, "in/told of.png")["result"]["text"] == LINE


def test_a_queue_tells_of_new_objects_and_is_empty_afterwards(tmp_path: Path, sqs_bucket: Store) -> None:
    queue = ministack.a_queue(sqs_bucket)
    ministack.tell_queue(queue)
    site = a_site(tmp_path, sqs_bucket, events="sqs", sqs_url=queue.url, reconcile_seconds=NEVER)
    with site.serving() as daemon:
        eventually(lambda: inbox_health(daemon)["last_scan_at"])
        for number in range(3):
            sqs_bucket.put(f"in/{number} told of.png", STRIP)
        for number in range(3):
            assert sidecar_in(sqs_bucket, f"in/{number} told of.png")["result"]["text"] == LINE
        eventually(lambda: queue.left() == (0, 0))


def test_a_stream_tells_of_new_objects(tmp_path: Path, minio_bucket: Store) -> None:
    site = a_site(tmp_path, minio_bucket, events="minio", reconcile_seconds=NEVER)
    with site.serving() as daemon:
        eventually(lambda: inbox_health(daemon)["last_scan_at"])
        eventually(lambda: daemon.get("/api/v1/health").json()["hearing"]["minio-scans"]["heard_at"])
        minio_bucket.put("in/told of.png", STRIP)
        assert sidecar_in(minio_bucket, "in/told of.png")["result"]["text"] == LINE


def test_what_a_bucket_held_before_is_read_by_a_backfill(tmp_path: Path, bucket: Store) -> None:
    bucket.put("in/old.png", STRIP)
    written = time.time()
    eventually(lambda: time.time() >= written + 1)  # stores tell whole seconds
    site = a_site(tmp_path, bucket, existing="leave")
    with site.serving() as daemon:
        eventually(lambda: inbox_health(daemon)["last_scan_at"])
        assert site.jobs() == []
        tried = site.command("backfill", "scans", "--dry-run", "--json")
        assert '"new": 1' in tried.stdout, tried.stderr
        assert site.jobs() == []
        assert "1 wait to be read" in site.command("backfill", "scans").stdout
        assert sidecar_in(bucket, "in/old.png")["result"]["text"] == LINE
        assert "1 were known" in site.command("backfill", "scans").stdout
