"""Every event that the code logs has a sentence, a priority and an id; and the catalog explains each id."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from ocr_inbox import logs
from ocr_inbox.errors import InfrastructureError, StoppingError
from ocr_inbox.messages import CRITICAL, ERROR, INFO, MESSAGES, NOTICE, WARNING, priority_of, sentence_of

ROOT = Path(__file__).parents[2]
PRIORITIES = {"info": (INFO, NOTICE), "warning": (WARNING,), "error": (ERROR,), "critical": (CRITICAL,)}
"""What an event of each level may be in the journal, which knows one kind more."""
WHERE_NAMES_ARE_VALUES = {"dispatch.py", "logs.py", "ear.py"}
"""Modules that log an event whose name is no literal; the tests know what it may be."""

Logged = tuple[str, str, str | None]
"""A module, the level, and the event's name where it is a literal."""


def _calls(path: Path) -> Iterator[Logged]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "log":
            name = node.args[0]
            yield path.name, node.func.attr, name.value if isinstance(name, ast.Constant) else None
        elif node.func.attr == "_log" and isinstance(node.args[0], ast.Constant):
            yield path.name, "warning", node.args[0].value


def _logged() -> list[Logged]:
    modules = [path for folder in ("daemon", "api") for path in (ROOT / folder).rglob("*.py")]
    return [call for path in modules for call in _calls(path)]


def _kinds(kind: type[InfrastructureError]) -> Iterator[type[InfrastructureError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


OBSTACLES = {kind.code for kind in _kinds(InfrastructureError) if kind is not StoppingError}
"""What a lane says when the world is in its way."""


def test_every_event_of_the_code_is_in_the_table_and_no_other() -> None:
    named = {name for _, _, name in _logged() if name is not None}
    assert named | OBSTACLES | set(logs._EVENTS.values()) == MESSAGES.keys()


def test_only_these_modules_log_an_event_whose_name_is_no_literal() -> None:
    assert {module for module, _, name in _logged() if name is None} == WHERE_NAMES_ARE_VALUES


def test_the_table_is_as_grave_as_the_code() -> None:
    said = {(name, level) for _, level, name in _logged() if name is not None}
    said |= {(code, "error") for code in OBSTACLES}
    said |= {(event, logs._LEVELS[state]) for state, event in logs._EVENTS.items()}
    assert [(name, level) for name, level in said if MESSAGES[name].priority not in PRIORITIES[level]] == []


def test_ids_are_ids_and_each_is_given_away_once() -> None:
    ids = [message.id for message in MESSAGES.values()]
    assert len(set(ids)) == len(ids)
    assert [id_ for id_ in ids if UUID(id_).hex != id_] == []


@pytest.mark.parametrize("event", MESSAGES)
def test_a_sentence_is_said_even_where_a_value_is_missing(event: str) -> None:
    assert sentence_of(event, {})
    assert "{" not in sentence_of(event, {"reason": "cannot {do} it"}).replace("{do}", "")


def test_an_event_that_nobody_knows_speaks_for_itself() -> None:
    assert sentence_of("no such {event}", {"event": 1}) == "no such {event}"
    assert priority_of("no such event", "warning") == WARNING


def _catalog() -> dict[str, str]:
    text = (ROOT / "systemd" / "ocr-inbox.catalog").read_text(encoding="utf-8")
    entries = text.split("\n-- ")[1:]
    return {entry.split("\n", 1)[0].strip(): entry.split("\n", 1)[1] for entry in entries}


def test_the_catalog_explains_every_id_and_no_other() -> None:
    assert list(_catalog()) == [message.id for message in MESSAGES.values()]


@pytest.mark.parametrize("event", MESSAGES)
def test_an_explanation_has_a_subject_and_says_what_it_means_and_what_to_do(event: str) -> None:
    head, _, text = _catalog()[MESSAGES[event].id].partition("\n\n")
    assert head.splitlines()[0].startswith("Subject: ")
    assert "Defined-By: ocr-inbox" in head.splitlines()
    assert len(text.split()) >= 10


@pytest.mark.parametrize("event", MESSAGES)
def test_an_explanation_names_only_values_that_its_event_has(event: str) -> None:
    entry = _catalog()[MESSAGES[event].id]
    named = {part.lower() for part in entry.split("@")[1::2]}
    sayable = {field for _, field, _, _ in string.Formatter().parse(MESSAGES[event].sentence) if field}
    sayable |= {"inbox", "key", "job", "error_code"} if event.startswith("job_") else set()
    assert named <= sayable
