"""What a request adds to reading: the POST of a page, less the time inside the engine."""

import time

import httpx
from figures import Against, bare_server, daemon, page_files, report, rounds

_POSTS = 40
_MS = 1e3


def _overhead(client: httpx.Client, page: bytes) -> float:
    started = time.monotonic()
    answer = client.post("/api/v1/ocr/text", files={"file": page}).raise_for_status()
    whole = time.monotonic() - started
    return float((whole - answer.json()["metrics"]["inference_time"]) * _MS)


def _bare_post(client: httpx.Client, page: bytes) -> float:
    started = time.monotonic()
    client.post("/", content=page).raise_for_status()
    return (time.monotonic() - started) * _MS


def main() -> None:
    """Post the page by turns to the daemon and to a bare FastAPI that only counts its bytes."""
    (page,) = page_files(1)
    ours, bare = [], []
    with daemon() as it, bare_server() as (_, url):
        api = httpx.Client(base_url=it.url, trust_env=False, timeout=120)
        hello = httpx.Client(base_url=url, trust_env=False)
        with api, hello:
            for _ in rounds(_POSTS + 2, "api_overhead_ms"):
                ours.append(_overhead(api, page))
                bare.append(_bare_post(hello, page))
    report("api_overhead_ms", "ms", ours[2:], Against(name="bare_fastapi_post", samples=bare[2:]))


if __name__ == "__main__":
    main()
