"""microburst: a proxy before a store that fails as AWS does, as often as a test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from stores import Store
from stores.server import Server

_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with the requests that match; of several faults, the first that matches happens.

    `operation` is boto3's, say GetObject; `resource` is a part of the path. `error` is a code of AWS, say SlowDown with
    `status` 503. `delay_ms` comes before the answer or the other fault. `reset` cuts the connection instead of
    answering, `cut_upload_after` and `cut_answer_after` once so many bytes went over it; `short_answer_after` ends the
    answer there as if it were whole. `corrupt_bytes` of the answer are wrong. `times` is how often it happens in all,
    `fails` and `passes` how it alternates, `probability` what chance has to do with it.
    """

    service: str = "s3"
    operation: str | None = None
    resource: str | None = None
    error: str | None = None
    status: int | None = None
    delay_ms: float | None = None
    reset: bool = False
    cut_upload_after: int | None = None
    cut_answer_after: int | None = None
    short_answer_after: int | None = None
    corrupt_bytes: int | None = None
    times: int | None = None
    fails: int | None = None
    passes: int | None = None
    probability: float = 1.0

    def rule(self) -> dict[str, Any]:
        """As microburst wants it."""
        answer = {
            "abort_bytes": self.cut_answer_after,
            "truncate_bytes": self.short_answer_after,
            "corrupt_bytes": self.corrupt_bytes,
        }
        return _set(
            service=self.service,
            operation=self.operation,
            resource=self.resource,
            probability=self.probability,
            times=self.times,
            sequence=_set(**{"fail": self.fails, "pass": self.passes}),
            error=_set(code=self.error, status=self.status),
            latency=self.delay_ms,
            reset=self.reset,
            request=_set(cut_upload=_set(after_bytes=self.cut_upload_after)),
            response=_set(**answer),
        )


def address(port: int) -> str:
    """Where clients find the proxy; a name with dots would have it load the models of all services, for ten seconds."""
    return f"http://localhost:{port}"


@contextmanager
def serving(folder: Path, upstream: Store, port: int) -> Iterator[Server]:
    """A proxy before that store, which has to be there; nothing is wrong yet.

    It leaves signatures as they are, so the store has to accept those that were made for the proxy's address.
    """
    command = ["microburst", "--host", "127.0.0.1", "--port", str(port), "--upstream", upstream.endpoint, "--no-resign"]
    store = replace(upstream, endpoint=address(port))
    with Server(store, command, folder=folder).running() as server:
        yield server


def tell(proxied: Store, *faults: Fault) -> None:
    """Fail so from now on, and forget what was before; without faults, be well."""
    _ask(proxied, "POST", "rules", json=[fault.rule() for fault in faults])
    _ask(proxied, "DELETE", "fired")


def fired(proxied: Store) -> list[str]:
    """The operations that something happened to since it was told something, the last 2,000 at most."""
    return [event["operation"] for event in _ask(proxied, "GET", "fired?limit=2000").json()]


def _ask(proxied: Store, method: str, path: str, **content: Any) -> httpx.Response:
    url = f"{proxied.endpoint}/_microburst/{path}"
    return httpx.request(method, url, timeout=_SECONDS, trust_env=False, **content).raise_for_status()


def _set(**values: Any) -> dict[str, Any]:
    """Those that say anything."""
    return {name: value for name, value in values.items() if value not in (None, {})}
