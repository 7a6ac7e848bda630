"""What happens to one upload: how soon its sidecar is there, and how often the store is asked for that."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

from botocore.exceptions import ClientError
from figures import Against, Peer, daemon, free_port, peer, percentile, report, rounds, wait_until, workplace
from watched import access, configuration

from pages import encoded, render_line
from stores import Store, juicefs, ministack, seaweedfs

_UPLOADS = 30
_FIRST = 3
"""That are not counted: the first sidecar is preceded by a look at what the store can do."""
_NEVER = 100_000
"""Seconds between two scans."""
_EVENT_KEY = "let-me-tell-you"
_MS = 1e3
_KEYS = [f"text/{number:04}.png" for number in range(_FIRST + _UPLOADS)]
_STRIP = encoded(render_line("Invoice 2041"))


def _seconds_to_sidecar(store: Store, key: str) -> float:
    """From when an image is uploaded until its sidecar is there."""
    store.put(key, _STRIP)
    uploaded = time.monotonic()
    wait_until(lambda: _is_there(store, f"{key}.ocr.json"), every=0.01)
    return time.monotonic() - uploaded


def _is_there(store: Store, key: str) -> bool:
    with suppress(ClientError):
        store.client().head_object(Bucket=store.bucket, Key=key)
        return True
    return False


def _seconds_reading(store: Store, key: str) -> float:
    """What was spent inside the reader, on decoding and reading."""
    metrics = json.loads(store.get(f"{key}.ocr.json"))["metrics"]
    return float(metrics["inference_time"] + metrics["preprocess_time"])


def _compare(how: str, watched: Store, echoed: Store) -> None:
    ours, bare = [], []
    for number in rounds(len(_KEYS), f"bucket_{how}_over_reading_ms"):
        key = _KEYS[number]
        ours.append((_seconds_to_sidecar(watched, key) - _seconds_reading(watched, key)) * _MS)
        bare.append(_seconds_to_sidecar(echoed, key) * _MS)
    floor = Against(name=f"bare_boto3_{how}_copy", samples=bare[_FIRST:])
    for percent in (50, 95):
        report(f"bucket_{how}_over_reading_p{percent}_ms", "ms", ours[_FIRST:], floor, percentile(percent))


def measure_webhook() -> None:
    """Two servers, because each has one webhook; they keep no events, which they would post every three seconds."""
    ports = free_port(), free_port()
    hooks = [f"http://127.0.0.1:{ports[0]}/api/v1/events/s3", f"http://127.0.0.1:{ports[1]}/"]
    with ExitStack() as stack:
        folders = [stack.enter_context(workplace()) for _ in hooks]
        stores = []
        for folder, hook in zip(folders, hooks, strict=True):
            server = juicefs.serving(folder, webhook=hook, token=_EVENT_KEY, keeps_events=False)
            stores.append(stack.enter_context(server).store.fresh())
            juicefs.tell_webhook(stores[-1])
        watched, echoed = stores
        key = folders[0] / "event-key"
        key.write_text(_EVENT_KEY, encoding="ascii")
        more = f"api.event_key_file = {json.dumps(str(key))}\n"
        more += configuration(watched, folders[0], events="webhook", reconcile_seconds=_NEVER)
        stack.enter_context(daemon(more=more, port=ports[0]))
        stack.enter_context(peer("echo", json.dumps(access(echoed)), str(ports[1])))
        _compare("webhook", watched, echoed)


def measure_sqs() -> None:
    """Two buckets of one server, each with a queue."""
    with workplace() as folder, ministack.serving(folder) as server:
        queues = [ministack.a_queue(server.store.fresh()) for _ in range(2)]
        for queue in queues:
            ministack.tell_queue(queue)
        watched, echoed = queues
        more = configuration(watched.store, folder, events="sqs", sqs_url=watched.url, reconcile_seconds=_NEVER)
        with daemon(more=more), peer("echo", json.dumps(access(echoed.store)), echoed.url):
            _compare("sqs", watched.store, echoed.store)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How many requests, and their bytes both ways, with all headers; listings are left out."""

    requests: int
    bytes: int


def _traffic(relay: Peer, deed: Callable[[], None]) -> Traffic:
    """What passes a relay while something is done."""
    before = relay.ask("count")
    deed()
    after = relay.ask("count")
    grown = {
        kind: [now - then for now, then in zip(counts, before.get(kind, (0, 0)), strict=True)]
        for kind, counts in after.items()
        if kind != "LIST"
    }
    print(f"by kind: {grown}", file=sys.stderr)
    return Traffic(requests=sum(n for n, _ in grown.values()), bytes=sum(n for _, n in grown.values()))


def measure_traffic() -> None:
    """What a relay sees of documents that a scan finds, and of a plain client that gets each and puts its sidecar."""
    port = free_port()
    with workplace() as folder, seaweedfs.serving(folder) as server:
        store = server.store.fresh()
        relayed = replace(store, endpoint=f"http://127.0.0.1:{port}")
        with peer("relay", str(port), store.endpoint.rpartition(":")[2]) as relay:
            with daemon(more=configuration(relayed, folder, reconcile_seconds=1)):
                _upload_some(store, _KEYS[:_FIRST])
                ours = _traffic(relay, lambda: _upload_some(store, _KEYS[_FIRST:]))
            sidecar = store.get(f"{_KEYS[-1]}.ocr.json")
            bare = _traffic(relay, lambda: _copy_some(relayed, _KEYS[_FIRST:], sidecar))
    for figure, unit, value, floor in (
        ("bucket_requests_per_document", "requests", ours.requests, bare.requests),
        ("bucket_traffic_per_document_kb", "KB", ours.bytes / 1e3, bare.bytes / 1e3),
    ):
        against = Against(name="bare_boto3_get_and_put", samples=[floor / _UPLOADS])
        report(figure, unit, [value / _UPLOADS], against)


def _upload_some(store: Store, keys: Sequence[str]) -> None:
    for number in rounds(len(keys), "bucket_requests_per_document"):
        _seconds_to_sidecar(store, keys[number])


def _copy_some(store: Store, keys: Sequence[str], sidecar: bytes) -> None:
    for key in keys:
        store.get(key)
        store.put(f"{key}.ocr.json", sidecar)


if __name__ == "__main__":
    measure_webhook()
    measure_sqs()
    measure_traffic()
