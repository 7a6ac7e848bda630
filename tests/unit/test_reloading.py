"""SIGHUP: what can be changed is changed, what cannot is named, and a broken configuration changes nothing."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog.testing

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.reloading import Reload
from ocr_inbox.settings import Settings


def settings(**keys: Any) -> Settings:
    return Settings.model_validate({"state_dir": Path("/var/lib/ocr-inbox"), **keys})


@dataclass
class Source:
    """The configuration file: what is in it, or what is wrong with it."""

    content: Settings | ConfigurationError
    applied: list[Settings] = field(default_factory=list)

    def read(self) -> Settings:
        if isinstance(self.content, ConfigurationError):
            raise self.content
        return self.content

    def reload(self) -> Reload:
        return Reload(settings(), self.read, self.applied.append)


def told(reload: Reload) -> list[tuple[str, Any]]:
    with structlog.testing.capture_logs() as logs:
        reload()
    return [(line["event"], line.get("applied") or line.get("keys") or line.get("reason")) for line in logs]


def test_what_is_new_is_applied_and_said() -> None:
    source = Source(settings(log_level="debug"))
    assert told(source.reload()) == [("reloaded", ["log_level"])]
    assert [it.log_level for it in source.applied] == ["debug"]


def test_a_configuration_that_did_not_change_is_said_too() -> None:
    assert told(Source(settings()).reload()) == [("reloaded", None)]


def test_what_needs_a_restart_is_named_while_the_rest_is_applied() -> None:
    source = Source(settings(log_level="debug", state_dir="/srv/state"))
    assert told(source.reload()) == [("reloaded", ["log_level"]), ("restart_needed", ["state_dir"])]
    (applied,) = source.applied
    assert (applied.log_level, applied.state_dir) == ("debug", Path("/var/lib/ocr-inbox"))


def test_it_is_named_again_at_the_next_reload_but_nothing_is_applied_twice() -> None:
    reload = Source(settings(log_level="debug", state_dir="/srv/state")).reload()
    told(reload)
    assert told(reload) == [("reloaded", None), ("restart_needed", ["state_dir"])]


def test_a_broken_configuration_leaves_the_old_one_in_force_until_it_is_mended() -> None:
    source = Source(ConfigurationError("cannot use it: no such key"))
    reload = source.reload()
    assert told(reload) == [("reload_refused", "cannot use it: no such key")]
    assert reload.refusal
    assert source.applied == []
    source.content = settings()
    assert told(reload) == [("reloaded", None)]
    assert reload.refusal is None
