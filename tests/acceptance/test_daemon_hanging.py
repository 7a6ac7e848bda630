"""Stores that never answer: all that waits for one says so, and the daemon ends when it is told to."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from builders import an_arrival, an_assignment
from ledgers import TEXT
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from running import Site, eventually, free_port, make_site

HANDS = 4
FOR_EVER = "ocr_inbox.s3.store:_READ_SECONDS=3600"


@pytest.fixture
def silence() -> Iterator[int]:
    """The port of somebody who never says a word: the kernel accepts for them."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as listener:
        yield listener.getsockname()[1]


def _site(folder: Path, port: int) -> Site:
    """Documents in a store there which have their sidecar, so that every hand has only the store to do with."""
    key = folder / "key"
    key.write_text("key", encoding="ascii")
    store = {"name": "near", "endpoint_url": f"http://127.0.0.1:{port}", "addressing": "path"}
    store |= {"access_key_file": str(key), "secret_key_file": str(key)}
    rules = [{"match": "**", "pipeline": "text"}]
    bucket = {"name": "scans", "store": "near", "bucket": "silent", "prefix": "in/", "after": "delete", "rules": rules}
    patience = {"put_off_seconds": 600}
    site = make_site(folder, inboxes=(), stores=[store], buckets=[bucket], top={"grace_seconds": 0.5}, retry=patience)
    site.state.mkdir()
    with Database(site.ledger) as database:
        ledger = Ledger(database, time.time)
        ledger.enqueue([(an_arrival(f"{number}.png", version="etag-1-1"), an_assignment()) for number in range(8)])
        for job in ledger.claim(TEXT, "the daemon before", 8):
            ledger.note_sidecar(job, f"s3://silent/in/{job.document.key}.ocr.json", 1)
        ledger.release()
    return site


def test_what_hangs_in_a_store_holds_up_no_end_and_uses_up_no_attempt(tmp_path: Path, silence: int) -> None:
    hanging = _site(tmp_path, silence)
    with hanging.serving(SET=FOR_EVER) as daemon:
        eventually(lambda: sum(job.state is JobState.RUNNING for job in hanging.jobs()) == HANDS + 1)
        assert daemon.stop() == 0
    assert {(job.state, job.attempts_allowed - job.attempts) for job in hanging.jobs()} == {(JobState.WAITING, 3)}
    assert {job.code for job in hanging.jobs()} == {"stopping"}
    assert "Traceback" not in hanging.log.read_text(encoding="utf-8")


def test_all_that_waits_for_a_store_that_is_not_there_says_so(tmp_path: Path) -> None:
    site = _site(tmp_path, free_port())
    with site.serving() as daemon:
        (held,) = eventually(lambda: site.events("inbox_held"))
        eventually(lambda: not [job for job in site.jobs() if job.state is JobState.RUNNING])
        jobs = [daemon.get(f"/api/v1/jobs/{job.id}").json()["job"] for job in site.jobs()]
        status = site.command("status").stdout
    assert (held["inbox"], held["code"]) == ("scans", "inbox_unavailable")
    assert {job["code"] for job in jobs} == {"inbox_unavailable"}
    assert "waited" in status
    assert "for inbox scans, away for" in status
    assert "inbox scans: polling, first scan not over, cannot" in status
