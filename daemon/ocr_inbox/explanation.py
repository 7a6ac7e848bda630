"""What became of a document, why, and what a person could do next: pure sentences about a dossier."""

from dataclasses import dataclass

from ocr_inbox.dossier import Dossier, Episode, agreements
from ocr_inbox.errors import SourceGoneError
from ocr_inbox.model import DrainScope, Job, JobState
from ocr_inbox.times import clock_time, span
from ocr_inbox.waits import START, wait_of

_NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer in a sentence, and what to do, which may be nothing."""

    answer: str
    remedy: str = _NOTHING


def explained(dossier: Dossier) -> Explanation:
    """Of the version that lies there now or, where none does, of the newest that was ever noted."""
    episode = dossier.current
    if episode is None:
        return _unnoted(dossier)
    job = episode.job
    if job.state is JobState.WAITING and dossier.circumstances:
        wait = wait_of(job, dossier.circumstances)
        return Explanation(answer=f"It waits for {wait.thing}.", remedy=wait.remedy or _NOTHING)
    if job.state is JobState.RUNNING:
        return _running(dossier, job)
    ended = {JobState.DONE: _done, JobState.BURIED: _buried, JobState.SKIPPED: _skipped}
    return ended[job.state](dossier, episode)


def _unnoted(dossier: Dossier) -> Explanation:
    """No job is there for what lies there, or nothing lies there."""
    present, inbox = dossier.present, dossier.meant.inbox
    alone = dossier.meant.ignored or present.oddity or _without_rule(dossier)
    if dossier.place is None:
        return Explanation(answer=f"The configuration has no inbox {inbox} any more.", remedy="put it back, or move on")
    if present.problem:
        return Explanation(answer=f"It cannot be seen: {present.problem}.", remedy="mend that, and ask again")
    if present.version is None and not dossier.meant.ignored:
        return Explanation(
            answer="Nothing lies there, and nothing of this name was ever noted.",
            remedy="see whether the name is right",
        )
    if alone:
        return Explanation(answer=f"Inbox {inbox} leaves it alone: {alone}.", remedy=_to_have_it_taken(dossier))
    if dossier.place.leaves_old and present.changed_at < (dossier.watched_since or 0.0):
        return Explanation(
            answer='It lay there before the bucket was watched, and existing = "leave".',
            remedy=f"`ocr-inbox backfill {inbox}` reads such, --prefix a part of them",
        )
    return _not_yet(dossier)


def _without_rule(dossier: Dossier) -> str | None:
    return dossier.assignment.reason if dossier.assignment else None


def _to_have_it_taken(dossier: Dossier) -> str:
    if dossier.meant.ignored:
        return "nothing, if that is meant so; else give it another name or place"
    if dossier.present.oddity:
        return "nothing, if that is meant so; it is looked at again when it changes"
    return "add a rule, and touch it; `ocr-inbox route` tries a rule before"


def _not_yet(dossier: Dossier) -> Explanation:
    """It will be noted sooner or later: why that was not done yet."""
    place, quiet = dossier.place, dossier.now - dossier.present.changed_at
    earlier = " An earlier version was; see below." if dossier.episodes else ""
    if not dossier.runs:
        return Explanation(answer=f"It was not noted yet: no daemon runs.{earlier}", remedy=START)
    if dossier.draining:
        return Explanation(answer=f"It was not noted: the daemon drains and takes nothing in.{earlier}", remedy=START)
    if dossier.trouble:
        answer = f"It was not noted yet: its inbox is in trouble: {dossier.trouble}.{earlier}"
        return Explanation(answer=answer, remedy="mend that; it goes on by itself")
    if place and quiet < place.settle_seconds:
        answer = f"It changed {span(quiet)} ago and may still grow; it is taken once it was left alone for "
        return Explanation(answer=f"{answer}{span(place.settle_seconds)}.{earlier}")
    scan = span(place.scan_seconds) if place else "a while"
    answer = f"It was not noted yet; a scan finds it within {scan} if no event does before.{earlier}"
    return Explanation(answer=answer, remedy="wait, or `ocr-inbox rescan`")


def _running(dossier: Dossier, job: Job) -> Explanation:
    if not dossier.runs:
        return Explanation(
            answer="It was being read when the daemon ended; it is read again at the next start.", remedy=START
        )
    pages = f", {job.pages_done} of {job.pages} pages done" if job.pages else ""
    since = f" for {span(dossier.now - job.started_at)}" if job.started_at else ""
    ending = ", and the daemon ends after it" if dossier.draining and dossier.draining.scope is DrainScope.HAND else ""
    return Explanation(answer=f"It is being read{since}{pages}{ending}.")


def _done(dossier: Dossier, episode: Episode) -> Explanation:
    job, left = episode.job, dossier.left
    again = f"`ocr-inbox retry {job.id}`"
    answer = f"It was read{_ago(dossier, job)}."
    if left is None or left.problem:
        return Explanation(answer=answer)
    if left.status is None:
        return Explanation(
            answer=f"{answer} Its sidecar was taken away since.", remedy=f"{again} reads it again, if it is wanted"
        )
    if left.status == "partial":
        answer = f"{answer} Some pages could not be; `failed_pages` in its sidecar says which and why."
        return Explanation(answer=answer, remedy=f"mend them, or {again}")
    # Another version of the same content was seen to be that when it was read.
    agrees = agreements(left, episode)
    if flaws := [f"of another {what}" for what in ("content", "configuration") if agrees.get(what) is False]:
        return Explanation(
            answer=f"{answer} But its sidecar is {' and '.join(flaws)}.", remedy=f"{again} reads it anew"
        )
    return Explanation(answer=answer)


def _buried(dossier: Dossier, episode: Episode) -> Explanation:
    job = episode.job
    tries = "1 attempt" if job.attempts == 1 else f"{job.attempts} attempts"
    answer = f"It was given up{_ago(dossier, job)}, after {tries}: {job.code}: {job.reason}."
    if dossier.present.version is None:
        where = f" ({dossier.aside['failed']})" if "failed" in dossier.aside else ""
        return Explanation(answer=answer, remedy=f"mend it, and put it back into the inbox{where}")
    return Explanation(answer=answer, remedy=f"mend it, which makes it a new version; or `ocr-inbox retry {job.id}`")


def _skipped(dossier: Dossier, episode: Episode) -> Explanation:
    job = episode.job
    answer = f"It was left alone{_ago(dossier, job)}: {job.code}: {job.reason}."
    if job.code == SourceGoneError.code:
        return Explanation(answer=f"{answer} Where it is there again, the next scan takes it.")
    if job.code != "no_rule":
        return Explanation(answer=answer)
    if dossier.assignment and dossier.assignment.pipeline:
        answer = f"{answer} Today's rules would take it: {dossier.assignment.rule}."
        return Explanation(answer=answer, remedy="touch it: then it is looked at again")
    return Explanation(answer=answer, remedy="add a rule, and touch it; `ocr-inbox route` tries a rule before")


def _ago(dossier: Dossier, job: Job) -> str:
    return f" {span(dossier.now - job.finished_at)} ago ({clock_time(job.finished_at)})" if job.finished_at else ""
