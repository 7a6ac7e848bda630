"""Which pipeline reads a document: the first rule whose glob matches its key."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ocr_inbox.model import Assignment, Output, PipelineName, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A glob over the relative path, and what is done with the documents it takes."""

    match: str
    pipeline: PipelineName
    priority: Priority = Priority.NORMAL
    outputs: tuple[Output, ...] = field(default=(Output.JSON,))


def default_rules() -> tuple[Rule, ...]:
    """A folder named after each pipeline."""
    return tuple(Rule(match=f"{name.value}/**", pipeline=name) for name in PipelineName)


def route(key: str, rules: Sequence[Rule]) -> Assignment:
    """What the first matching rule asks for; without one, a skipped document and the reason."""
    for rule in rules:
        if matches(key, rule.match):
            return Assignment(pipeline=rule.pipeline, rule=rule.match, priority=rule.priority, outputs=rule.outputs)
    tried = ", ".join(rule.match for rule in rules)
    return Assignment(pipeline=None, rule="", reason=f"no rule matches it (tried: {tried})")


def matches(key: str, pattern: str) -> bool:
    """Whether the glob takes this key; case does not matter, because scanners write .JPG.

    `*` and `?` stay within a folder, `**` is any number of folders, `[a-z]` and `[!a-z]` are sets.
    """
    return _compiled(pattern).fullmatch(key) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    folders = pattern.strip("/").split("/")
    parts: list[str] = []
    for position, folder in enumerate(folders):
        last = position == len(folders) - 1
        if folder == "**":
            parts.append(".*" if last else "(?:[^/]+/)*")
        else:
            parts.append(_segment(folder) + ("" if last else "/"))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


_PIECE = re.compile(r"\*+|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)


def _segment(glob: str) -> str:
    return "".join(_expression(piece) for piece in _PIECE.findall(glob))


def _expression(piece: str) -> str:
    if piece.startswith("*"):
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece.startswith("[") and len(piece) > 1:
        negated = piece.startswith("[!")
        content = piece[2 if negated else 1 : -1].replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
        content = "\\^" + content[1:] if content.startswith("^") else content
        return f"(?!/)[{'^' if negated else ''}{content}]"
    return re.escape(piece)
