"""Buckets for benchmarks: filled fast, and as an installed daemon and a plain client are told of them."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from figures import ROOT  # noqa: F401 - with it, the tests' modules can be imported

from stores import Store

_AT_ONCE = 10
_TEXT_ONLY = ("pipelines.table.enabled = false", "pipelines.document.enabled = false")


def fill(store: Store, keys: Iterable[str], content: bytes) -> None:
    """Upload the same content under all these keys."""
    client = store.client()

    def put(key: str) -> None:
        client.put_object(Bucket=store.bucket, Key=key, Body=content)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for _ in threads.map(put, keys):
            pass


def configuration(store: Store, folder: Path, **keys: object) -> str:
    """An inbox `scans` of this bucket for a daemon that reads text only; the access keys are in files of the folder."""
    settings = store.settings(folder)
    where = {
        "name": "near",
        "endpoint_url": settings.endpoint_url,
        "addressing": settings.addressing,
        "access_key_file": str(settings.access_key_file),
        "secret_key_file": str(settings.secret_key_file),
    }
    inbox = {"name": "scans", "store": "near", "bucket": store.bucket, **keys}
    return "\n".join([*_TEXT_ONLY, "[[stores]]", *_toml(where), "[[buckets]]", *_toml(inbox)])


def _toml(table: Mapping[str, object]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in table.items()]


def access(store: Store) -> dict[str, str]:
    """The arguments of a plain boto3 client."""
    return {
        "endpoint_url": store.endpoint,
        "region_name": store.region,
        "aws_access_key_id": store.access_key,
        "aws_secret_access_key": store.secret_key,
    }
