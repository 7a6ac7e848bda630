"""Requests that are refused: what is wrong is said, and nothing of them stays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api_client import TEXT, headers_only, multipart, part, post_raw, the_failure, upload
from api_daemon import PNG, Daemon, leave_it, read_it, served, serving
from builders import an_arrival, an_assignment, some_pipeline_vitals
from ocr_inbox.model import PipelineName
from ocr_inbox_api.parts import ApiOptions


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        (multipart(part("file", b"just words")), "Invalid file format", "content decides"),
        (multipart(part("file", b"just words" * 500)), "Invalid file format", "content decides"),
        (multipart(part("file", b"")), "File is required", "empty"),
        (multipart(part("image", PNG)), "File is required", "named file"),
        (multipart(), "File is required", "named file"),
        (multipart(part("file", PNG), part("format", b"docx")), "Invalid parameter", "format"),
        (multipart(part("output_format", b"\xff\xfe"), part("file", PNG)), "Invalid parameter", "output_format"),
        (multipart(part("compress", b"perhaps"), part("file", PNG)), "Invalid parameter", "compress"),
        (multipart(part("format", b"json" * 99), part("file", PNG)), "Invalid parameter", "format"),
        (multipart(part("file", PNG), part("file", PNG)), "Invalid parameter", "one file"),
        (
            multipart(part("format", b"json"), part("output_format", b"markdown"), part("file", PNG)),
            "Invalid parameter",
            "contradict",
        ),
        (multipart(part("file", PNG))[:-20], "Invalid request body", "ends before"),
        (b"--frontier\r\nno header at all\r\n\r\n", "Invalid request body", "not a whole"),
        (b"", "Invalid request body", "ends before"),
        (multipart(*[part("x", b"")] * 17, part("file", PNG)), "Invalid request body", "16 parts"),
        (multipart(part("file", PNG, b"X-Long: " + b"y" * 5000)), "Invalid request body", ""),
        (multipart(part("file", PNG, *[b"X-%d: y" % n for n in range(500)])), "Invalid request body", ""),
    ],
)
def test_what_is_wrong_is_said_and_nothing_stays(standing: Daemon, body: bytes, error: str, said: str) -> None:
    detail = the_failure(post_raw(standing.client, body), 400, error)["detail"]

    assert said in detail
    assert list(standing.uploads.iterdir()) == []
    assert standing.client.get("/api/v1/jobs").json()["items"] == []


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("application/json", "File is required"),
        ("application/x-www-form-urlencoded", "File is required"),
        ("", "File is required"),
        ("multipart/form-data", "Invalid request body"),
        ("multipart/form-data; boundary=", "Invalid request body"),
        ("multipart/form-data; boundary=" + "x" * 999, "Invalid request body"),
        ("multipart/form-data; boundary=\xe9", "Invalid request body"),
    ],
)
def test_a_body_of_another_kind_is_refused(standing: Daemon, kind: str, error: str) -> None:
    response = standing.client.post(TEXT, content=multipart(), headers={b"Content-Type": kind.encode("latin-1")})

    the_failure(response, 400, error)
    assert list(standing.uploads.iterdir()) == []


@pytest.mark.parametrize("extra", [0, 1])
def test_the_limit_is_for_the_file_alone(tmp_path: Path, extra: int) -> None:
    with serving(tmp_path, ApiOptions(max_upload_bytes=len(PNG))) as daemon:
        response = upload(daemon.client, PNG + bytes(extra))

        assert response.status_code == (400 if extra else 200)
        assert response.json().get("error") == ("File size exceeds limit" if extra else None)
        assert extra == 0 or list(daemon.uploads.iterdir()) == []


def test_a_declared_size_over_the_limit_is_refused_before_the_body(standing: Daemon) -> None:
    answer = headers_only(standing.client, "Content-Length: 99999999999")

    assert b"400 Bad Request" in answer
    assert b"File size exceeds limit" in answer


def test_a_body_without_a_size_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    """Also where the bytes are in no part of the form, which no limit of the file would see."""
    with serving(tmp_path, ApiOptions(max_upload_bytes=1000)) as daemon:
        response = post_raw(daemon.client, (bytes(65536) if n else b"\r\n" for n in range(40)))

        the_failure(response, 400, "File size exceeds limit")
        assert list(daemon.uploads.iterdir()) == []


def test_a_slow_upload_is_given_up(tmp_path: Path) -> None:
    with serving(tmp_path, ApiOptions(upload_timeout_seconds=0.1)) as daemon:
        start = multipart(part("file", PNG))[:500]
        answer = headers_only(daemon.client, "Content-Length: 4000", start)

        assert b"408 Request Timeout" in answer
        assert b"Upload timeout" in answer
        assert list(daemon.uploads.iterdir()) == []


def test_a_full_queue_is_said_before_the_body(tmp_path: Path) -> None:
    with serving(tmp_path, ApiOptions(max_waiting=2), act=leave_it) as daemon:
        for _ in range(2):
            assert upload(daemon.client, headers={"Prefer": "respond-async"}).status_code == 202
        answer = headers_only(daemon.client, "Content-Length: 4000")
        response = upload(daemon.client)

    assert b"429 Too Many Requests" in answer
    the_failure(response, 429, "Queue is full")
    assert int(response.headers["Retry-After"]) > 0


def test_folders_do_not_fill_the_queue_of_uploads(tmp_path: Path) -> None:
    with serving(tmp_path, ApiOptions(max_waiting=1), act=read_it) as daemon:
        daemon.ledger.enqueue([(an_arrival("table/a.png"), an_assignment(PipelineName.TABLE))])
        assert upload(daemon.client).status_code == 200


@pytest.mark.parametrize(
    ("vitals", "said"),
    [
        (some_pipeline_vitals(ready=False, problem="cannot start a reader: no model"), "no model"),
        (some_pipeline_vitals(ready=False), "starting"),
        (replace(some_pipeline_vitals(), pipeline=PipelineName.TABLE), "not configured"),
    ],
)
def test_without_readers_nothing_is_taken_in(daemon: Daemon, vitals: Any, said: str) -> None:
    daemon.text = vitals
    response = upload(daemon.client)

    assert said in the_failure(response, 503, "Models not loaded")["detail"]
    assert int(response.headers["Retry-After"]) > 0


def test_a_disk_that_refuses_is_no_fault_of_the_request(daemon: Daemon) -> None:
    daemon.uploads.rmdir()
    response = upload(daemon.client)

    body = the_failure(response, 503, "Service unavailable")
    assert str(daemon.uploads) not in body["detail"]


def test_what_a_killed_daemon_left_half_done_is_cleared(tmp_path: Path) -> None:
    with serving(tmp_path, act=leave_it) as daemon:
        assert upload(daemon.client, headers={"Prefer": "respond-async"}).status_code == 202
        (kept,) = daemon.uploads.glob("*.upload")
        (daemon.uploads / ".0123.upload.ocr-tmp").write_bytes(b"half")
        with served(daemon, ApiOptions()):
            assert list(daemon.uploads.iterdir()) == [kept]
