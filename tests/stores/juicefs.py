"""JuiceFS' gateway: MinIO's S3 front end and its events, and a store that ignores the conditions of a PUT."""

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stores import REGION, Store
from stores.server import PATIENCE, Server, free_ports, program

WEBHOOK = f"arn:minio:sqs:{REGION}:PRIMARY:webhook"


@contextmanager
def serving(
    folder: Path, *, webhook: str | None = None, token: str = "", keeps_events: bool = True
) -> Iterator[Server]:
    """A server with its data in `folder`; events go to that URL, with the token in a header, once it is told to.

    Whoever listens there may start later than a server that keeps events; it looks for them every three seconds.
    """
    port, metrics = free_ports(2)
    store = Store(
        endpoint=f"http://127.0.0.1:{port}",
        access_key=secrets.token_hex(8),
        secret_key=secrets.token_hex(16),
        bucket="ready",
    )
    meta = f"sqlite3://{folder / 'meta.db'}"
    _format(folder, meta)
    command = [
        *("juicefs", "gateway", "--no-agent", "--no-usage-report", "--no-bgjob", "--no-banner"),
        *("--multi-buckets", "--keep-etag", "--object-tag", "--object-meta"),
        *("--attr-cache", "0", "--entry-cache", "0", "--dir-entry-cache", "0"),
        *("--cache-dir", str(folder / "cache"), "--metrics", f"127.0.0.1:{metrics}"),
        *(meta, f"127.0.0.1:{port}"),
    ]
    environment = {
        "MINIO_ROOT_USER": store.access_key,
        "MINIO_ROOT_PASSWORD": store.secret_key,
        "MINIO_REGION": store.region,
        "MINIO_BROWSER": "off",
    }
    if webhook:
        environment |= {
            "MINIO_NOTIFY_WEBHOOK_ENABLE_PRIMARY": "on",
            "MINIO_NOTIFY_WEBHOOK_ENDPOINT_PRIMARY": webhook,
            "MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_PRIMARY": token,
        }
        if keeps_events:
            environment["MINIO_NOTIFY_WEBHOOK_QUEUE_DIR_PRIMARY"] = str(folder / "events")
    with Server(store, command, folder=folder, environment=environment).running() as server:
        yield server


def tell_webhook(store: Store) -> None:
    """From now on, the events of all objects of this bucket are posted; removals too."""
    events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    store.client().put_bucket_notification_configuration(
        Bucket=store.bucket,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": WEBHOOK, "Events": events}]},
    )


def _format(folder: Path, meta: str) -> None:
    data = ("--storage", "file", "--bucket", str(folder / "data"), "--trash-days", "0")
    command = [program("juicefs"), "format", "--no-agent", meta, "jfs", *data]
    made = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=folder)
    assert made.returncode == 0, f"cannot make a JuiceFS volume: {made.stderr}"
