"""What a running daemon takes over from a configuration that was changed, and what only the next one does."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from ocr_inbox.settings.buckets import BucketSettings
from ocr_inbox.settings.inboxes import InboxSettings
from ocr_inbox.settings.sections import Settings

Watched = TypeVar("Watched", InboxSettings, BucketSettings)


def taken_over(now: Settings, wanted: Settings) -> Settings:
    """The settings that are in force after a reload: the log level, patience, and rules of inboxes as wanted."""
    return now.model_copy(
        update={
            "log_level": wanted.log_level,
            "retry": wanted.retry,
            "inboxes": _with_rules(now.inboxes, wanted.inboxes),
            "buckets": _with_rules(now.buckets, wanted.buckets),
        }
    )


def _with_rules(now: tuple[Watched, ...], wanted: tuple[Watched, ...]) -> tuple[Watched, ...]:
    rules = {it.name: it.rules for it in wanted}
    return tuple(it.model_copy(update={"rules": rules.get(it.name, it.rules)}) for it in now)


def differences(one: Settings, other: Settings) -> list[str]:
    """The keys with other values, as in `api.port` or `inboxes.scans.folder`; an inbox that is new is one key."""
    return sorted(_differing(one.model_dump(), other.model_dump()))


def _differing(one: Mapping[str, Any], other: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key in {**one, **other}:
        mine, theirs = _named(one.get(key)), _named(other.get(key))
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            yield from _differing(mine, theirs, f"{prefix}{key}.")
        elif mine != theirs:
            yield prefix + key


def _named(value: Any) -> Any:
    """Inboxes, stores and buckets go by their names, not by their places; rules have none, and are one value."""
    if isinstance(value, tuple) and all(isinstance(it, Mapping) and "name" in it for it in value):
        return {it["name"]: it for it in value}
    return value
