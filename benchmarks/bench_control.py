"""How much memory the control process holds: idle, after a thousand documents, after a thousand requests."""

from collections.abc import Sequence

import httpx
from figures import Against, Daemon, bare_server, daemon, page_files, report, rounds, tiny_file, wait_until
from memory import pss_mb, rss_mb

_STARTS = 3
_DOCUMENTS = 1000
_REQUESTS = 1000
_UPLOADS = 20


def _report(figure: str, ours: Sequence[float], floor: Sequence[float]) -> None:
    report(figure, "MB", ours, Against(name="bare_fastapi_hello", samples=floor))


def measure_idle() -> None:
    """The API is up, the reader stands ready, and nothing is to be done."""
    rss, pss, bare_rss, bare_pss = [], [], [], []
    for _ in rounds(_STARTS, "control_rss_mb"):
        with daemon() as it, bare_server() as (server, _):
            rss.append(rss_mb(it.control))
            pss.append(pss_mb(it.control))
            bare_rss.append(rss_mb(server.process))
            bare_pss.append(pss_mb(server.process))
    _report("control_rss_mb", rss, bare_rss)
    _report("control_pss_mb", pss, bare_pss)


def _read_documents(it: Daemon) -> None:
    content = tiny_file()
    for batch in rounds(_DOCUMENTS // 100, "control_rss_after_documents_mb"):
        for number in range(100):
            (it.texts / f"small-{batch}-{number:02}.png").write_bytes(content)
        it.wait_for_done(f"small-{batch}-", 100, every=0.05)


def _serve(it: Daemon, bare_url: str) -> None:
    """Requests about the daemon's health and for pages to be read; the bare server says hello to each."""
    (page,) = page_files(1)
    with httpx.Client(trust_env=False, timeout=120) as client:
        # So many documents are what a reader is replaced after.
        wait_until(lambda: client.get(f"{it.url}/readyz").is_success)
        for number in rounds(_REQUESTS, "control_rss_after_requests_mb"):
            client.get(bare_url).raise_for_status()
            if number % (_REQUESTS // _UPLOADS) == 0:
                client.post(f"{it.url}/api/v1/ocr/text", files={"file": page}).raise_for_status()
            else:
                client.get(f"{it.url}/api/v1/health").raise_for_status()


def measure_used() -> None:
    """After small documents from the folder, then also after requests."""
    with daemon() as it, bare_server() as (server, url):
        idle = rss_mb(server.process)
        _read_documents(it)
        _report("control_rss_after_documents_mb", [rss_mb(it.control)], [idle])
        _serve(it, url)
        _report("control_rss_after_requests_mb", [rss_mb(it.control)], [rss_mb(server.process)])


if __name__ == "__main__":
    measure_idle()
    measure_used()
