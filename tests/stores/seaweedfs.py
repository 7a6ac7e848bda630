"""SeaweedFS: everything about objects; conditional writes, tags and versions included."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stores import Store
from stores.server import Server, free_ports

_GRPC = ("s3", "master", "volume", "filer", "admin")
_MANY = 10_000
"""Each bucket takes a volume, and the volumes that it would allow by itself were used up by 72 buckets."""


@contextmanager
def serving(folder: Path, *, proxy: str | None = None) -> Iterator[Server]:
    """A server with its data in `folder`, which also knows requests that were signed for a proxy of that address."""
    data = folder / "data"
    data.mkdir()
    ports = free_ports(2 * len(_GRPC))
    pairs = dict(zip(_GRPC, zip(ports[::2], ports[1::2], strict=True), strict=True))
    store = Store(
        endpoint=f"http://127.0.0.1:{pairs['s3'][0]}",
        access_key=secrets.token_hex(8),
        secret_key=secrets.token_hex(16),
        bucket="ready",
    )
    command = [
        *("weed", "-logtostderr", "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *(f"-{part}.port={port}" for part, (port, _) in pairs.items()),
        *(f"-{part}.port.grpc={port}" for part, (_, port) in pairs.items()),
        *("-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-master.telemetry=false", "-s3.autoCreateBucket=false", "-volume.preStopSeconds=0"),
        *(f"-volume.max={_MANY}", "-master.volumeSizeLimitMB=64"),
        *([f"-s3.externalUrl={proxy}"] if proxy else []),
    ]
    keys = {"AWS_ACCESS_KEY_ID": store.access_key, "AWS_SECRET_ACCESS_KEY": store.secret_key}
    sockets = [Path(f"/tmp/seaweedfs-{part}-grpc-{port}.sock") for part, (_, port) in pairs.items()]  # noqa: S108 - weed's own choice
    sockets += [Path(f"/tmp/seaweedfs-{part}-{port}.sock") for part, (port, _) in pairs.items()]  # noqa: S108 - likewise
    with Server(store, command, folder=folder, environment=keys, litter=sockets).running() as server:
        yield server
