"""The composition root: the only module that knows all others, and puts the daemon together."""

import socket
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from ocr_inbox import __version__
from ocr_inbox.attendant import Attendant, Wish
from ocr_inbox.bookmarks import Bookmarks
from ocr_inbox.bulletin import hanging, held, problems_of, status_of
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.dispatch import Lane
from ocr_inbox.doors import opened_doors
from ocr_inbox.drain import Drain
from ocr_inbox.errors import LedgerUnavailableError, PipelineUnavailableError
from ocr_inbox.figures import self_contained
from ocr_inbox.folder import FolderInbox
from ocr_inbox.gauge import Gauge
from ocr_inbox.hearings import Ears, ears
from ocr_inbox.http import HttpServer
from ocr_inbox.inboxes import Post, posts
from ocr_inbox.intake import Intake
from ocr_inbox.launch import Launch
from ocr_inbox.ledger import Ledger
from ocr_inbox.logs import log_outcome
from ocr_inbox.model import UPLOADS, HearingVitals, Hold, InboxVitals, Job, Output, PipelineName, PipelineVitals
from ocr_inbox.options import api_options, document_fallback, ledger_path, rules_of, upload_options, uploads_folder
from ocr_inbox.pipelines import patience, plans
from ocr_inbox.ports import Inbox, Loop
from ocr_inbox.premises import occupied
from ocr_inbox.pulse import Pulse, Silence, silences
from ocr_inbox.reloading import Reload
from ocr_inbox.retreat import Admission, Retreat
from ocr_inbox.settings import Settings
from ocr_inbox.signals import answered_signals
from ocr_inbox.stations import Station, absent, opened
from ocr_inbox.supervise import Supervision
from ocr_inbox.upkeep import Upkeep
from ocr_inbox_api.app import create_app
from ocr_inbox_api.parts import Parts
from ocr_inbox_api.uploads import remove_upload, stored

_MOST_ANSWERED = 4 << 20
"""Bytes of figures in one answer: a photo over a whole page fits, and a book of them does not fill the memory."""

log = structlog.get_logger()


@dataclass
class Daemon:
    """Everything that runs, and what it is made of; built by `assembled`."""

    launch: Launch
    settings: Settings
    ledger: Ledger
    chronicle: Chronicle
    posts: Sequence[Post]
    uploads: FolderInbox
    stations: Sequence[Station]
    ears: Ears
    gauge: Gauge
    stop: threading.Event = field(default_factory=threading.Event)
    intakes: Sequence[Intake] = ()
    lanes: Sequence[Lane] = ()
    pulses: Mapping[str, Pulse] = field(default_factory=dict)

    def run(self) -> None:
        """Serve until `stop` is set."""
        with opened_doors(self.settings.api, self.launch.sockets) as listeners:
            http = [self._http(listeners)] if listeners else []
            self._supervise([*http, self._upkeep()])

    def drain(self) -> Drain:
        """Serve until everything that was there has come to its end; the API stays closed."""
        drain = Drain(chronicle=self.chronicle, inboxes=self.inboxes, pipelines=self.pipelines)
        self.ledger.heard.append(drain.hear)
        self._supervise([drain])
        return drain

    def rescan(self) -> None:
        """Look through all inboxes now."""
        for post in self.posts:
            post.inbox.rescan()

    def pipelines(self) -> Sequence[PipelineVitals]:
        """Keep the promise of `ports.Vitals`."""
        return [station.vitals() for station in self.stations]

    def inboxes(self) -> Sequence[InboxVitals]:
        """Keep the promise of `ports.Vitals`."""
        missing, holds = silences(self.pulses, time.monotonic()), self._holds()
        return [
            hanging(held(replace(post.inbox.vitals(), found_by_scan=intake.found_by_scan), holds), missing)
            for post, intake in zip(self.posts, self.intakes, strict=True)
        ]

    def _holds(self) -> Sequence[Hold]:
        try:
            return self.chronicle.holds()
        except LedgerUnavailableError:  # the lanes say so
            return ()

    def hearing(self) -> Sequence[HearingVitals]:
        """Keep the promise of `ports.Vitals`."""
        return self.ears.vitals()

    def fetch(self, job: Job, output: Output) -> bytes | None:
        """What was delivered for a job, if its inbox is still configured; markdown with its figures inside."""
        inbox = self._all_inboxes().get(job.document.inbox)
        content = inbox.delivered(job.document, output) if inbox else None
        if inbox is None or content is None or output is not Output.MARKDOWN:
            return content
        return self_contained(content, partial(inbox.figure, job.document), _MOST_ANSWERED)

    def _all_inboxes(self) -> dict[str, Inbox]:
        return {**{post.inbox.name: post.inbox for post in self.posts}, UPLOADS: self.uploads}

    def _supervise(self, more: Sequence[Loop]) -> None:
        inboxes, readers = self._all_inboxes(), [(it.plan.pipeline, it.processes) for it in self.stations]
        absence = partial(absent, self.stations)
        self.lanes = [lane for station in self.stations for lane in station.lanes(self.ledger, inboxes, absence)]
        watches = [watch for station in self.stations for watch in station.watches(self.ledger.bell.ring)]
        retreat = Retreat(
            chronicle=self.chronicle,
            served=[station.plan.pipeline for station in self.stations],
            closed=threading.Event(),
        )
        doors = [Admission(loop=loop, closed=retreat.closed) for loop in (*self.intakes, *self.ears.listeners)]
        loops: list[Loop] = [*doors, *self.lanes, *watches, self.gauge, retreat, *more]
        self.pulses = {loop.name: loop.pulse for loop in loops}
        self.pulses |= {f"{pipeline.value}-readers": processes.pulse for pipeline, processes in readers}
        attendant = self._attendant(inboxes)

        def begin_to_stop() -> None:
            attendant.ask(Wish.STOP)
            self.ledger.bell.ring()

        with attendant.at_work(), answered_signals(self.stop.set, self.rescan, lambda: attendant.ask(Wish.RELOAD)):
            log.info("started", version=__version__, inboxes=len(self.posts), readers=len(self.lanes))
            Supervision(loops=loops, stop=self.stop).run(
                grace_seconds=self.settings.grace_seconds,
                begun=lambda: attendant.ask(Wish.BEGIN),
                wake=begin_to_stop,
                cut_short=self._cut_short,
            )
            with suppress(LedgerUnavailableError):  # then the next start puts it back
                self.ledger.release()
            log.info("stopped")

    def _attendant(self, inboxes: Collection[str]) -> Attendant:
        reload = Reload(self.settings, self.launch.reread, self._take_over)

        def status(missing: Sequence[Silence]) -> str:
            ours = [("ledger", self.gauge.problem), ("configuration", reload.refusal)]
            problems = [*problems_of(self, missing), *(name for name, problem in ours if problem)]
            return status_of(self.gauge.counts, problems)

        return Attendant(self.launch.manager, self.pulses, status, reload, inboxes)

    def _take_over(self, settings: Settings) -> None:
        """What can be changed while everything runs: each is one value, which its users look at once a document."""
        self.launch.change_level(settings.log_level)
        self.ledger.attempts_allowed = settings.retry.attempts
        for lane in self.lanes:
            lane.habits = replace(lane.habits, patience=patience(settings))
        rules = {inbox.name: rules_of(inbox, document_fallback(settings)) for inbox in settings.watched}
        for intake in self.intakes:
            intake.rules = rules[intake.inbox.name]

    def _cut_short(self) -> None:
        for station in self.stations:
            station.processes.close()

    def _http(self, listeners: Sequence[socket.socket]) -> HttpServer:
        parts = Parts(
            take_event=self.ears.webhook.take,
            ledger=self.ledger,
            chronicle=self.chronicle,
            vitals=self,
            fetch=self.fetch,
            uploads=uploads_folder(self.settings),
            version=__version__,
            clock=time.time,
        )
        application = create_app(parts, api_options(self.settings))
        return HttpServer(
            application=application,
            listeners=listeners,
            grace_seconds=self.settings.grace_seconds,
            settled=self._no_upload_is_being_read,
            end_waiting=application.state.end_waiting,
        )

    def _no_upload_is_being_read(self) -> bool:
        return not any(queue.running for queue in self.chronicle.queues() if queue.inbox == UPLOADS)

    def _upkeep(self) -> Upkeep:
        folder = uploads_folder(self.settings)
        return Upkeep(
            inbox=UPLOADS,
            chronicle=self.chronicle,
            remove=partial(remove_upload, folder),
            stored=partial(stored, folder),
            keep_seconds=self.settings.api.keep_results_hours * 3600,
            clock=time.time,
        )


@contextmanager
def assembled(launch: Launch) -> Iterator[Daemon]:
    """The daemon with its files open and its ledger recovered.

    Raises AlreadyRunningError, LedgerTooNewError, ConfigurationError.
    """
    settings = launch.settings
    with ExitStack() as stack:
        stack.enter_context(occupied(settings))
        database = stack.enter_context(Database(ledger_path(settings)))
        ledger = Ledger(database, time.time, attempts_allowed=settings.retry.attempts)
        if recovered := ledger.recover():
            log.warning("recovered", jobs=recovered)
        chronicle, watched = Chronicle(database), list(posts(settings, Bookmarks(database, time.time)))
        daemon = Daemon(
            launch=launch,
            settings=settings,
            ledger=ledger,
            chronicle=chronicle,
            posts=watched,
            ears=ears(settings, [post.inbox for post in watched]),
            uploads=FolderInbox(upload_options(settings), time.time),
            stations=[stack.enter_context(opened(plan)) for plan in plans(settings)],
            gauge=Gauge(chronicle),
        )
        ledger.heard += [log_outcome, daemon.gauge.hear]
        _note_what_is_switched_off(ledger, served=[station.plan.pipeline for station in daemon.stations])
        daemon.intakes = [Intake(post.inbox, post.rules, ledger) for post in daemon.posts]
        yield daemon


def _note_what_is_switched_off(ledger: Ledger, served: Sequence[PipelineName]) -> None:
    for pipeline in set(PipelineName) - set(served):
        reason = f"the {pipeline.value} pipeline is switched off; set pipelines.{pipeline.value}.enabled = true"
        ledger.note_obstacle(pipeline, PipelineUnavailableError.code, reason)
