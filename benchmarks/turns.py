"""Pages that the daemon and a bare engine read in turn, so that other load on the machine meets both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from figures import Daemon, Peer, rounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What both made of a page: `result` is the sidecar's, `bare` the peer's answer.

    The daemon's seconds are those from the claim of the page to its finish.
    """

    result: Any
    seconds: float
    bare: Any
    bare_seconds: float


def in_turns(it: Daemon, bare: Peer, pipeline: str, pages: Mapping[str, bytes], what: str) -> dict[str, Turn]:
    """Every page by the name of its file, no name the beginning of another; the first is read once before."""
    names = list(pages)
    _turn(it, bare, pipeline, f"warm-{names[0]}", pages[names[0]])
    return {
        names[number]: _turn(it, bare, pipeline, names[number], pages[names[number]])
        for number in rounds(len(names), what)
    }


def _turn(it: Daemon, bare: Peer, pipeline: str, name: str, content: bytes) -> Turn:
    path = it.folder / "inbox" / pipeline / name
    path.write_bytes(content)
    (done,) = it.wait_for_done(name, 1, every=0.02, pipeline=pipeline)
    (claimed,) = it.times("running", name, pipeline)
    ((seconds, answer),) = bare.ask([str(path)])
    sidecar = json.loads(path.with_name(f"{name}.ocr.json").read_bytes())
    return Turn(result=sidecar["result"], seconds=done - claimed, bare=answer, bare_seconds=seconds)
