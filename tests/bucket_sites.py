"""Installed daemons with one inbox that is a bucket."""

from pathlib import Path
from typing import Any

from running import Site, make_site
from stores import Store

EVENT_KEY = "let-me-tell-you"


def store_keys(store: Store, folder: Path) -> dict[str, Any]:
    """The section of the configuration for the store `near`; its credentials are in files of this folder."""
    settings = store.settings(folder)
    return {
        "name": "near",
        "endpoint_url": settings.endpoint_url,
        "addressing": "path",
        "access_key_file": str(settings.access_key_file),
        "secret_key_file": str(settings.secret_key_file),
    }


def a_site(folder: Path, store: Store, *, port: int | None = None, **bucket: Any) -> Site:
    """A daemon's configuration with one inbox: what lies below in/ of the bucket."""
    inbox = {"name": "scans", "store": "near", "bucket": store.bucket, "prefix": "in/", "reconcile_seconds": 1}
    rules = [{"match": "**", "pipeline": "text"}]
    (folder / "event-key").write_text(EVENT_KEY, encoding="ascii")
    return make_site(
        folder,
        inboxes=(),
        stores=[store_keys(store, folder)],
        buckets=[{**inbox, "rules": rules, **bucket}],
        port=port,
        api={"event_key_file": "event-key"},
    )
