"""Which pipeline reads a document: the first rule whose glob matches its key."""

import fnmatch
import re
import unicodedata
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
    fallback: PipelineName | None = None


def default_rules() -> tuple[Rule, ...]:
    """A folder named after each pipeline."""
    return tuple(Rule(match=f"{name.value}/**", pipeline=name) for name in PipelineName)


def route(key: str, rules: Sequence[Rule]) -> Assignment:
    """What the first matching rule asks for; without one, a skipped document and the reason."""
    for rule in rules:
        if matches(key, rule.match):
            return Assignment(
                pipeline=rule.pipeline,
                rule=rule.match,
                priority=rule.priority,
                outputs=rule.outputs,
                fallback=rule.fallback,
            )
    tried = ", ".join(rule.match for rule in rules)
    return Assignment(pipeline=None, rule="", reason=f"no rule matches it (tried: {tried})")


def matches(key: str, pattern: str) -> bool:
    """Whether the glob takes this key; case does not matter, because scanners write .JPG.

    `*` and `?` stay within a folder, `**` is any number of folders, `[a-z]` and `[!a-z]` are sets.
    """
    names, folders = unicodedata.normalize("NFC", key).split("/"), _compiled(pattern)
    name = folder = 0
    stars = resume = -1
    while name < len(names):
        wanted = folders[folder] if folder < len(folders) else _NOTHING
        if wanted is None:
            stars, resume, folder = folder, name, folder + 1
        elif wanted.fullmatch(names[name]):
            name, folder = name + 1, folder + 1
        elif stars >= 0:  # only the last `**` need ever take more: that keeps hostile keys cheap
            resume, folder = resume + 1, stars + 1
            name = resume
        else:
            return False
    return all(rest is None for rest in folders[folder:])


_NOTHING = re.compile(r"(?!)")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    """An expression for each folder of the glob, None for `**`; one at the end also takes the document itself."""
    folders = [folder for folder in unicodedata.normalize("NFC", pattern).split("/") if folder]
    if folders and folders[-1] == "**":
        folders.append("*")
    return tuple(None if folder == "**" else re.compile(fnmatch.translate(folder), re.IGNORECASE) for folder in folders)
