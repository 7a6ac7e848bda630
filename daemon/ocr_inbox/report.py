"""How things stand: from the ledger, and from the daemon itself where it answers."""

import time
from dataclasses import asdict, dataclass
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from ocr_inbox.chronicle import Chronicle, Queue
from ocr_inbox.database import Database
from ocr_inbox.options import api_keys
from ocr_inbox.settings import Settings

_ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the ledger says, and what the daemon said of itself (None where it does not answer)."""

    totals: tuple[tuple[str, int], ...]
    queues: tuple[Queue, ...]
    health: Any

    def as_json(self) -> dict[str, object]:
        """For scripts."""
        return {
            "jobs": dict(self.totals),
            "queues": [asdict(queue) for queue in self.queues],
            "daemon": self.health,
        }


def live_health(settings: Settings) -> Any:
    """The answer of GET /api/v1/health, or None."""
    api = settings.api
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(api.host, api.host)  # noqa: S104 - where to ask, not to bind
    keys = api_keys(settings)
    headers = {"Authorization": f"Bearer {keys[0]}"} if keys else {}
    try:
        answer = httpx.get(
            f"http://{host}:{api.port}/api/v1/health", headers=headers, timeout=_ANSWER_SECONDS, trust_env=False
        )
        return answer.json()
    except (httpx.HTTPError, ValueError):
        return None


def status_of(database: Database, health: Any) -> Status:
    """Put both together."""
    chronicle = Chronicle(database)
    return Status(
        totals=tuple((state.value, count) for state, count in chronicle.totals()),
        queues=tuple(chronicle.queues()),
        health=health,
    )


def print_status(status: Status) -> None:
    """For people."""
    console = Console()
    console.print(f"daemon: {status.health['status'] if status.health else 'does not answer'}")
    for name, vitals in (status.health or {}).get("pipelines", {}).items():
        console.print(f"  pipeline {name}: {vitals['status']} {vitals.get('error') or ''}")
    for name, vitals in (status.health or {}).get("inboxes", {}).items():
        console.print(f"  inbox {name}: {vitals['mode']} {vitals.get('problem') or ''}")
    console.print("jobs: " + (", ".join(f"{count} {state}" for state, count in status.totals) or "none yet"))
    if status.queues:
        table = Table("inbox", "pipeline", "waiting", "running", "oldest")
        for queue in status.queues:
            age = f"{time.time() - queue.oldest:.0f} s"
            table.add_row(queue.inbox, queue.pipeline.value, str(queue.waiting), str(queue.running), age)
        console.print(table)
