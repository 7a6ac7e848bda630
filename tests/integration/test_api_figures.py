"""Health, statistics and metrics over HTTP."""

from pathlib import Path

from api_client import TEXT, the_failure, upload
from api_daemon import Daemon, bury_it, in_turn, leave_it, read_it, served, serving
from builders import some_inbox_vitals, some_pipeline_vitals
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.errors import (
    ReadingError,
)
from ocr_inbox_api.parts import ApiOptions


def test_all_well(daemon: Daemon) -> None:
    upload(daemon.client)
    response = daemon.client.get("/api/v1/health")
    body = response.json()
    assert (response.status_code, body["status"]) == (200, "healthy")
    assert body["pipelines"]["ocrv5"]["status"] == "ready"
    assert body["pipelines"]["ocrv5"]["last_inference"]
    seen = {"last_scan_at": "2025-06-15T15:06:40.000+00:00", "settling": 0, "listed": 0, "heard": 0}
    assert body["inboxes"] == {"scans": {"mode": "events", "problem": None, "paused": None, **seen}}
    assert body["draining"] is None
    assert body["hearing"] == {}
    assert body["queue"] == {"waiting": 0, "running": 0, "oldest_seconds": None}
    assert body["system"]["uptime"] > 0


def test_an_inbox_in_trouble_degrades(daemon: Daemon) -> None:
    daemon.scans = some_inbox_vitals(problem="cannot read /srv/scans: it is not there")
    response = daemon.client.get("/api/v1/health")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert daemon.client.get("/readyz").status_code == 200


def test_without_readers_it_lives_but_is_not_ready(daemon: Daemon) -> None:
    daemon.text = some_pipeline_vitals(ready=False, problem="no model")
    response = daemon.client.get("/api/v1/health")
    assert (response.status_code, response.json()["status"]) == (503, "unhealthy")
    assert "text: no model" in the_failure(daemon.client.get("/readyz"), 503, "Not ready")["detail"]
    assert daemon.client.get("/livez").json() == {"status": "alive"}


def test_without_its_ledger_it_is_unhealthy_and_says_so_everywhere(daemon: Daemon, tmp_path: Path) -> None:
    daemon.chronicle = Chronicle(Database(tmp_path / "gone" / "ledger.sqlite"))
    with served(daemon, ApiOptions()) as client:
        health = client.get("/api/v1/health")
        assert (health.status_code, health.json()["status"], health.json()["queue"]) == (503, "unhealthy", None)
        assert "ledger" in the_failure(client.get("/readyz"), 503, "Not ready")["detail"]
        for path in ("/api/v1/jobs", "/metrics"):
            assert str(tmp_path) not in the_failure(client.get(path), 503, "Service unavailable")["detail"]
        the_failure(upload(client), 503, "Service unavailable")
        assert client.get("/livez").status_code == 200


def test_the_statistics_count_what_was_asked_and_what_became_of_it(daemon: Daemon) -> None:
    upload(daemon.client)
    upload(daemon.client, form={"compress": "1"})
    upload(daemon.client, b"no picture")
    body = daemon.client.get("/api/v1/metrics").json()

    assert body["total_requests"] == 3
    assert body["requests_by_pipeline"] == {"ocrv5": 3}
    assert body["average_times"]["ocrv5"]["inference_time"] == 0.2
    assert body["average_times"]["ocrv5"]["total_time"] > 0
    assert body["errors"] == {"total": 1, "by_type": {"unsupported_type": 1}}
    stats = body["compression_stats"]
    assert (stats["total_compressed"], stats["total_uncompressed"], stats["avg_size_compressed_kb"]) == (1, 1, 2.0)


def test_prometheus_sees_the_queue_the_jobs_and_the_requests(tmp_path: Path) -> None:
    with serving(tmp_path, act=in_turn(read_it, bury_it(ReadingError("cannot read it")), leave_it)) as daemon:
        for headers in ({}, {}, {"Prefer": "respond-async"}):
            upload(daemon.client, headers=headers)
        daemon.client.get("/invented/by/someone")
        lines = daemon.client.get("/metrics").text.splitlines()

    for line in (
        'ocr_inbox_jobs_finished_total{inbox="uploads",pipeline="text",state="done"} 1.0',
        'ocr_inbox_jobs_finished_total{inbox="uploads",pipeline="text",state="buried"} 1.0',
        'ocr_inbox_failures_total{code="reading_failed"} 1.0',
        'ocr_inbox_job_duration_seconds_count{pipeline="text"} 2.0',
        'ocr_inbox_found_by_scan_total{inbox="scans"} 4.0',
        'ocr_inbox_reader_restarts_total{pipeline="text"} 3.0',
        f'ocr_inbox_http_requests_total{{method="POST",route="{TEXT}",status="202"}} 1.0',
        'ocr_inbox_http_requests_total{method="GET",route="other",status="404"} 1.0',
    ):
        assert line in lines
    queue = [line for line in lines if line.startswith("ocr_inbox_queue_jobs{")]
    assert sum(float(line.rpartition(" ")[2]) for line in queue) == 1
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)
