"""The VL server goes and comes back, hangs, or fails on one page: that is no document's fault, and costs none."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ocr_inbox.model import JobState
from pages import encoded, pdf_of, render_line
from running import PATIENCE, Daemon, Site, eventually, free_port, make_site, sidecar_of, sidecar_path
from vl_server.troubles import Trouble
from vl_stand_in import StandIn, standing_in

ATTEMPTS = 3
PAGE_SECONDS = 5
LINES = [f"Delivery note {number}" for number in range(41, 49)]


def vl_site(folder: Path, port: int, *, attempts: int, page_seconds: int = 60) -> Site:
    return make_site(
        folder,
        retry={"attempts": attempts},
        text={"enabled": False},
        table={"enabled": False},
        document={
            "server_url": f"http://127.0.0.1:{port}/v1",
            "look_seconds": 0.2,
            "page_seconds": page_seconds,
            "readers": 1,
            "layout": "off",
        },
    )


def ask(daemon: Daemon, content: bytes) -> httpx.Response:
    return httpx.post(
        f"{daemon.url}/api/v1/ocr/document", files={"file": content}, timeout=2 * PATIENCE, trust_env=False
    )


def vl_is(daemon: Daemon, status: str) -> bool:
    return bool(daemon.get("/api/v1/health").json()["pipelines"]["vl"]["status"] == status)


def read_before(sources: list[Path]) -> set[str]:
    return {sidecar_of(source)["result"]["text"] for source in sources if sidecar_path(source).exists()}


def test_a_server_that_dies_and_comes_back_costs_no_document_its_attempts(tmp_path: Path) -> None:
    port = free_port()
    site = vl_site(tmp_path, port, attempts=ATTEMPTS)
    with site.serving() as daemon:
        with standing_in(port=port) as server:
            eventually(lambda: vl_is(daemon, "ready"))
            server.tell(slow_seconds=0.5)
            sources = [
                site.drop(encoded(render_line(line)), f"document/{number}.png") for number, line in enumerate(LINES)
            ]
            eventually(lambda: len(read_before(sources)) >= 2)
        eventually(lambda: vl_is(daemon, "unavailable"))
        before = read_before(sources)
        refused = ask(daemon, encoded(render_line("Urgent")))
        with standing_in(port=port) as server:
            jobs = [daemon.wait_for_job(f"document/{source.name}") for source in sources]
            asked = Counter(entry.text for entry in server.requests())
            after = server.outcomes()

    assert 2 <= len(before) < len(LINES)
    assert read_before(sources) == set(LINES)
    assert {job.state for job in jobs} == {JobState.DONE}
    spent = [ATTEMPTS - 1 - (job.attempts_allowed - job.attempts) for job in jobs]
    # The page that the server had in its hands may have been what killed it, and is not tried for ever.
    assert sum(spent) <= 1
    assert min(spent) == 0
    assert max(job.attempts for job in jobs) > 1, "nothing was being read when the server died"
    assert asked == Counter(set(LINES) - before)
    assert set(after) == {"answered"}
    assert (refused.status_code, refused.json()["error"]) == (503, "VL service unavailable")
    assert int(refused.headers["Retry-After"]) > 0


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
