"""A small daemon for tests of the API: a real ledger and a real server, and a thread that plays the readers."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn

from audience import Audience
from builders import a_reading, some_inbox_vitals, some_pipeline_vitals
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.errors import OcrInboxError, ReadingError
from ocr_inbox.hearing.webhook import Webhook
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Absence, HearingVitals, InboxVitals, Job, Output, PipelineName, PipelineVitals
from ocr_inbox.sidecar import SUFFIXES, Provenance, render, render_failure
from ocr_inbox_api.app import create_app
from ocr_inbox_api.parts import ApiOptions, Parts

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)
"""What the API takes for a picture; nobody decodes it here."""


@dataclass
class Daemon:
    """The parts that the API is given, a client for it, and what the played reader does with a job."""

    ledger: Ledger
    chronicle: Chronicle
    uploads: Path
    act: "Act"
    text: PipelineVitals = field(default_factory=some_pipeline_vitals)
    others: tuple[PipelineVitals, ...] = ()
    absence: Absence | None = None
    scans: InboxVitals = field(default_factory=some_inbox_vitals)
    client: httpx.Client = field(default_factory=httpx.Client)
    ended: threading.Condition = field(default_factory=threading.Condition)
    outcomes: list[Job] = field(default_factory=list)
    audience: Audience = field(default_factory=lambda: Audience("scans"))

    def pipelines(self) -> Sequence[PipelineVitals]:
        return (self.text, *self.others)

    def inboxes(self) -> Sequence[InboxVitals]:
        return (self.scans,)

    def hearing(self) -> Sequence[HearingVitals]:
        return ()

    def fetch(self, job: Job, output: Output) -> bytes | None:
        path = self.uploads / (job.document.key + SUFFIXES[output])
        return path.read_bytes() if path.exists() else None

    def parts(self) -> Parts:
        return Parts(
            ledger=self.ledger,
            chronicle=self.chronicle,
            vitals=self,
            fetch=self.fetch,
            uploads=self.uploads,
            take_event=Webhook(self.audience.tell, time.time).take,
            version="1.2.3",
            clock=time.time,
        )

    def heard(self, job: Job) -> None:
        with self.ended:
            self.outcomes.append(job)
            self.ended.notify_all()

    def wait_for_outcomes(self, count: int) -> None:
        with self.ended:
            assert self.ended.wait_for(lambda: len(self.outcomes) >= count, timeout=10)

    def play(self, stop: threading.Event) -> None:
        """Claim jobs as a lane does, until `stop`."""
        while not stop.is_set():
            heard = self.ledger.bell.count()
            jobs = self.ledger.claim(PipelineName.TEXT, "played", 1, self.absence)
            for job in jobs:
                self.act(self, job)
            if not jobs:
                self.ledger.bell.wait(heard, 0.2)


Act = Callable[[Daemon, Job], None]


def provenance_of(job: Job) -> Provenance:
    return Provenance(uri=f"upload:{job.document.key}", config_digest="c0ffee", now=time.time())


def read_it(daemon: Daemon, job: Job) -> None:
    """Leave what a reader would."""
    for deliverable in render(job, a_reading(), provenance_of(job)):
        path = daemon.uploads / (job.document.key + SUFFIXES[deliverable.output])
        path.write_bytes(deliverable.content)
    daemon.ledger.note_sidecar(job, job.document.key)
    daemon.ledger.finish(job)


def bury_it(error: OcrInboxError) -> Act:
    """Give every job up for this reason, with an error sidecar."""

    def act(daemon: Daemon, job: Job) -> None:
        (deliverable,) = render_failure(job, error, provenance_of(job))
        (daemon.uploads / (job.document.key + SUFFIXES[Output.JSON])).write_bytes(deliverable.content)
        daemon.ledger.bury(job, error.code, str(error))

    return act


def leave_it(_: Daemon, __: Job) -> None:
    """Never come to an end."""


def in_turn(*acts: Act) -> Act:
    """Do something else with each job."""
    rest = list(acts)

    def act(daemon: Daemon, job: Job) -> None:
        rest.pop(0)(daemon, job)

    return act


def fail_once(daemon: Daemon, job: Job) -> None:
    """Fail the first attempt as a crash does, and read at the second."""
    if job.attempts == 1:
        daemon.ledger.retry(job, ReadingError.code, "the engine failed", not_before=0)
    else:
        read_it(daemon, job)


@contextmanager
def serving(folder: Path, options: ApiOptions | None = None, act: Act = read_it) -> Iterator[Daemon]:
    """The daemon with its reader and its server running on a free port of the loopback."""
    uploads = folder / "uploads"
    uploads.mkdir()
    stop = threading.Event()
    with Database(folder / "ledger.sqlite") as database:
        daemon = Daemon(Ledger(database, time.time), Chronicle(database), uploads, act)
        daemon.ledger.heard.append(daemon.heard)
        reader = threading.Thread(target=daemon.play, args=(stop,))
        reader.start()
        try:
            with served(daemon, options or ApiOptions()) as daemon.client:
                yield daemon
        finally:
            stop.set()
            daemon.ledger.bell.ring()
            reader.join()


@contextmanager
def served(daemon: Daemon, options: ApiOptions) -> Iterator[httpx.Client]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    config = uvicorn.Config(
        create_app(daemon.parts(), options),
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
