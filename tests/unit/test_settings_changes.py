"""A reload takes over what can be taken over, and names the rest by its key."""

from pathlib import Path
from typing import Any

from ocr_inbox.settings import InboxSettings, Settings
from ocr_inbox.settings.changes import differences, taken_over

STATE = Path("/var/lib/ocr-inbox")


def settings(*inboxes: dict[str, Any], **keys: Any) -> Settings:
    return Settings.model_validate({"state_dir": STATE, "inboxes": inboxes, **keys})


def inbox(name: str = "scans", **keys: Any) -> dict[str, Any]:
    return {"name": name, "folder": f"/srv/{name}", **keys}


def ruled(pipeline: str) -> dict[str, Any]:
    return inbox(rules=[{"match": "**", "pipeline": pipeline}])


def bucket(pipeline: str) -> dict[str, Any]:
    return {"name": "eu", "bucket": "scans", "rules": [{"match": "**", "pipeline": pipeline}]}


def test_the_same_configuration_differs_in_nothing() -> None:
    assert differences(settings(inbox()), settings(inbox())) == []


def test_rules_patience_and_the_log_level_are_taken_over() -> None:
    now = settings(ruled("text"), buckets=[bucket("text")])
    wanted = settings(ruled("table"), buckets=[bucket("table")], retry={"attempts": 5}, log_level="debug")
    taken = taken_over(now, wanted)
    assert taken == wanted
    assert differences(now, taken) == ["buckets.eu.rules", "inboxes.scans.rules", "log_level", "retry.attempts"]


def test_everything_else_waits_for_a_restart_and_is_named() -> None:
    now = settings(inbox())
    wanted = settings(
        inbox(folder="/srv/elsewhere", rules=[{"match": "**", "pipeline": "table"}]),
        state_dir="/srv/state",
        api={"port": 8091, "keys": ["k"]},
        pipelines={"text": {"readers": 2}},
    )
    taken = taken_over(now, wanted)
    waiting = ["api.keys", "api.port", "inboxes.scans.folder", "pipelines.text.readers", "state_dir"]
    assert differences(taken, wanted) == waiting
    assert differences(now, taken) == ["inboxes.scans.rules"]


def test_inboxes_go_by_their_names_and_not_by_their_places() -> None:
    now, wanted = settings(inbox("a"), inbox("b")), settings(inbox("b"), inbox("a"))
    assert differences(now, wanted) == []


def test_an_inbox_that_comes_or_goes_waits_for_a_restart() -> None:
    now, wanted = settings(inbox("a")), settings(inbox("b"))
    taken = taken_over(now, wanted)
    assert [it.name for it in taken.inboxes] == ["a"]
    assert differences(taken, wanted) == ["inboxes.a", "inboxes.b"]
    assert differences(settings(), settings(inbox("a"))) == ["inboxes.a"]


def test_an_inbox_that_goes_keeps_its_rules_until_then() -> None:
    (kept,) = taken_over(settings(ruled("text")), settings()).inboxes
    assert kept == InboxSettings.model_validate(ruled("text"))
