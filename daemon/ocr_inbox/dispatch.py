"""From the ledger through a reader to the sidecar: the way of one document."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
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
from ocr_inbox.hands import Hands
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Absence, Hold, Job, Output, PipelineName
from ocr_inbox.ports import Clock, Inbox, Readers
from ocr_inbox.pulse import AS_LONG_AS_IT_TAKES, Pulse
from ocr_inbox.reading import AlreadyRead, Reading, Window
from ocr_inbox.retrying import Decision, Patience, Verdict, decide
from ocr_inbox.sidecar import Provenance, known_sha256, render, render_failure
from ocr_inbox.windows import FIRST_PAGES, FIRST_WINDOW, Beginning, Pace, bound, demand_reading, with_rest

_IDLE_SECONDS = 1.0
"""How often an idle lane looks for jobs that became due, or that another process put into the ledger."""
_TURN_SECONDS = 120.0
"""A lane that neither waits for readers nor for an inbox comes round more often, however slow the ledger's disk is."""
_STEP_SECONDS = 600.0
"""What a hand does by itself, such as writing a long document's outputs, takes less."""

Begun = Beginning | OcrInboxError
"""How a job begins, or what keeps it from that."""

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

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`; a job is claimed only when a reader stands ready for it.

        While a batch is delivered and archived, the next one is read: the reader never waits for a disk. And while a
        long document is read to its end, others have their turn.
        """
        self._stop = stop
        with Hands(f"{self.name}-end", self.habits.hands, stop, self.pulse) as hands:
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

    def _serve(self, jobs: Sequence[Job], hands: Hands) -> bool:
        begun = self._begun([job for job in jobs if job.sidecar is None])
        hands.free()
        if jobs:
            hands.take(partial(self._end, jobs, begun))
        return bool(jobs)

    def _end(self, jobs: Sequence[Job], begun: dict[int, Begun]) -> None:
        for job in jobs:
            with self.pulse.within(_STEP_SECONDS):
                try:
                    self._conduct(job, begun.pop(job.id, None))
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

    def _conduct(self, job: Job, begun: Begun | None) -> None:
        """The way of one document."""
        inbox = self._inbox(job)
        if begun is not None:
            outcome = self._whole(job, begun)
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

    def _begun(self, jobs: Sequence[Job]) -> dict[int, Begun]:
        """How each job begins, by its id; what keeps one from beginning harms no other."""
        begun: dict[int, Begun] = {}
        unread: list[tuple[int, Beginning]] = []
        for job in jobs:
            try:
                begun[job.id] = beginning = self._beginning(job)
                unread += [(job.id, beginning)] if beginning.outcome is None else []
            except OcrInboxError as error:
                begun[job.id] = error
        try:
            results = self.readers.read([it.window for _, it in unread]) if unread else []
        except InfrastructureError as error:
            results = [error] * len(unread)
        read = {job: replace(it, outcome=result) for (job, it), result in zip(unread, results, strict=True)}
        return begun | read

    def _beginning(self, job: Job) -> Beginning:
        if job.attempts > job.attempts_allowed:
            raise ReaderCrashedError("cannot read it: the daemon ended while it was being read, once too often")
        inbox = self._inbox(job)
        source = inbox.locate(job.document)  # first of all: it says whether it is the document that is refused
        window = Window(
            source=source,
            first_page=0,
            page_count=FIRST_PAGES,
            known_sha256=None if job.anew else self._known_sha256(job, inbox),
            figures=Output.MARKDOWN in job.assignment.outputs,
        )
        kept = kept_windows(self.ledger, job, self._digest(job))
        return Beginning(window=window, kept=kept, outcome=kept.get(FIRST_WINDOW))

    def _known_sha256(self, job: Job, inbox: Inbox) -> str | None:
        sidecar = inbox.delivered(job.document, Output.JSON)
        return known_sha256(sidecar, self._digest(job), as_document=job.assignment.pipeline is PipelineName.DOCUMENT)

    def _whole(self, job: Job, begun: Begun) -> Reading | AlreadyRead:
        """All pages, or the word that they were read before."""
        if isinstance(begun, OcrInboxError):
            raise begun
        if isinstance(begun.outcome, AlreadyRead):
            return begun.outcome
        reading = demand_reading(begun.outcome)
        if reading.page_total <= FIRST_PAGES:
            return reading
        keep = partial(self._keep, Progress.after(self.ledger, job, self._digest(job), begun.kept))
        if FIRST_WINDOW not in begun.kept:
            keep(FIRST_WINDOW, reading)
        with self.pulse.within(AS_LONG_AS_IT_TAKES):
            return with_rest(reading, begun, readers=self.readers, pace=self.habits.pace, keep=keep)

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
            elif decision.verdict is Verdict.HOLD:
                self._noted(lambda: self._hold(job, error, decision))
            else:
                self._noted(lambda: self.ledger.put_off(job, code, reason, decision.not_before))
        except LostClaimError as lost:
            log.warning("claim_lost", job=job.id, reason=str(lost))

    def _hold(self, job: Job, error: OcrInboxError, decision: Decision) -> None:
        inbox, code, reason = job.document.inbox, error.code, str(error)
        hold = Hold(inbox=inbox, since=self.clock(), not_before=decision.inbox_not_before, code=code, reason=reason)
        if self.ledger.hold(job, hold, decision.not_before):
            log.warning("inbox_held", inbox=inbox, code=code, reason=reason)

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
