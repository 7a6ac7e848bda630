"""What a person ordered at the shell, as those see it who ask over HTTP: paused inboxes, and a daemon that drains."""

import pytest

from api_client import TEXT, the_failure, upload
from api_daemon import Daemon
from ocr_inbox.model import DrainScope


def test_a_paused_inbox_is_shown_as_such_and_is_no_trouble(daemon: Daemon) -> None:
    assert daemon.client.get("/api/v1/health").json()["inboxes"]["scans"]["paused"] is None
    daemon.ledger.pause("scans", "the scanner is cleaned")
    health = daemon.client.get("/api/v1/health").json()
    assert health["status"] == "healthy"
    assert health["inboxes"]["scans"]["paused"]["reason"] == "the scanner is cleaned"
    assert health["inboxes"]["scans"]["paused"]["since"].endswith("+00:00")
    assert 'ocr_inbox_inbox_paused_by_hand{inbox="scans"} 1.0' in daemon.client.get("/metrics").text


@pytest.mark.parametrize("scope", DrainScope)
def test_while_it_drains_uploads_are_refused_and_balancers_go_elsewhere(daemon: Daemon, scope: DrainScope) -> None:
    assert upload(daemon.client).status_code == 200
    daemon.ledger.drain(scope)
    for refused in (
        upload(daemon.client),
        daemon.client.post(TEXT, files={"file": ("a.png", b"x")}, headers={"Prefer": "respond-async"}),
        daemon.client.post("/api/v1/ocr/batch", files=[("files", ("a.png", b"x"))], data={"pipeline": "text"}),
    ):
        body = the_failure(refused, 503, "Service unavailable")
        assert body["error_code"] == "stopping"
        assert refused.headers["Retry-After"]
    assert daemon.client.get("/api/v1/health").json()["draining"] == scope.value
    assert "drains" in the_failure(daemon.client.get("/readyz"), 503, "Not ready")["detail"]
    assert daemon.client.get("/livez").status_code == 200


def test_an_upload_that_was_accepted_before_is_answered(daemon: Daemon) -> None:
    job = daemon.client.post(
        TEXT, files={"file": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(100))}, headers={"Prefer": "respond-async"}
    ).json()["job"]
    daemon.ledger.drain(DrainScope.HAND)
    daemon.wait_for_outcomes(1)
    assert daemon.client.get(f"{job['url']}/result").status_code == 200
