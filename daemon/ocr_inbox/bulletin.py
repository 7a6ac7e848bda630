"""How the daemon is, on the one line that `systemctl status` shows."""

from collections.abc import Sequence
from dataclasses import replace

from ocr_inbox.model import Counts, Hold, InboxVitals
from ocr_inbox.ports import Vitals
from ocr_inbox.pulse import Silence


def status_of(counts: Counts, problems: Sequence[str]) -> str:
    """How much there is to do and was done, and who has a problem; the health endpoint says which."""
    ends = {"read": counts.done, "skipped": counts.skipped, "given up": counts.buried}
    ended = ", ".join(f"{count} {end}" for end, count in ends.items() if count or end == "read")
    line = f"{counts.waiting} waiting, {counts.running} running; {ended} since the start"
    return f"{line}; problems: {', '.join(problems)}" if problems else line


def problems_of(vitals: Vitals, missing: Sequence[Silence]) -> list[str]:
    """Those who have one; a loop that hangs comes first, because that is why the daemon is restarted."""
    hung = [f"{loop} hangs" for loop in dict.fromkeys(it.loop for it in missing if not it.whom)]
    watched = vitals.inboxes()
    inboxes = [f"inbox {it.name}" for it in watched if it.problem]
    others = sorted({it.whom for it in missing if it.whom} - {it.name for it in watched})
    pipelines = [f"pipeline {it.pipeline.value}" for it in vitals.pipelines() if it.problem]
    listeners = [f"listener {it.name}" for it in vitals.hearing() if it.problem]
    return hung + inboxes + pipelines + listeners + others


def held(vitals: InboxVitals, holds: Sequence[Hold]) -> InboxVitals:
    """The inbox as it is, with a problem where all its documents wait for it."""
    reason = next((hold.reason for hold in holds if hold.inbox == vitals.name), None)
    return replace(vitals, problem=vitals.problem or reason)


def hanging(vitals: InboxVitals, missing: Sequence[Silence]) -> InboxVitals:
    """The inbox as it is, with a problem where somebody waits for it in vain."""
    longest = max((it.seconds for it in missing if it.whom == vitals.name), default=None)
    if longest is None or vitals.problem:
        return vitals
    return replace(
        vitals,
        problem=f"it has not answered for {longest:.0f} s: its disk, mount or server hangs or is very slow; "
        "it goes on by itself, and the others go on meanwhile",
    )
