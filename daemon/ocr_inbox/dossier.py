"""Everything that is known of one document, gathered from the ledger, its place, its sidecar and the configuration."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ocr_inbox.bookmarks import Bookmarks
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.errors import InfrastructureError
from ocr_inbox.lookup import Meant
from ocr_inbox.model import Assignment, Document, Draining, Job, JobState, Output, Pause, Transition
from ocr_inbox.pipelines import plans
from ocr_inbox.places import Place, Presence, place_of
from ocr_inbox.routing import route
from ocr_inbox.settings import Settings
from ocr_inbox.waits import Circumstances, circumstances_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One version's way through the ledger, with its history, first to last."""

    job: Job
    history: tuple[Transition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The JSON sidecar: where it lies or would, and what it says of itself; `status` is None where it is not there.

    `digest_now` is that of a reading under today's configuration, None where nobody would read it; `sha256_now` that
    of the document as it lies there, None where that was not read.
    """

    uri: str
    problem: str | None = None
    status: str | None = None
    version: str | None = None
    sha256: str | None = None
    config_digest: str | None = None
    digest_now: str | None = None
    sha256_now: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A document in all its versions, the newest first.

    `current` is the version that lies there or, where none does, the newest. `assignment` is what today's rules say,
    None for uploads and where there is no such inbox any more. `trouble` is what the daemon says is wrong with the
    inbox, `aside` the places that a document of this name was moved to, with their URIs.
    """

    meant: Meant
    now: float
    runs: bool
    episodes: tuple[Episode, ...]
    present: Presence = field(default_factory=Presence)
    place: Place | None = None
    uri: str | None = None
    assignment: Assignment | None = None
    current: Episode | None = None
    left: Left | None = None
    aside: Mapping[str, str] = field(default_factory=dict)
    pause: Pause | None = None
    draining: Draining | None = None
    trouble: str | None = None
    watched_since: float | None = None
    circumstances: Circumstances | None = None


def agreements(left: Left, current: Episode | None) -> Mapping[str, bool]:
    """Of what can be told: whether the sidecar is about what lies there, as it would be read today."""
    version = current.job.document.version if current else None
    pairs = {
        "version": (left.version, version),
        "content": (left.sha256, left.sha256_now),
        "configuration": (left.config_digest, left.digest_now),
    }
    return {what: said == now for what, (said, now) in pairs.items() if said is not None and now is not None}


def gathered(settings: Settings, chronicle: Chronicle, meant: Meant, *, runs: bool, health: Any) -> Dossier:
    """The dossier as of now; `health` is what the daemon says of itself, None where it says nothing.

    A store or a folder that cannot be reached leaves a gap that says why. Raises LedgerUnavailableError.
    """
    jobs = chronicle.versions(meant.inbox, meant.key)
    dossier = Dossier(
        meant=meant,
        now=time.time(),
        runs=runs,
        episodes=tuple(Episode(job=job, history=tuple(chronicle.history(job.id))) for job in jobs),
        place=place_of(settings, meant.inbox),
        pause=chronicle.pause(meant.inbox),
        draining=chronicle.draining() if runs else None,
        trouble=((health or {}).get("inboxes", {}).get(meant.inbox) or {}).get("problem"),
        watched_since=Bookmarks(chronicle.database, time.time).first_watched(meant.inbox),
    )
    dossier = _with_place(dossier)
    dossier = replace(dossier, current=_current(dossier.present, dossier.episodes))
    return _with_circumstances(chronicle, _with_sidecar(settings, dossier))


def _with_place(dossier: Dossier) -> Dossier:
    place, meant = dossier.place, dossier.meant
    if place is None:
        return dossier
    present = place.look(meant.key)
    looks = {} if present.version else {word: aside.look(meant.key) for word, aside in place.aside.items()}
    document = Document(inbox=meant.inbox, key=meant.key, version="")
    return replace(
        dossier,
        present=present,
        uri=place.inbox.uri(document),
        assignment=route(meant.key, place.rules) if place.rules else None,
        aside={word: place.aside[word].inbox.uri(document) for word, look in looks.items() if look.version},
    )


def _current(present: Presence, episodes: Sequence[Episode]) -> Episode | None:
    if present.version is None:
        return episodes[0] if episodes else None
    return next((it for it in episodes if it.job.document.version == present.version), None)


def _with_sidecar(settings: Settings, dossier: Dossier) -> Dossier:
    """That of a document which was given up may have gone with it."""
    place, meant, episode = dossier.place, dossier.meant, dossier.current or next(iter(dossier.episodes), None)
    if place is None:
        return dossier
    document = Document(inbox=meant.inbox, key=meant.key, version="")
    left = _left(place, document)
    if left.status is None and "failed" in dossier.aside:
        left = _left(place.aside["failed"], document)
    if left.status is None:
        return replace(dossier, left=left)
    holder = place if dossier.present.version else place.aside.get(next(iter(dossier.aside), ""))
    return replace(
        dossier,
        left=replace(
            left,
            digest_now=_digest_now(settings, episode.job) if episode else None,
            sha256_now=holder.sha256(meant.key) if holder and left.sha256 else None,
        ),
    )


def _left(place: Place, document: Document) -> Left:
    left = Left(uri=place.inbox.sidecar_uri(document))
    try:
        content = place.inbox.delivered(document, Output.JSON)
    except InfrastructureError as error:
        return replace(left, problem=str(error))
    if content is None:
        return left
    try:
        said = json.loads(content)
        source = said["source"]
        return replace(
            left,
            status=str(said["status"]),
            version=source.get("version"),
            sha256=source.get("sha256"),
            config_digest=said["engine"].get("config_digest"),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return replace(left, problem="what lies there is no sidecar of ours")


def _digest_now(settings: Settings, job: Job) -> str | None:
    digests = (plan.habits.digest for plan in plans(settings) if plan.pipeline is job.read_by)
    return next((digest(job.assignment.outputs) for digest in digests), None)


def _with_circumstances(chronicle: Chronicle, dossier: Dossier) -> Dossier:
    job = dossier.current.job if dossier.current else None
    if job is None or job.state is not JobState.WAITING:
        return dossier
    return replace(dossier, circumstances=circumstances_of(chronicle, job, now=dossier.now, runs=dossier.runs))
