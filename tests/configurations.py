"""Configurations for tests: impatient, with one small reader, and with what a test is about."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from model_cache import ready_models

Keys = Mapping[str, Any]
"""Keys of a section of the configuration, as TOML has them."""

_INBOX: Keys = {
    "name": "inbox",
    "folder": "inbox",
    "create": True,
    "settle_seconds": 0.2,
    "reconcile_seconds": 1,
}
_MODELS = ("PP-OCRv6_small_det", "PP-OCRv6_small_rec")


def write_configuration(
    path: Path,
    port: int,
    *,
    inboxes: Sequence[Keys],
    stores: Sequence[Keys] = (),
    buckets: Sequence[Keys] = (),
    top: Keys = MappingProxyType({}),
    **sections: Keys,
) -> None:
    """A file in which each inbox and each section has these keys instead of, or beside, those for all tests."""
    lines = _toml({"state_dir": "state", "grace_seconds": 10, **top})
    for inbox in inboxes:
        lines += ["[[inboxes]]", *_toml({**_INBOX, **inbox})]
    for name, tables in (("stores", stores), ("buckets", buckets)):
        for table in tables:
            lines += [f"[[{name}]]", *_toml(table)]
    defaults: dict[str, Keys] = {
        "api": {"port": port},
        "retry": {"first_delay_seconds": 0, "put_off_seconds": 0.2},
        "models": {"folder": str(ready_models(*_MODELS))},
        "pipelines.text": {"model": "PP-OCRv6", "readers": 1, "threads": 2, "line_orientation": False},
        "pipelines.table": {"enabled": "table" in sections},
        "pipelines.document": {"enabled": "document" in sections},
        "limits": {},
    }
    for name, keys in defaults.items():
        lines += [f"[{name}]", *_toml({**keys, **sections.pop(name.rpartition(".")[2], {})})]
    assert not sections, f"there are no sections {sections}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(keys: Keys) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in keys.items()]


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(_toml(value))}}}"
    return json.dumps(value)
