"""What looking through a bucket costs: 20,000 objects, or as many as are asked for, all known, and 2,000 new ones.

Times are those of the real inbox, intake and ledger in this process, as in `bench_intake`; memory is the installed
command's.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
from figures import Against, Daemon, daemon, peer, report, rounds, wait_until, workplace
from memory import peak_mb, rss_mb
from watched import access, configuration, fill

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.intake import Intake
from ocr_inbox.ledger import Ledger
from ocr_inbox.logs import set_up_logging
from ocr_inbox.routing import default_rules
from ocr_inbox.s3 import BucketInbox, BucketOptions, Place
from stores import Store, seaweedfs

_OBJECTS = 20_000
_NEW = 2_000
_FOLDER_SIZE = 1_000
_ROUNDS = 5
_SCANS = 4
"""Of a daemon, before its memory is looked at: the first of them notes everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """A bucket with `count` objects below `many/`, 2,000 below `new/`, and none below `none/`."""

    store: Store
    count: int
    keys: Path
    client: Any

    def seconds_bare(self, prefix: str, count: int) -> float:
        """How long a plain paginator needs to list them, and nothing else."""
        started = time.monotonic()
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.store.bucket, Prefix=prefix)
        assert sum(len(page.get("Contents", ())) for page in pages) == count
        return time.monotonic() - started

    def seconds_of_pass(self, prefix: str, count: int, ledger: Path) -> float:
        """How long a new inbox needs until all of them are in the ledger, or were found there."""
        bucket = self.store.bucket
        options = BucketOptions(
            name="scans",
            store=self.store.settings(self.keys),
            bucket=bucket,
            prefix=prefix,
            archive=Place(bucket=bucket, prefix="archive/"),
            failed=Place(bucket=bucket, prefix="failed/"),
        )
        with Database(ledger) as database:
            inbox, stop = BucketInbox(options, time.time), threading.Event()
            intake = Intake(inbox, default_rules(), Ledger(database, time.time))
            thread = threading.Thread(target=intake.run, args=(stop,))
            started = time.monotonic()
            thread.start()
            try:
                wait_until(lambda: inbox.vitals().last_scan_at)
                seconds = time.monotonic() - started
            finally:
                stop.set()
                thread.join()
            assert sum(known for _, known in Chronicle(database).totals()) == count
        return seconds


@contextmanager
def _yard(count: int) -> Iterator[Yard]:
    with workplace() as folder, seaweedfs.serving(folder) as server:
        store = server.store.fresh()
        for prefix, number in (("many/", count), ("new/", _NEW)):
            print(f"uploading {number} objects", file=sys.stderr)
            fill(store, _keys(prefix, number), b"1")
        yield Yard(store=store, count=count, keys=folder, client=boto3.client("s3", **access(store)))


def _keys(prefix: str, count: int) -> Iterator[str]:
    """Nothing reads tables here."""
    return (f"{prefix}table/{number // _FOLDER_SIZE:03}/{number:06}.png" for number in range(count))


def measure_reconcile(yard: Yard) -> None:
    """All are known: by turns with the paginator, each time a new inbox, and the same ledger."""
    with workplace() as folder:
        ledger = folder / "ledger.sqlite"
        yard.seconds_of_pass("many/", yard.count, ledger)
        ours, bare = [], []
        for _ in rounds(_ROUNDS, "bucket_reconcile_seconds"):
            bare.append(yard.seconds_bare("many/", yard.count))
            ours.append(yard.seconds_of_pass("many/", yard.count, ledger))
    report("bucket_reconcile_seconds", "s", ours, Against(name="bare_boto3_paginator", samples=bare))


def measure_intake(yard: Yard) -> None:
    """All are new: by turns with the paginator, each time a new inbox, and an empty ledger."""
    ours, bare = [], []
    for _ in rounds(_ROUNDS, "bucket_intake_objects_per_second"):
        with workplace() as folder:
            bare.append(_NEW / yard.seconds_bare("new/", _NEW))
            ours.append(_NEW / yard.seconds_of_pass("new/", _NEW, folder / "ledger.sqlite"))
    floor = Against(name="bare_boto3_paginator", samples=bare)
    report("bucket_intake_objects_per_second", "objects/s", ours, floor)


def measure_memory(yard: Yard) -> None:
    """How much more a daemon has at most when it has noted and reconciled them than one of an empty bucket."""
    with _scanning(yard, "none/") as it:
        idle = rss_mb(it.control)
    with _scanning(yard, "many/") as it:
        peak = peak_mb(it.control)
    with peer("paginator", yard.store.bucket, json.dumps(access(yard.store))) as bare:
        before = rss_mb(bare.process)
        bare.ask("many/")
        grown = peak_mb(bare.process) - before
    report("bucket_rss_growth_mb", "MB", [peak - idle], Against(name="bare_boto3_paginator", samples=[grown]))


@contextmanager
def _scanning(yard: Yard, prefix: str) -> Iterator[Daemon]:
    """A daemon that has scanned a few times."""
    scans = configuration(yard.store, yard.keys, prefix=prefix, reconcile_seconds=1)
    with daemon(more=scans) as it:
        for _ in rounds(_SCANS, f"scans of {prefix}"):
            _wait_for_scan(it)
        yield it


def _wait_for_scan(it: Daemon) -> None:
    last = _last_scan(it)
    wait_until(lambda: _last_scan(it) != last, every=0.2)


def _last_scan(it: Daemon) -> object:
    health = httpx.get(f"{it.url}/api/v1/health", trust_env=False, timeout=60).json()
    return health["inboxes"]["scans"]["last_scan_at"]


def main(arguments: Sequence[str]) -> None:
    """How many objects may be said, up to 1,000,000."""
    set_up_logging("warning")
    with _yard(int(arguments[0]) if arguments else _OBJECTS) as yard:
        measure_intake(yard)
        measure_reconcile(yard)
        measure_memory(yard)


if __name__ == "__main__":
    main(sys.argv[1:])
