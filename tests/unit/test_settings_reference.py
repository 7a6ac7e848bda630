"""configs/ocr-inbox.toml is the reference: every key is in it, with its default and a comment."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from ocr_inbox.settings import BucketSettings, InboxSettings, RuleSettings, Settings, StoreSettings, load_settings

CONFIGS = Path(__file__).parents[2] / "configs"
REFERENCE = (CONFIGS / "ocr-inbox.toml").read_text(encoding="utf-8")
_SECTION = re.compile(r"^(?:# )?\[+([a-z.]+)\]+$")
_KEY = re.compile(r"^(?:# )?([a-z_]+) = (.+)$")


def _shown() -> dict[str, set[str]]:
    """The keys of each section as they are written, also those that are commented out."""
    shown: dict[str, set[str]] = {"": set()}
    section = ""
    for line in REFERENCE.splitlines():
        if found := _SECTION.match(line):
            section = found[1]
            shown.setdefault(section, set())
        elif found := _KEY.match(line):
            shown[section].add(found[1])
    return shown


def _sections(model: type[BaseModel], name: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    yield name, model
    for key, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _sections(field.annotation, f"{name}.{key}".lstrip("."))
    if model is Settings:
        for section, part in (("inboxes", InboxSettings), ("stores", StoreSettings), ("buckets", BucketSettings)):
            yield from _sections(part, section)
        for section in ("inboxes", "buckets"):
            yield from _sections(RuleSettings, f"{section}.rules")


SECTIONS = dict(_sections(Settings))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_shown(section: str) -> None:
    below = {name.rpartition(".")[2] for name in SECTIONS if name.rpartition(".")[0] == section and name}
    assert _shown().get(section, set()) == set(SECTIONS[section].model_fields) - below


def test_nothing_is_shown_that_does_not_exist() -> None:
    assert set(_shown()) <= set(SECTIONS)


def _values(settings: BaseModel) -> Iterator[tuple[str, object, object]]:
    """Each key with its default and the value that it was given."""
    for key, field in type(settings).model_fields.items():
        value = getattr(settings, key)
        if isinstance(value, BaseModel):
            yield from _values(value)
        elif field.default is not PydanticUndefined:
            yield key, field.default, value


def test_the_values_shown_are_the_defaults() -> None:
    settings = load_settings(CONFIGS / "ocr-inbox.toml")
    shown = settings.model_copy(update={"inboxes": ()})
    differing = {key: given for key, default, given in _values(shown) if default != given}
    assert differing == {"size": settings.pipelines.text.model_size}
    (inbox,) = settings.inboxes
    assert [key for key, default, given in _values(inbox) if default != given] == ["rules"]
    assert [key for key, default, given in _values(inbox.rules[-1]) if default != given] == []


def test_the_configuration_for_developers_works_inside_the_checkout() -> None:
    settings = load_settings(CONFIGS / "dev.toml")
    root = CONFIGS.parent
    assert all(
        path.is_relative_to(root) for path in (settings.state_dir, *(inbox.folder for inbox in settings.inboxes))
    )
    assert settings.api.host == "127.0.0.1"


@pytest.mark.parametrize("example", ["minio.toml", "aws-sqs.toml"])
def test_the_examples_for_buckets_can_work(example: str) -> None:
    (bucket,) = load_settings(CONFIGS / example).buckets
    assert bucket.events in {"minio", "sqs"}


def test_the_stores_and_buckets_shown_show_the_defaults(tmp_path: Path) -> None:
    """They are comments, because not everybody has buckets."""
    section, lines = "", []
    for line in REFERENCE.splitlines():
        plain = line.removeprefix("# ")
        section = found[1] if (found := _SECTION.match(line)) else section
        if section in {"stores", "buckets"} and (_SECTION.match(line) or _KEY.match(line)):
            lines.append(plain)
    excluded = {"profile", "sqs_url"}
    path = tmp_path / "shown.toml"
    kept = [line for line in lines if line.partition(" = ")[0] not in excluded]
    path.write_text("\n".join(['state_dir = "state"', *kept]), encoding="utf-8")
    settings = load_settings(path)
    for shown in (*settings.stores, *settings.buckets):
        differing = {key for key, default, given in _values(shown) if default != given and default is not None}
        assert differing == set()
