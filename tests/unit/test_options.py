"""What the parts are told is what the configuration says."""

from pathlib import Path
from typing import Any

import pytest

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.model import Output, PipelineName, Priority
from ocr_inbox.options import api_keys, api_options, document_fallback, folder_options, rules_of, upload_options
from ocr_inbox.routing import Rule, default_rules
from ocr_inbox.settings import InboxSettings, Settings


def _inbox(**keys: Any) -> InboxSettings:
    return InboxSettings.model_validate({"name": "scans", "folder": "/srv/scans", **keys})


def _settings(**api: Any) -> Settings:
    return Settings.model_validate({"state_dir": "/var/lib/ocr-inbox", "api": api})


def test_rules_keep_their_order_and_everything_they_say() -> None:
    rules = [
        {"match": "urgent/**", "pipeline": "table", "priority": "high", "outputs": ["markdown"]},
        {"match": "**", "pipeline": "text"},
    ]
    assert rules_of(_inbox(rules=rules)) == (
        Rule(
            match="urgent/**",
            pipeline=PipelineName.TABLE,
            priority=Priority.HIGH,
            outputs=(Output.JSON, Output.MARKDOWN),
        ),
        Rule(match="**", pipeline=PipelineName.TEXT),
    )


def test_an_inbox_without_rules_has_those_for_newcomers() -> None:
    assert rules_of(_inbox()) == default_rules()


_RULES = [
    {"match": "a/**", "pipeline": "document"},
    {"match": "b/**", "pipeline": "document", "fallback": "table"},
    {"match": "c/**", "pipeline": "document", "fallback": "none"},
    {"match": "d/**", "pipeline": "text"},
]


@pytest.mark.parametrize("default", [None, PipelineName.TABLE])
def test_a_rule_may_say_otherwise_than_its_pipeline_about_the_fallback(default: PipelineName | None) -> None:
    fallbacks = [rule.fallback for rule in rules_of(_inbox(rules=_RULES), default)]
    assert fallbacks == [default, PipelineName.TABLE, None, None]


def test_the_rules_for_newcomers_take_the_fallback_of_the_pipeline() -> None:
    fallbacks = {rule.pipeline: rule.fallback for rule in rules_of(_inbox(), PipelineName.TABLE)}
    assert fallbacks == {
        PipelineName.TEXT: None,
        PipelineName.TABLE: None,
        PipelineName.DOCUMENT: PipelineName.TABLE,
    }


@pytest.mark.parametrize(("word", "fallback"), [("table", PipelineName.TABLE), ("none", None)])
def test_requests_take_the_fallback_of_the_pipeline(word: str, fallback: PipelineName | None) -> None:
    settings = Settings.model_validate({"state_dir": "/state", "pipelines": {"document": {"fallback": word}}})
    assert document_fallback(settings) is api_options(settings).document_fallback is fallback


def test_no_rule_can_claim_the_priority_of_a_person_who_waits() -> None:
    priorities = [
        rules_of(_inbox(rules=[{"match": "**", "pipeline": "text", "priority": name}]))[0].priority
        for name in ("high", "normal", "low")
    ]
    assert min(priorities) > Priority.INTERACTIVE


def test_a_folder_is_told_where_its_documents_go() -> None:
    options = folder_options(_inbox(after="archive", failed="/srv/failed", watch="poll"))
    assert (options.name, options.root, options.mode) == ("scans", Path("/srv/scans"), "poll")
    assert (options.after, options.archive) == ("archive", Path("/srv/scans/archive"))
    assert (options.after_failure, options.failed) == ("leave", Path("/srv/failed"))


def test_uploads_lie_in_the_state_directory_and_nobody_learns_where() -> None:
    options = upload_options(_settings())
    assert (options.root, options.uri_prefix) == (Path("/var/lib/ocr-inbox/uploads"), "upload:")
    assert options.after == "delete"


def test_megabytes_become_bytes() -> None:
    assert api_options(_settings(max_upload_mb=0.5)).max_upload_bytes == 512 << 10


def test_keys_of_the_file_are_added_to_those_of_the_configuration(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("one\n\n  two \n", encoding="utf-8")
    assert api_keys(_settings(keys=["zero"], key_file=keys)) == ("zero", "one", "two")
    assert api_keys(_settings()) == ()


@pytest.mark.parametrize("content", [b"", b"\n \n", b"caf\xe9"])
def test_a_key_file_without_a_usable_key_never_means_an_open_api(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").write_bytes(content)
    for path in (tmp_path / "keys", tmp_path / "missing"):
        with pytest.raises(ConfigurationError, match=r"api\.key_file"):
            api_keys(_settings(host="0.0.0.0", key_file=path))  # noqa: S104 - it must not come to that
