"""Uploads over real HTTP: a real server, a real ledger, real files; only the reader is played."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api_client import SIDECARS, TEXT, multipart, part, post_raw, the_failure, upload
from api_daemon import PNG, Daemon, bury_it, fail_once, provenance_of, read_it, serving
from builders import a_reading
from ocr_inbox.errors import (
    EncryptedDocumentError,
    InboxUnavailableError,
    OcrInboxError,
    ReaderCrashedError,
    ReadingError,
    ReadingTimeoutError,
    StoppingError,
    TooLargeError,
    UnreadableDocumentError,
    UnsupportedTypeError,
)
from ocr_inbox.model import Job, Output
from ocr_inbox.sidecar import SUFFIXES, render
from ocr_inbox_api.parts import ApiOptions


def test_an_upload_comes_back_as_its_sidecar_with_the_metrics_of_the_request(daemon: Daemon) -> None:
    response = upload(daemon.client)

    body = response.json()
    SIDECARS.validate(body)
    assert response.status_code == 200
    assert body["pipeline"] == "ocrv5"
    assert body["result"]["text"] == "Invoice 2041\nTotal 121.50"
    assert body["source"]["inbox"] == "uploads"
    assert body["job"]["rule"] == "upload"
    assert body["metrics"]["compressed"] is False
    assert 0 < body["metrics"]["upload_time"] < body["metrics"]["total_time"]


@pytest.mark.parametrize("name", ["format", "output_format"])
def test_markdown_can_be_asked_for_by_either_name(daemon: Daemon, name: str) -> None:
    body = upload(daemon.client, form={name: "markdown", "compress": "true"}).json()

    SIDECARS.validate(body)
    assert body["result"] == {"markdown": "Invoice 2041  \nTotal 121.50\n", "format": "markdown"}
    assert body["metrics"]["compressed"] is True


def test_an_upload_goes_before_the_folders(daemon: Daemon) -> None:
    upload(daemon.client)

    (job,) = daemon.client.get("/api/v1/jobs").json()["items"]
    assert (job["priority"], job["outputs"], job["state"]) == ("interactive", ["json"], "done")


def test_nan_becomes_null_on_the_wire(tmp_path: Path) -> None:
    def act(daemon: Daemon, job: Job) -> None:
        (deliverable,) = render(job, a_reading(), provenance_of(job))
        damaged = deliverable.content.replace(b'"score":0.98', b'"score":NaN')
        (daemon.uploads / (job.document.key + SUFFIXES[Output.JSON])).write_bytes(damaged)
        daemon.ledger.finish(job)

    with serving(tmp_path, act=act) as daemon:
        response = upload(daemon.client)

    assert b"NaN" not in response.content
    assert response.json()["result"]["regions"][0]["score"] is None


def test_the_name_of_the_file_is_never_used(
    daemon: Daemon, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    hostile = "../../etc/secret-name.png\x00;$(reboot)"
    response = daemon.client.post(TEXT, files={"file": (hostile, PNG)})
    refused = daemon.client.post(TEXT, files={"file": (hostile, b"no picture")})

    captured = capfd.readouterr()
    told = response.text + refused.text + caplog.text + captured.out + captured.err
    assert response.status_code == 200
    assert "secret-name" not in told
    assert all(re.fullmatch(r"[0-9a-f]{32}\.upload(\.ocr\.json)?", path.name) for path in daemon.uploads.iterdir())


def test_every_one_of_many_at_once_gets_its_own_answer(daemon: Daemon) -> None:
    """A reader that ends a job before its request began to wait must not leave the request waiting."""
    with ThreadPoolExecutor(8) as people:
        bodies = list(people.map(lambda _: upload(daemon.client).json(), range(40)))

    assert all(body["success"] for body in bodies)
    assert len({body["source"]["key"] for body in bodies}) == 40


def test_a_file_in_many_small_pieces_is_the_same_file(daemon: Daemon) -> None:
    body = multipart(part("file", PNG))
    response = post_raw(daemon.client, (body[at : at + 7] for at in range(0, len(body), 7)))

    assert response.status_code == 200
    (stored,) = daemon.uploads.glob("*.upload")
    assert stored.read_bytes() == PNG


def test_whoever_prefers_not_to_wait_gets_the_job(daemon: Daemon) -> None:
    response = upload(daemon.client, headers={"Prefer": "respond-async, wait=10"})

    assert response.status_code == 202
    assert response.headers["Preference-Applied"] == "respond-async"
    assert response.json()["job"]["url"] == response.headers["Location"]
    daemon.wait_for_outcomes(1)
    result = daemon.client.get(response.headers["Location"] + "/result")
    SIDECARS.validate(result.json())
    assert result.status_code == 200


def test_a_job_that_takes_too_long_goes_on_without_its_request(tmp_path: Path) -> None:
    go_on = threading.Event()

    def act(daemon: Daemon, job: Job) -> None:
        go_on.wait(10)
        read_it(daemon, job)

    with serving(tmp_path, ApiOptions(timeout_seconds=0.1), act) as daemon:
        response = upload(daemon.client)
        body = the_failure(response, 504, "Request timeout")
        unfinished = daemon.client.get(response.headers["Location"] + "/result")
        go_on.set()
        daemon.wait_for_outcomes(1)
        finished = daemon.client.get(response.headers["Location"] + "/result")

    assert response.headers["Location"] in body["detail"]
    the_failure(unfinished, 409, "Job not finished")
    assert finished.json()["success"]


def test_another_attempt_is_waited_for(tmp_path: Path) -> None:
    with serving(tmp_path, act=fail_once) as daemon:
        body = upload(daemon.client).json()

    assert body["job"]["attempts"] == 2


@pytest.mark.parametrize("error", [InboxUnavailableError("cannot write /srv/x"), StoppingError("it stops")])
def test_a_job_that_waits_for_the_world_is_not_waited_for(tmp_path: Path, error: OcrInboxError) -> None:
    def act(daemon: Daemon, job: Job) -> None:
        daemon.ledger.put_off(job, error.code, str(error), not_before=job.enqueued_at + 1000)

    with serving(tmp_path, act=act) as daemon:
        response = upload(daemon.client)
        state = daemon.client.get(response.headers["Location"]).json()["job"]["state"]

    body = the_failure(response, 503, "Service unavailable")
    assert state == "waiting"
    assert "/srv" not in body["detail"]
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (UnreadableDocumentError("cannot read it: no page"), 400, "Unreadable file"),
        (TooLargeError("cannot read it: 900 megapixels"), 400, "File size exceeds limit"),
        (EncryptedDocumentError("cannot read it: it asks for a password"), 400, "Encrypted file"),
        (UnsupportedTypeError("cannot read it: no picture"), 400, "Invalid file format"),
        (ReadingTimeoutError("cannot read it: over 120 s"), 504, "Request timeout"),
        (ReaderCrashedError("cannot read it: /usr/lib/x.so"), 500, "Inference failed"),
        (ReadingError("cannot read it: Traceback"), 500, "Inference failed"),
    ],
)
def test_the_status_says_whose_fault_it_was(tmp_path: Path, error: OcrInboxError, status: int, text: str) -> None:
    with serving(tmp_path, act=bury_it(error)) as daemon:
        response = upload(daemon.client)
        later = daemon.client.get(response.headers["Location"] + "/result")

    body = response.json()
    assert (response.status_code, body["error"], body["code"]) == (status, text, status)
    assert body["error_code"] == error.code
    assert (str(error) in response.text) == (status != 500)
    assert later.status_code == status
    assert later.json() == body
    SIDECARS.validate(body)


def test_a_skipped_upload_is_a_failure_too(tmp_path: Path) -> None:
    def act(daemon: Daemon, job: Job) -> None:
        daemon.ledger.skip(job, UnsupportedTypeError.code, "cannot read it: no picture")

    with serving(tmp_path, act=act) as daemon:
        the_failure(upload(daemon.client), 400, "Invalid file format")


def test_a_result_that_was_taken_away_is_not_found(tmp_path: Path) -> None:
    with serving(tmp_path, act=lambda daemon, job: daemon.ledger.finish(job)) as daemon:
        the_failure(upload(daemon.client), 404, "Result not found")
