"""Hearing of new objects by MinIO's own stream."""

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from botocore.credentials import ReadOnlyCredentials
from structlog.testing import capture_logs

from audience import PATIENCE, Audience, running
from configurations import write_configuration
from ocr_inbox.errors import AccessDeniedError
from ocr_inbox.hearing.events import Told, parse
from ocr_inbox.hearing.minio import MinioListener, StreamOptions
from ocr_inbox.hearings import ears
from ocr_inbox.objects import ObjectName
from ocr_inbox.settings import load_settings
from running import eventually
from stores import Store, juicefs, seaweedfs
from stores.server import free_ports

AWKWARD = ["in/a b+c.png", "in/%2B%20.jpg", "in/ünï/📄.png", "in/new\nline.png", 'in/q"uote\\.png', "in/" + "x" * 200]


def a_listener(store: Store, audience: Audience, *, prefix: str = "", secret: str | None = None) -> MinioListener:
    keys = ReadOnlyCredentials(store.access_key, secret or store.secret_key, None)
    options = StreamOptions(
        name="stream", endpoint_url=store.endpoint, region=store.region, bucket=store.bucket, prefix=prefix
    )
    return MinioListener(options, lambda: keys, audience.tell, time.time)


def listened(listener: MinioListener) -> None:
    """Return once the server has said something."""
    eventually(lambda: listener.vitals().heard_at, PATIENCE)


def problem_of(listener: MinioListener) -> str:
    with capture_logs() as logs, running(listener):
        problem = eventually(lambda: listener.vitals().problem, PATIENCE)
    assert [line["event"] for line in logs] == ["hearing_troubled"]
    assert problem is not None
    return problem


def test_what_is_uploaded_is_told_by_the_name_that_it_has(minio_bucket: Store) -> None:
    audience = Audience(minio_bucket.bucket)
    listener = a_listener(minio_bucket, audience)
    with running(listener):
        listened(listener)
        for key in AWKWARD:
            minio_bucket.put(key, b"pixels")
        audience.wait(*AWKWARD)
        minio_bucket.delete(AWKWARD[0])
    vitals = listener.vitals()
    assert audience.keys() == AWKWARD
    assert (vitals.received, vitals.told, vitals.not_understood, vitals.problem) == (
        len(AWKWARD),
        len(AWKWARD),
        0,
        None,
    )


@pytest.mark.parametrize("prefix", ["in/", "in/ü b+%2B/"])
def test_only_what_is_below_the_prefix_is_told(minio_bucket: Store, prefix: str) -> None:
    audience = Audience(minio_bucket.bucket)
    listener = a_listener(minio_bucket, audience, prefix=prefix)
    with running(listener):
        listened(listener)
        minio_bucket.put("out/scan.png", b"pixels")
        minio_bucket.put(f"{prefix}scan.png", b"pixels")
        audience.wait(f"{prefix}scan.png")
    assert audience.keys() == [f"{prefix}scan.png"]


def test_a_server_that_goes_away_is_said_once_and_heard_again_when_it_is_back(tmp_path: Path) -> None:
    with juicefs.serving(tmp_path) as server:
        audience = Audience(server.store.bucket)
        listener = a_listener(server.store, audience)
        with capture_logs() as logs, running(listener):
            listened(listener)
            server.kill()
            eventually(lambda: listener._obstacle._failures >= 2, PATIENCE)
            server.start()
            eventually(lambda: listener.vitals().problem is None, PATIENCE)
            server.store.put("scan.png", b"pixels")
            audience.wait("scan.png")
    assert [line["event"] for line in logs] == ["hearing_troubled", "hearing_again"]
    assert logs[0]["reason"].startswith(f"cannot listen to bucket ready at {server.store.endpoint}: ")


def test_stopping_does_not_wait_for_a_server_that_is_silent(tmp_path: Path) -> None:
    with juicefs.serving(tmp_path) as server:
        listener = a_listener(server.store, Audience())
        with running(listener) as stop:
            listened(listener)
            server.pause()
            began = time.monotonic()
            stop.set()
        assert time.monotonic() - began < 10  # it may be silent for 30
        server.resume()


def test_a_server_without_the_stream_is_recognised_and_asked_seldom(bucket: Store, sqs_bucket: Store) -> None:
    for store in (bucket, sqs_bucket):  # both list the bucket instead
        listener = a_listener(store, Audience())
        assert "this server has no ListenBucketNotification; use its webhook or a queue" in problem_of(listener)
        assert listener._obstacle.problem is not None
        assert listener._obstacle.problem.lasting


def test_refusals_say_what_to_do(minio_bucket: Store) -> None:
    assert "the secret key is wrong" in problem_of(a_listener(minio_bucket, Audience(), secret="wrong"))  # noqa: S106 - it is
    nowhere = Store(
        endpoint=minio_bucket.endpoint,
        access_key=minio_bucket.access_key,
        secret_key=minio_bucket.secret_key,
        bucket="no-such-bucket",
    )
    assert "there is no such bucket; make it" in problem_of(a_listener(nowhere, Audience()))
    stranger = Store(endpoint=minio_bucket.endpoint, access_key="nobody-knows-me", secret_key="x" * 20, bucket="ready")
    assert "the access key is not known there" in problem_of(a_listener(stranger, Audience()))


def test_nobody_at_the_address_is_a_problem_and_not_the_end() -> None:
    store = Store(endpoint=f"http://127.0.0.1:{free_ports(1)[0]}", access_key="a", secret_key="b", bucket="c")  # noqa: S106 - nobody is there
    assert "cannot listen to bucket c" in problem_of(a_listener(store, Audience()))


def test_credentials_that_cannot_be_had_are_a_problem_and_not_the_end(minio_bucket: Store) -> None:
    def credentials() -> None:
        raise AccessDeniedError("cannot read the keys of the object store: no")

    options = StreamOptions(name="stream", endpoint_url=minio_bucket.endpoint, region="us-east-1", bucket="ready")
    listener = MinioListener(options, credentials, Audience().tell, time.time)
    assert problem_of(listener) == "cannot read the keys of the object store: no"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_that_names_no_authority_is_a_problem_and_not_the_end(tmp_path: Path, content: str | None) -> None:
    """It may be written later."""
    ca_file = tmp_path / "ca.pem"
    if content:
        ca_file.write_text(content, encoding="ascii")
    store = {"name": "near", "endpoint_url": "https://127.0.0.1:9", "ca_file": str(ca_file)}
    bucket = {"name": "scans", "store": "near", "bucket": "scans", "events": "minio"}
    write_configuration(tmp_path / "ocr-inbox.toml", 0, inboxes=(), stores=[store], buckets=[bucket])
    (listener,) = ears(load_settings(tmp_path / "ocr-inbox.toml"), []).listeners
    assert isinstance(listener, MinioListener)
    assert f"cannot trust the authority in {ca_file}: " in problem_of(listener)


class Posted:
    """The bodies that a store posted."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.port = 0

    def told(self) -> list[Told]:
        return [parse(body) for body in self.bodies]

    def objects(self) -> set[ObjectName]:
        return {name for told in self.told() for name in told.objects}


@pytest.fixture
def posted() -> Iterator[Posted]:
    posted = Posted()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self._say()

        def do_HEAD(self) -> None:
            self._say()

        def _say(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        posted.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield posted
        server.shutdown()
        thread.join()


def test_what_minio_posts_is_understood(posted: Posted, tmp_path: Path) -> None:
    with juicefs.serving(tmp_path, webhook=f"http://127.0.0.1:{posted.port}/") as server:
        juicefs.tell_webhook(server.store)
        for key in AWKWARD:
            server.store.put(key, b"pixels")
        names = {ObjectName(bucket=server.store.bucket, key=key) for key in AWKWARD}
        eventually(lambda: posted.objects() == names, PATIENCE)


def test_what_the_filer_of_seaweedfs_posts_is_understood(posted: Posted, tmp_path: Path) -> None:
    settings = tmp_path / ".seaweedfs"
    settings.mkdir()
    webhook = f'[notification.webhook]\nenabled = true\nendpoint = "http://127.0.0.1:{posted.port}/"\n'
    settings.joinpath("notification.toml").write_text(webhook, encoding="utf-8")
    keys = ["in/a b+c.png", "in/%2B%20.jpg", "in/ünï/📄.png", "in/new\nline.png"]
    with seaweedfs.serving(tmp_path) as server:
        store, versioned = server.store.fresh(), server.store.fresh()
        versioned.client().put_bucket_versioning(Bucket=versioned.bucket, VersioningConfiguration={"Status": "Enabled"})
        for key in keys:
            store.put(key, b"pixels")
        versioned.put("in/scan.png", b"pixels")
        names = {ObjectName(bucket=store.bucket, key=key) for key in keys}
        names.add(ObjectName(bucket=versioned.bucket, key="in/scan.png"))
        eventually(lambda: posted.objects() >= names, PATIENCE)
    assert {name for name in posted.objects() if name.bucket in {store.bucket, versioned.bucket}} == names
