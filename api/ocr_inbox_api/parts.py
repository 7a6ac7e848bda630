"""What the API is given: the parts of the daemon that it may touch, and its limits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Job, Output, PipelineName
from ocr_inbox.ports import Clock, Vitals


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions:
    """Limits of the API; without keys it asks nobody who they are, without origins no browser may call it.

    Without event keys, no store may tell of its objects.

    `max_upload_bytes` is for one file alone, `max_batch_bytes` for all of a batch. `max_waiting` counts open jobs of
    uploads. `document_fallback` reads what is sent for a document while the server for that is away.
    """

    max_upload_bytes: int = 10 * 1024 * 1024
    max_batch_files: int = 20
    max_batch_bytes: int = 100 * 1024 * 1024
    max_waiting: int = 100
    timeout_seconds: float = 120.0
    upload_timeout_seconds: float = 60.0
    keys: tuple[str, ...] = field(default=(), repr=False)
    event_keys: tuple[str, ...] = field(default=(), repr=False)
    cors_origins: tuple[str, ...] = ()
    document_fallback: PipelineName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The daemon as the API sees it.

    `fetch` gives what was delivered for a job, markdown with its figures inside, or None; it may raise
    InboxUnavailableError. `uploads` is the folder of the uploads inbox; it exists. `take_event` hears what a store
    posts, and says whether any inbox wanted to know; it may raise EventNotUnderstoodError.
    """

    ledger: Ledger
    chronicle: Chronicle
    vitals: Vitals
    fetch: Callable[[Job, Output], bytes | None]
    uploads: Path
    take_event: Callable[[bytes], bool]
    version: str
    clock: Clock
