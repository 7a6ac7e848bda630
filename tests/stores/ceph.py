"""Ceph: its object gateway, with one monitor and one disk behind it, whose events are posted to topics."""

import secrets
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stores import Store
from stores.server import Server, free_ports

_PACKAGES = "ceph-common ceph-mon ceph-osd radosgw"
_PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin")
_CLUSTER = Path(__file__).with_name("ceph.sh")
_CONFIGURATION = """\
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{mon_port}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
keyring = {folder}/keyring
run dir = {folder}
crash dir = {folder}
admin socket =
log file =
log to stderr = true
mon cluster log to file = false
mon data = {folder}/mon
mon allow pool size one = true
paxos propose interval = 0.05
osd data = {folder}/osd
osd pool default size = 1
osd pool default pg num = 1
osd crush chooseleaf type = 0
bluestore block size = 4294967296
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port}
"""
_KEYRING = """\
[mon.]
key = {key}
caps mon = "allow *"
[client.admin]
key = {key}
caps mon = "allow *"
caps osd = "allow *"
[osd.0]
key = {key}
caps mon = "allow profile osd"
caps osd = "allow *"
"""


def missing() -> str:
    """What has to be done before it can be served on this machine; nothing if it can."""
    lacking = [name for name in _PROGRAMS if not shutil.which(name)]
    return f"cannot start Ceph: {', '.join(lacking)} not installed; apt install {_PACKAGES}" if lacking else ""


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server with its data in `folder`, which takes ten seconds or more to start; it survives `kill`."""
    mon_port, port = free_ports(2)
    store = Store(
        endpoint=f"http://127.0.0.1:{port}",
        access_key=secrets.token_hex(8),
        secret_key=secrets.token_hex(16),
        bucket="ready",
    )
    configuration = _CONFIGURATION.format(fsid=uuid.uuid4(), folder=folder, mon_port=mon_port, port=port)
    (folder / "ceph.conf").write_text(configuration, encoding="ascii")
    made = subprocess.run(["ceph-authtool", "--gen-print-key"], capture_output=True, text=True, check=True)
    (folder / "keyring").write_text(_KEYRING.format(key=made.stdout.strip()), encoding="ascii")
    with Server(store, [_CLUSTER, store.access_key, store.secret_key], folder=folder).running() as server:
        yield server


def tell_webhook(store: Store, url: str) -> None:
    """From now on, what is new in this bucket is posted to that URL, and posted again if nobody is there.

    Removals are not: the gateway aborts at a DeleteObjects that it should tell of.
    """
    attributes = {"push-endpoint": url, "persistent": "true"}
    topic = store.client("sns").create_topic(Name=f"{store.bucket}-topic", Attributes=attributes)
    told = {"Id": "all", "TopicArn": topic["TopicArn"], "Events": ["s3:ObjectCreated:*"]}
    store.client().put_bucket_notification_configuration(
        Bucket=store.bucket, NotificationConfiguration={"TopicConfigurations": [told]}
    )
