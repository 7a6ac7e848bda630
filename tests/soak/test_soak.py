"""Minutes of trouble for the installed command: what `make test` has no time for."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from bucket_sites import a_site
from buckets import assert_read, sidecar_in
from ocr_inbox.model import JobState
from pages import encoded, render_line
from running import Site, eventually
from stores import microburst, seaweedfs
from stores.microburst import Fault
from stores.server import free_ports

OBJECTS = 500
AWAY_SECONDS = 30.0
SECONDS = 570.0
"""For all of it; somebody waits at a terminal."""
ATTEMPTS = 3
"""As many as are allowed unless the configuration says otherwise; none of them may be the documents' fault."""
TEXTS = {f"in/{number:03}.png": f"Invoice {number}" for number in range(1000, 1000 + OBJECTS)}


@pytest.mark.timeout(SECONDS)
def test_a_store_that_turns_half_of_all_requests_away_and_is_killed_loses_nothing(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """The trouble ends after a while: as long as it lasts, boto3 asks ever less, and five seconds go by a document."""
    contents = {key: encoded(render_line(text)) for key, text in TEXTS.items()}
    (port,) = free_ports(1)
    with (
        seaweedfs.serving(tmp_path_factory.mktemp("store"), proxy=microburst.address(port)) as server,
        microburst.serving(tmp_path_factory.mktemp("proxy"), server.store, port) as proxy,
    ):
        store, began = server.store.fresh(), time.monotonic()
        site = a_site(tmp_path, store.by_way_of(proxy.store))
        with ThreadPoolExecutor(8) as people, site.serving():
            uploads = people.map(store.put, contents, contents.values())
            wait_for_more(site, 50)
            microburst.tell(proxy.store, Fault(error="SlowDown", status=503, probability=0.5))
            wait_for_more(site, 5)
            assert len(list(uploads)) == OBJECTS
            server.kill()
            time.sleep(AWAY_SECONDS)
            server.start()
            wait_for_more(site, 5)
            refused = microburst.fired(proxy.store)
            microburst.tell(proxy.store)
            eventually(lambda: done(site) == OBJECTS, SECONDS)
        assert_read(store, contents)
        assert {key: sidecar_in(store, key)["result"]["text"] for key in TEXTS} == TEXTS
    jobs = site.jobs()
    assert len(jobs) == OBJECTS
    assert {(job.state, job.attempts - job.attempts_allowed) for job in jobs} == {(JobState.DONE, 1 - ATTEMPTS)}
    claims, seconds = sum(job.attempts for job in jobs), time.monotonic() - began
    with capsys.disabled():
        print(  # noqa: T201 - the counts are what one waited for
            f"\n{OBJECTS} objects, as many sidecars, {site.readings()} readings, {claims} claims, "
            f"{len(refused)} requests turned away (the proxy remembers 2000), {seconds:.0f} seconds"
        )


def wait_for_more(site: Site, count: int) -> None:
    """Until so many more are done."""
    before = done(site)
    eventually(lambda: done(site) >= before + count, SECONDS)


def done(site: Site) -> int:
    with closing(sqlite3.connect(f"file:{site.ledger}?mode=ro", uri=True)) as ledger:
        return int(ledger.execute("SELECT count(*) FROM jobs WHERE state = 'done'").fetchone()[0])
