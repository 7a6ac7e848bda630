"""How much memory the control process holds: idle, after a thousand documents, after a thousand requests."""

from collections.abc import Sequence

import httpx
from figures import (
    Against,
    Daemon,
    bare_server,
    daemon,
    page_files,
    pss_mb,
    report,
    rounds,
    rss_mb,
    tiny_file,
)

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
    for number in range(_DOCUMENTS):
        (it.texts / f"small-{number:04}.png").write_bytes(content)
    it.wait_for_done("small", _DOCUMENTS, every=1.0)


def _serve(url: str, path: str, uploads: int) -> None:
    with httpx.Client(base_url=url, trust_env=False, timeout=120) as client:
        for _ in range(_REQUESTS - uploads):
            client.get(path).raise_for_status()
        (page,) = page_files(1)
        for _ in range(uploads):
            client.post("/api/v1/ocr/text", files={"file": page}).raise_for_status()


def measure_used() -> None:
    """After small documents from the folder, then also after requests."""
    with daemon() as it, bare_server() as (server, url):
        for _ in rounds(1, "control_rss_after_documents_mb"):
            _read_documents(it)
        documents, idle = rss_mb(it.control), rss_mb(server.process)
        for _ in rounds(1, "control_rss_after_requests_mb"):
            _serve(it.url, "/api/v1/health", _UPLOADS)
            _serve(url, "/", 0)
        requests, served = rss_mb(it.control), rss_mb(server.process)
    _report("control_rss_after_documents_mb", [documents], [idle])
    _report("control_rss_after_requests_mb", [requests], [served])


if __name__ == "__main__":
    measure_idle()
    measure_used()
