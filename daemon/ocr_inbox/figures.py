"""Figures of pages: what they are called, how markdown refers to them, and markdown that has them in itself."""

import base64
import hashlib
import re
from collections.abc import Callable

_NAME = re.compile(r"[0-9a-f]{32}\.jpg")
_REFERENCE = re.compile(rf'(<img src="|!\[\]\()(?:[^"()<>\s]*/)?({_NAME.pattern})("[^<>]*>|\))')
_LEFT_OUT = "(figure left out)"


def name_of(content: bytes) -> str:
    """The name of a figure: the same for the same content and another for any other, so that none replaces another."""
    return f"{hashlib.sha256(content).hexdigest()[:32]}.jpg"


def is_name(name: str) -> bool:
    """Whether a figure could be called so; such a name leads nowhere but into the folder where it is looked up."""
    return _NAME.fullmatch(name) is not None


def linked(markdown: str, address: Callable[[str], str | None]) -> str:
    """The same markdown with the address of each figure, by its name; of one without, that it was left out."""

    def reference(found: re.Match[str]) -> str:
        there = address(found[2])
        return _LEFT_OUT if there is None else f"{found[1]}{there}{found[3]}"

    return _REFERENCE.sub(reference, markdown)


def self_contained(markdown: bytes, fetch: Callable[[str], bytes | None], most_bytes: int) -> bytes:
    """The same markdown with its figures inside, as `fetch` gives them, as far as they fit into `most_bytes`."""
    room = most_bytes

    def address(name: str) -> str | None:
        nonlocal room
        content = fetch(name)
        if content is None or len(content) > room:
            return None
        room -= len(content)
        return f"data:image/jpeg;base64,{base64.b64encode(content).decode('ascii')}"

    return linked(markdown.decode("utf-8", "surrogateescape"), address).encode("utf-8", "surrogateescape")
