"""What a document waits for, and what a person could do about it."""

from dataclasses import dataclass

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.errors import (
    AccessDeniedError,
    InboxUnavailableError,
    LedgerUnavailableError,
    ModelsMissingError,
    VlUnavailableError,
)
from ocr_inbox.model import UPLOADS, Draining, DrainScope, Hold, Job, Obstacle, Pause
from ocr_inbox.times import clock_time, span
from ocr_inbox.turns import ahead_of

_GOES_ON = "mend that; it goes on by itself"
_REMEDIES = {
    ModelsMissingError.code: "run `ocr-inbox models pull`; it goes on by itself",
    VlUnavailableError.code: "start the VL server (docker compose up in paddle-vl_vllm_service); it goes on by itself",
    InboxUnavailableError.code: _GOES_ON,
    AccessDeniedError.code: _GOES_ON,
    LedgerUnavailableError.code: _GOES_ON,
}
START = "start it: `systemctl start ocr-inbox`, or `ocr-inbox run`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What else decides when a job is read: whether a daemon runs, and how many jobs go before it.

    `pause` and `hold` are those of its inbox, `obstacle` what is in the way of its whole pipeline.
    """

    now: float
    runs: bool
    ahead: int = 0
    pause: Pause | None = None
    draining: Draining | None = None
    hold: Hold | None = None
    obstacle: Obstacle | None = None


def circumstances_of(chronicle: Chronicle, job: Job, *, now: float, runs: bool) -> Circumstances:
    """As the ledger has them; raises LedgerUnavailableError."""
    pipeline = job.assignment.pipeline
    return Circumstances(
        now=now,
        runs=runs,
        pause=chronicle.pause(job.document.inbox),
        draining=chronicle.draining() if runs else None,
        hold=next((hold for hold in chronicle.holds() if hold.inbox == job.document.inbox), None) if runs else None,
        obstacle=chronicle.obstacle(pipeline) if runs and pipeline else None,
        ahead=ahead_of(chronicle.database, job, now),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a job waits for, to be read behind "waits for"; `remedy` is empty where nobody need do anything."""

    thing: str
    remedy: str = ""


def wait_of(job: Job, circumstances: Circumstances) -> Wait:
    """The first thing that must change before this job, which waits, can be read."""
    around, why = circumstances, f"{job.code}: {job.reason}" if job.reason else ""
    if around.pause:
        inbox, since = around.pause.inbox, span(around.now - around.pause.since)
        said = f": {around.pause.reason}" if around.pause.reason else ""
        return Wait(
            thing=f"the end of the pause of inbox {inbox}, {since} long{said}", remedy=f"`ocr-inbox resume {inbox}`"
        )
    if not around.runs:
        return Wait(thing="the daemon, which does not run", remedy=START)
    if around.draining and around.draining.scope is DrainScope.HAND and job.document.inbox != UPLOADS:
        return Wait(thing="the next start of the daemon, which drains and takes up nothing more", remedy=START)
    if thing := _shared(job, around):
        return thing
    if job.not_before > around.now:
        when = f"{clock_time(job.not_before)} (in {span(job.not_before - around.now)})"
        return Wait(thing=f"{when}, when it is tried again; {why}", remedy=_REMEDIES.get(job.code or "", ""))
    turn = f"its turn: {_counted(around.ahead)} it" if around.ahead else "its turn, and it is the next"
    return Wait(thing=f"{turn}; before, {why}" if job.attempts and why else turn)


def _shared(job: Job, around: Circumstances) -> Wait | None:
    """What it waits for together with others: its inbox, its pipeline."""
    hold, obstacle = around.hold, around.obstacle
    if hold:
        away, then = span(around.now - hold.since), clock_time(hold.not_before)
        thing = f"inbox {hold.inbox}, away for {away} and tried again at {then}: {hold.code}: {hold.reason}"
        return Wait(thing=thing, remedy=_REMEDIES.get(hold.code, _GOES_ON))
    if obstacle and not (obstacle.code == VlUnavailableError.code and job.assignment.fallback):
        thing = f"its pipeline: {obstacle.code}: {obstacle.reason}"
        return Wait(thing=thing, remedy=_REMEDIES.get(obstacle.code, _GOES_ON))
    return None


def _counted(jobs: int) -> str:
    return "1 job goes before" if jobs == 1 else f"{jobs} jobs go before"
