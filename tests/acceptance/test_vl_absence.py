"""The VL server goes and comes back, hangs, or fails on one page: that is no document's fault, and costs none."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ocr_inbox.model import Job, JobState
from pages import encoded, pdf_of, render_line
from running import PATIENCE, Daemon, Site, eventually, free_port, make_site, sidecar_of
from vl_server.troubles import Entry, Trouble
from vl_stand_in import StandIn, standing_in

ATTEMPTS = 3
PAGE_SECONDS = 5
LINES = [f"Delivery note {number}" for number in range(41, 81)]
READERS = 2
HELD = [13, 14]
"""Which pages the server does not answer, of those that it is asked for in each of its lives."""
DEATHS = 2
OUTAGE_SECONDS = 20


def vl_site(folder: Path, port: int, *, attempts: int, readers: int = 1, page_seconds: int = 60) -> Site:
    return make_site(
        folder,
        retry={"attempts": attempts},
        text={"enabled": False},
        table={"enabled": False},
        document={
            "server_url": f"http://127.0.0.1:{port}/v1",
            "look_seconds": 0.2,
            "page_seconds": page_seconds,
            "readers": readers,
            "layout": "off",
        },
    )


def ask(daemon: Daemon, content: bytes) -> httpx.Response:
    return httpx.post(
        f"{daemon.url}/api/v1/ocr/document", files={"file": content}, timeout=2 * PATIENCE, trust_env=False
    )


def vl_is(daemon: Daemon, status: str) -> bool:
    return bool(daemon.get("/api/v1/health").json()["pipelines"]["vl"]["status"] == status)


def spent(job: Job) -> int:
    """The attempts that were used up before the one that read it."""
    return job.attempts - 1 - (job.attempts_allowed - ATTEMPTS)


def demand_refusal(daemon: Daemon) -> None:
    """Nobody who waits is made to wait for a server that is away, and whoever asks is told that it is."""
    vitals = daemon.get("/api/v1/health").json()["pipelines"]["vl"]
    assert (vitals["docker_status"], vitals["health_check"]) == ("not reachable", "failed")
    assert vitals["api_url"].removesuffix("/v1") in vitals["error"]
    response = ask(daemon, encoded(render_line("Urgent")))
    assert (response.status_code, response.json()["error"]) == (503, "VL service unavailable")
    assert int(response.headers["Retry-After"]) > 0


def wait_until_held(server: StandIn) -> None:
    """Each reader waits for the answer to a page."""
    eventually(lambda: server.outcomes().count("hung") == READERS, 2 * PATIENCE)


def wait_until(moment: float) -> None:
    eventually(lambda: time.monotonic() >= moment)


def test_a_server_that_dies_twice_costs_an_attempt_only_the_pages_that_it_held(tmp_path: Path) -> None:
    """A page that the server had in its hands may be what killed it: were that free, it would be tried for ever.

    So the server is killed when it holds a page of each reader, by name, and answers nothing else.
    """
    port, lives = free_port(), list[Entry]()
    site = vl_site(tmp_path, port, attempts=ATTEMPTS, readers=READERS)
    with site.serving() as daemon:
        sources = [site.drop(encoded(render_line(line)), f"document/{line}.png") for line in LINES]
        for _ in range(DEATHS):
            with standing_in(Trouble(kind="hang", pages=HELD), port=port) as server:
                wait_until_held(server)
                lives += server.requests()
            back_at = time.monotonic() + OUTAGE_SECONDS
            eventually(lambda: vl_is(daemon, "unavailable"))
            demand_refusal(daemon)
            wait_until(back_at)
        with standing_in(port=port) as server:
            jobs = [daemon.wait_for_job(f"document/{source.name}") for source in sources]
            lives += server.requests()

    held = Counter(entry.text for entry in lives if entry.outcome == "hung")
    assert [sidecar_of(source)["result"]["text"] for source in sources] == LINES
    assert [job.state for job in jobs] == [JobState.DONE] * len(LINES)
    assert {line: spent(job) for line, job in zip(LINES, jobs, strict=True)} == {line: held[line] for line in LINES}
    assert held.total() == DEATHS * READERS
    assert Counter(entry.text for entry in lives if entry.outcome == "answered") == Counter(LINES)
    assert {entry.outcome for entry in lives} == {"answered", "hung"}
    assert len(site.events("job_done")) == len(LINES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A daemon and its server."""

    daemon: Daemon
    server: StandIn


@pytest.fixture(scope="module")
def _pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with standing_in() as server:
        site = vl_site(tmp_path_factory.mktemp("pair"), server.port, attempts=1, page_seconds=PAGE_SECONDS)
        with site.serving() as daemon:
            eventually(lambda: vl_is(daemon, "ready"))
            yield Pair(daemon=daemon, server=server)


@pytest.fixture
def pair(_pair: Pair) -> Pair:
    """Both are well, and the reader is warm."""
    _pair.server.tell()
    assert ask(_pair.daemon, encoded(render_line("Warm"))).status_code == 200
    return _pair


def test_a_page_that_fails_alone_leaves_the_others_read(pair: Pair) -> None:
    pair.server.tell(Trouble(kind="fail", words="Poison"))
    pages = [render_line(text) for text in ("Page one", "Poison", "Page three")]
    sidecar = pair.daemon.wait_for_sidecar(pair.daemon.site.drop(pdf_of(pages), "document/three.pdf"))

    assert (sidecar["success"], sidecar["status"]) == (True, "partial")
    assert [failed["page"] for failed in sidecar["failed_pages"]] == [1]
    assert [block["page"] for block in sidecar["result"]["layout"]] == [0, 2]
    assert pair.daemon.wait_for_job("document/three.pdf").state is JobState.DONE


def test_a_server_that_hangs_is_told_within_the_time_of_a_page(pair: Pair) -> None:
    pair.server.tell(Trouble(kind="hang"))
    began = time.monotonic()
    response = ask(pair.daemon, encoded(render_line("Patience")))
    seconds = time.monotonic() - began

    assert (response.status_code, response.json()["error"]) == (504, "Request timeout"), response.text
    assert seconds < PAGE_SECONDS
    assert pair.server.outcomes() == ["hung"]
    pair.server.tell()
    assert ask(pair.daemon, encoded(render_line("Patience"))).status_code == 200
