"""From the ledger through a reader to the sidecar: the way of one document."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from ocr_inbox.checkpoints import Progress, kept_windows
from ocr_inbox.errors import (
    InfrastructureError,
    LedgerUnavailableError,
    LostClaimError,
    OcrInboxError,
    PipelineUnavailableError,
    ReaderCrashedError,
    SourceGoneError,
    StoppingError,
)
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Absence, Job, Output, PipelineName
from ocr_inbox.ports import Clock, Inbox, Outcome, Readers
from ocr_inbox.pulse import AS_LONG_AS_IT_TAKES, Pulse
from ocr_inbox.reading import AlreadyRead, Reading, Window
from ocr_inbox.retrying import Patience, Verdict, decide
from ocr_inbox.sidecar import Provenance, known_sha256, render, render_failure
from ocr_inbox.windows import FIRST_PAGES, FIRST_WINDOW, Pace, bound, demand_reading, with_rest

_IDLE_SECONDS = 1.0
"""How often an idle lane looks for jobs that became due, or that another process put into the ledger."""
_TURN_SECONDS = 120.0
"""A lane that neither waits for readers nor for an inbox comes round more often, however slow the ledger's disk is."""
_STEP_SECONDS = 600.0
"""What a hand does by itself, such as writing a long document's outputs, takes less."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a pipeline's documents are read; `digest` names the configuration with the outputs that are asked for.

    An eager lane loads its engine at once, another one when the first document is there. A lane has so many batches
    on their way to their end at once as it has `hands`: one less long documents do not keep the others waiting.
    """

    pipeline: PipelineName
    digest: Callable[[tuple[Output, ...]], str]
    patience: Patience
    pace: Pace
    batch: int = 1
    eager: bool = True
    hands: int = 4


@dataclass
class Lane:
    """Takes jobs of one pipeline to their end, one batch at a time; there are as many lanes as readers.

    `absence` says which other pipeline cannot read now: its documents that have this one as their fallback are taken
    with our own.
    """

    name: str
    habits: Habits
    ledger: Ledger
    inboxes: Mapping[str, Inbox]
    readers: Readers
    clock: Clock
    absence: Callable[[], Absence | None] = lambda: None
    pulse: Pulse = field(default_factory=Pulse)
    _stop: threading.Event = field(default_factory=threading.Event)
    _obstacle: str | None = None
    _shut: str | None = None
    _endings: "list[Future[None]]" = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`; a job is claimed only when a reader stands ready for it.

        While a batch is delivered and archived, the next one is read: the reader never waits for a disk. And while a
        long document is read to its end, others have their turn.
        """
        self._stop = stop
        with ThreadPoolExecutor(self.habits.hands, thread_name_prefix=f"{self.name}-end") as hands:
            while not stop.is_set():
                heard = self.ledger.bell.count()
                self.pulse.expect(_TURN_SECONDS)
                try:
                    served = self._serve(self._claimed(), hands)
                except StoppingError:
                    break
                except InfrastructureError as error:
                    self._wait_for_the_world(error, heard)
                else:
                    self._obstacle = None
                    if not served:
                        self.ledger.bell.wait(heard, _IDLE_SECONDS)
        with suppress(InfrastructureError):  # what was in the way when stopping is found at the next start
            self._collect(most=0)

    def _collect(self, *, most: int) -> None:
        """Wait until at most so many batches are on their way to their end; what failed there ends the lane."""
        while True:
            for ended in [ending for ending in self._endings if ending.done()]:
                self._endings.remove(ended)
                ended.result()
            if len(self._endings) <= most:
                return
            with self.pulse.within(AS_LONG_AS_IT_TAKES):
                wait(self._endings, return_when=FIRST_COMPLETED)

    def _claimed(self) -> list[Job]:
        pipeline = self.habits.pipeline
        if not (self.habits.eager or self._shut or self.ledger.due(pipeline, self.absence())):
            return []
        self._open()
        return self.ledger.claim(pipeline, self.name, self.habits.batch, self.absence())

    def _open(self) -> None:
        """Have a reader ready, or tell all jobs that wait for one why there is none.

        That is told when it is news to this lane, and not again: another lane may have had better luck meanwhile.
        """
        pipeline = self.habits.pipeline
        try:
            self.readers.open()
        except PipelineUnavailableError as error:
            if str(error) != self._shut:
                self.ledger.note_obstacle(pipeline, error.code, str(error))
            self._shut = str(error)
            raise
        self._shut = None
        self.ledger.clear_obstacle(pipeline)

    def _wait_for_the_world(self, error: InfrastructureError, heard: int) -> None:
        """Say once what is in the way, and look again later, or when somebody has rung since `heard`."""
        if str(error) != self._obstacle and not self._stop.is_set():
            log.error(error.code, lane=self.name, reason=str(error))
        self._obstacle = str(error)
        if not self._stop.is_set():
            delay = self.habits.patience.put_off_delay
            with self.pulse.within(delay + _TURN_SECONDS):
                self.ledger.bell.wait(heard, delay)

    def _serve(self, jobs: Sequence[Job], hands: Executor) -> bool:
        first = self._first_windows([job for job in jobs if job.sidecar is None])
        self._collect(most=self.habits.hands - 1)
        if jobs:
            self._endings.append(hands.submit(self._end, jobs, first))
        return bool(jobs)

    def _end(self, jobs: Sequence[Job], first: dict[int, Outcome]) -> None:
        for job in jobs:
            with self.pulse.within(_STEP_SECONDS):
                try:
                    self._conduct(job, first.pop(job.id, None))
                except LostClaimError as error:
                    log.warning("claim_lost", job=job.id, reason=str(error))
                except LedgerUnavailableError:
                    raise
                except OcrInboxError as error:
                    self._fail(job, error)

    def _noted(self, step: Callable[[], None]) -> None:
        """Write into the ledger, however long that takes: what was read must not be forgotten for a full disk."""
        while True:
            try:
                return step()
            except LedgerUnavailableError as error:
                if self._stop.is_set():
                    raise
                self._wait_for_the_world(error, self.ledger.bell.count())

    def _conduct(self, job: Job, first: Outcome | None) -> None:
        """The way of one document."""
        inbox = self._inbox(job)
        if first is not None:
            outcome = self._whole(job, first)
            if isinstance(outcome, AlreadyRead):
                sidecar, pages = inbox.sidecar_uri(job.document), None
            else:
                pdf = self._pdf(job, outcome)
                sidecar = inbox.deliver(job.document, render(job, outcome, self._provenance(job, inbox), pdf))
                pages = outcome.page_total
            self._noted(lambda: self.ledger.note_sidecar(job, sidecar, pages))
        inbox.archive(job.document)
        self._noted(lambda: self.ledger.finish(job))

    def _pdf(self, job: Job, reading: Reading) -> bytes | None:
        if Output.PDF not in job.assignment.outputs or not reading.pages:
            return None
        return bound(reading, self._inbox(job).locate(job.document), self.readers)

    def _first_windows(self, jobs: Sequence[Job]) -> dict[int, Outcome]:
        """What the readers made of the first pages of each job, by job id."""
        outcomes: dict[int, Outcome] = {}
        windows: list[tuple[Job, Window]] = []
        for job in jobs:
            try:
                window = self._window(job)
                kept = kept_windows(self.ledger, job, self._digest(job)).get(FIRST_WINDOW)
                if kept is None:
                    windows.append((job, window))
                else:
                    outcomes[job.id] = kept
            except OcrInboxError as error:
                outcomes[job.id] = error
        try:
            results = self.readers.read([window for _, window in windows]) if windows else []
        except InfrastructureError as error:
            results = [error] * len(windows)
        return outcomes | {job.id: result for (job, _), result in zip(windows, results, strict=True)}

    def _window(self, job: Job) -> Window:
        if job.attempts > job.attempts_allowed:
            raise ReaderCrashedError("cannot read it: the daemon ended while it was being read, once too often")
        known = None if job.anew else self._known_sha256(job, self._inbox(job))
        return replace(self._first_window(job), known_sha256=known)

    def _first_window(self, job: Job) -> Window:
        return Window(
            source=self._inbox(job).locate(job.document),
            first_page=0,
            page_count=FIRST_PAGES,
            figures=Output.MARKDOWN in job.assignment.outputs,
        )

    def _known_sha256(self, job: Job, inbox: Inbox) -> str | None:
        sidecar = inbox.delivered(job.document, Output.JSON)
        return known_sha256(sidecar, self._digest(job), as_document=job.assignment.pipeline is PipelineName.DOCUMENT)

    def _whole(self, job: Job, first: Outcome) -> Reading | AlreadyRead:
        """All pages, or the word that they were read before."""
        if isinstance(first, AlreadyRead):
            return first
        reading = demand_reading(first)
        if reading.page_total <= FIRST_PAGES:
            return reading
        kept = kept_windows(self.ledger, job, self._digest(job))
        progress = Progress.after(self.ledger, job, self._digest(job), kept)
        keep = partial(self._keep, progress)
        if FIRST_WINDOW not in kept:
            keep(FIRST_WINDOW, reading)
        window = self._first_window(job)
        with self.pulse.within(AS_LONG_AS_IT_TAKES):
            return with_rest(reading, window, readers=self.readers, pace=self.habits.pace, kept=kept, keep=keep)

    def _keep(self, progress: Progress, first_page: int, reading: Reading) -> None:
        self._noted(lambda: progress.note(first_page, reading))

    def _fail(self, job: Job, error: OcrInboxError) -> None:
        now, chance = self.clock(), random.random()  # noqa: S311 - spreads retries, guards nothing
        decision = decide(error, job, now=now, chance=chance, patience=self.habits.patience)
        code, reason = error.code, str(error)
        try:
            if decision.verdict is Verdict.BURY:
                self._bury(job, error)
            elif decision.verdict is Verdict.SKIP:
                self._noted(lambda: self.ledger.skip(job, code, reason))
            elif decision.verdict is Verdict.RETRY:
                self._noted(lambda: self.ledger.retry(job, code, reason, decision.not_before))
            else:
                self._noted(lambda: self.ledger.put_off(job, code, reason, decision.not_before))
        except LostClaimError as lost:
            log.warning("claim_lost", job=job.id, reason=str(lost))

    def _bury(self, job: Job, error: OcrInboxError) -> None:
        """Tell whoever dropped it; where that cannot be told, the job waits until it can."""
        try:
            inbox = self._inbox(job)
            inbox.deliver(job.document, render_failure(job, error, self._provenance(job, inbox)))
            inbox.reject(job.document)
        except (InfrastructureError, SourceGoneError) as obstacle:
            self._fail(job, obstacle)
        else:
            self._noted(lambda: self.ledger.bury(job, error.code, str(error)))

    def _inbox(self, job: Job) -> Inbox:
        name = job.document.inbox
        if name not in self.inboxes:
            raise SourceGoneError(f"cannot serve it: the configuration has no inbox {name} any more")
        return self.inboxes[name]

    def _provenance(self, job: Job, inbox: Inbox) -> Provenance:
        return Provenance(
            uri=inbox.uri(job.document),
            config_digest=self._digest(job),
            now=self.clock(),
            figures=inbox.figures_link(job.document),
        )

    def _digest(self, job: Job) -> str:
        return self.habits.digest(job.assignment.outputs)
