"""Everything about one document on a page: in lines for people, as JSON for scripts."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from ocr_inbox.commands.shown import job_json, wishes_of
from ocr_inbox.dossier import Dossier, Episode, Left, agreements
from ocr_inbox.explanation import Explanation
from ocr_inbox.model import JobState
from ocr_inbox.places import Presence
from ocr_inbox.sidecar import timestamp
from ocr_inbox.times import clock_time, span

_LABEL_WIDTH = 10
_KIBI = 1024


def lines_of(dossier: Dossier, explanation: Explanation) -> Iterator[str]:
    """The page, the answer first."""
    yield dossier.uri or f"{dossier.meant.inbox}/{dossier.meant.key}"
    yield f"  {explanation.answer}"
    yield f"  What to do: {explanation.remedy}."
    yield ""
    for label, fact in _facts(dossier):
        yield f"  {label:{_LABEL_WIDTH}}{fact}"
    for episode in dossier.episodes:
        yield ""
        yield from _story(dossier, episode)


def _facts(dossier: Dossier) -> Iterator[tuple[str, str]]:
    meant = dossier.meant
    yield "inbox", meant.inbox if dossier.place else f"{meant.inbox}, which the configuration has no more"
    if dossier.pause:
        why = f": {dossier.pause.reason}" if dossier.pause.reason else ""
        yield "", f"paused for {span(dossier.now - dossier.pause.since)}{why}"
    if dossier.trouble:
        yield "", f"in trouble: {dossier.trouble}"
    yield "key", meant.key
    if rule := _rule(dossier):
        yield "rule", rule
    yield "document", _presence(dossier.present, dossier.now)
    yield from ((word, f"it was moved to {uri}") for word, uri in dossier.aside.items())
    if dossier.left:
        yield "sidecar", _sidecar(dossier.left, dossier.current)
    yield "daemon", _daemon(dossier)


def _rule(dossier: Dossier) -> str | None:
    assignment = dossier.assignment
    if dossier.meant.ignored:
        return f"none: {dossier.meant.ignored}"
    if assignment is None:
        return None
    return f"{assignment.rule}: {wishes_of(assignment)}" if assignment.pipeline else f"none: {assignment.reason}"


def _daemon(dossier: Dossier) -> str:
    if not dossier.runs:
        return "it does not run"
    return f"it runs, and drains its {dossier.draining.scope.value}" if dossier.draining else "it runs"


def _presence(present: Presence, now: float) -> str:
    if present.problem:
        return present.problem
    if present.version is None:
        return "nothing lies there"
    size = f"{present.size} bytes" if present.size < _KIBI else f"{present.size / _KIBI:.1f} KiB"
    when = f"touched {clock_time(present.changed_at)}, {span(now - present.changed_at)} ago"
    return f"{size}, {when}{'; ' + present.oddity if present.oddity else ''}"


def _sidecar(left: Left, current: Episode | None) -> str:
    if left.problem:
        return f"{left.uri}: {left.problem}"
    if left.status is None:
        return f"{left.uri}: not there"
    fits = [f"{'this' if agrees else 'another'} {what}" for what, agrees in agreements(left, current).items()]
    return f"{left.uri}: {'; of '.join([left.status, ', '.join(fits)])}"


def _story(dossier: Dossier, episode: Episode) -> Iterator[str]:
    job = episode.job
    attempts = f"attempt {job.attempts} of {job.attempts_allowed}" if job.attempts else "no attempt yet"
    pages = f", {job.pages_done} of {job.pages} pages" if job.pages else ""
    version = "" if episode is dossier.current else ", another version"
    yield f"  job {job.id}{version}: {job.state.value}, {attempts}{pages}"
    if job.diverted:
        yield f"    read by its fallback: {job.diverted}"
    for line, seconds in zip(episode.history, _lasted(episode, dossier.now), strict=True):
        lasted = f"for {span(seconds)}" if seconds is not None else ""
        reason = f"{line.code}: {line.reason}" if line.reason else line.code or ""
        yield f"    {clock_time(line.at)}  {line.state.value:8} {lasted:14} {reason}".rstrip()


def _lasted(episode: Episode, now: float) -> list[float | None]:
    """For how long each state did, in seconds; the last one does still, unless it is an end."""
    starts = [line.at for line in episode.history]
    is_open = episode.job.state in (JobState.WAITING, JobState.RUNNING)
    ends = [*starts[1:], now if is_open else None]
    return [None if end is None else end - start for start, end in zip(starts, ends, strict=True)]


def json_of(dossier: Dossier, explanation: Explanation) -> Mapping[str, object]:
    """The same for scripts; times are ISO 8601 in UTC."""
    assignment, left, around = dossier.assignment, dossier.left, dossier.circumstances
    return {
        "inbox": dossier.meant.inbox,
        "key": dossier.meant.key,
        "uri": dossier.uri,
        "answer": explanation.answer,
        "remedy": explanation.remedy,
        "daemon": {"runs": dossier.runs, "drains": dossier.draining.scope.value if dossier.draining else None},
        "rule": assignment.rule if assignment and assignment.pipeline else None,
        "ignored": dossier.meant.ignored or dossier.present.oddity or (assignment.reason if assignment else None),
        "paused": _pause(dossier),
        "trouble": dossier.trouble,
        "document": asdict(dossier.present) | {"changed_at": timestamp(dossier.present.changed_at or None)},
        "aside": dict(dossier.aside),
        "sidecar": asdict(left) | {"agrees": dict(agreements(left, dossier.current))} if left else None,
        "ahead": around.ahead if around else None,
        "current": dossier.current.job.id if dossier.current else None,
        "jobs": [_episode(dossier, episode) for episode in dossier.episodes],
    }


def _pause(dossier: Dossier) -> Mapping[str, object] | None:
    pause = dossier.pause
    return {"since": timestamp(pause.since), "reason": pause.reason} if pause else None


def _episode(dossier: Dossier, episode: Episode) -> Mapping[str, object]:
    lasted = _lasted(episode, dossier.now)
    history = [
        {
            "at": timestamp(line.at),
            "state": line.state.value,
            "attempt": line.attempt,
            "code": line.code,
            "reason": line.reason,
            "seconds": None if seconds is None else round(seconds, 3),
        }
        for line, seconds in zip(episode.history, lasted, strict=True)
    ]
    return {**job_json(episode.job), "history": history}
