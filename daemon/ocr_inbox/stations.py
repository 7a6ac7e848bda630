"""One pipeline at work: its plan, its readers, the server that it may need, and a lane for each reader."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ocr_inbox.attended import AttendedInbox, AttendedReaders
from ocr_inbox.dispatch import Lane
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Absence, PipelineVitals, ServerVitals
from ocr_inbox.pipelines import Plan
from ocr_inbox.ports import Inbox, Outcome
from ocr_inbox.processes import ProcessReaders
from ocr_inbox.pulse import Pulse
from ocr_inbox.reading import Window
from ocr_inbox.vllm import ServerWatch, VllmServer


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedReaders:
    """Readers that are of use only while their server is there; keeps the promise of `ports.Readers`."""

    readers: ProcessReaders
    server: VllmServer

    def open(self) -> None:
        """Raises VlUnavailableError before a document is claimed for nothing."""
        self.server.demand()
        self.readers.open()

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        """The readers meet the server's failures themselves, page by page."""
        return self.readers.read(batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Remembers the readers of a plan, and its server; use `opened`."""

    plan: Plan
    processes: ProcessReaders
    server: VllmServer | None

    def lanes(self, ledger: Ledger, inboxes: Mapping[str, Inbox], absence: Callable[[], Absence | None]) -> list[Lane]:
        """As many lanes as readers; `absence` says which other station cannot read now."""
        readers = ServedReaders(readers=self.processes, server=self.server) if self.server else self.processes
        pulses = [Pulse() for _ in range(self.processes.count)]
        return [
            Lane(
                name=f"{self.plan.pipeline.value}-{number}",
                habits=self.plan.habits,
                ledger=ledger,
                inboxes={name: AttendedInbox(inbox, pulse) for name, inbox in inboxes.items()},
                readers=AttendedReaders(readers, pulse),
                clock=time.time,
                absence=absence,
                pulse=pulse,
            )
            for number, pulse in enumerate(pulses)
        ]

    def watches(self, ring: Callable[[], None]) -> list[ServerWatch]:
        """The loop that looks after the server, where there is one; `ring` wakes the lanes when it comes back."""
        if self.server is None or self.plan.server is None:
            return []
        return [ServerWatch(server=self.server, seconds=self.plan.server.look_seconds, ring=ring)]

    def absence(self) -> Absence | None:
        """Why nobody can be read for here, while the server is known to be away."""
        problem = self._server_problem()
        return Absence(pipeline=self.plan.pipeline, reason=problem) if problem else None

    def vitals(self) -> PipelineVitals:
        """How the pipeline is: one that loads its engine when the first document comes is ready before."""
        device = self.processes.device()
        problem = self._server_problem() or self.processes.problem
        return PipelineVitals(
            pipeline=self.plan.pipeline,
            family=self.plan.family,
            ready=problem is None and (device is not None or not self.plan.habits.eager),
            loaded=device is not None,
            readers=self.processes.count,
            restarts=self.processes.restarts,
            device=device or "",
            problem=problem,
            server=self._server_vitals(),
        )

    def _server_problem(self) -> str | None:
        state = self.server.state if self.server else None
        return state.sighting.problem if state else None

    def _server_vitals(self) -> ServerVitals | None:
        if self.server is None or self.plan.server is None:
            return None
        state = self.server.state
        status = state.sighting.status.value if state else "not looked at yet"
        return ServerVitals(url=self.plan.server.url, status=status, problem=self._server_problem())


def absent(stations: Sequence[Station]) -> Absence | None:
    """The first station whose server is known to be away."""
    return next((absence for station in stations if (absence := station.absence())), None)


@contextmanager
def opened(plan: Plan) -> Iterator[Station]:
    """The station of a plan; its reader processes end with the `with` block."""
    with ExitStack() as stack:
        server = VllmServer(plan.server.url, plan.server.model, time.time) if plan.server else None
        if server:
            stack.enter_context(server)
        yield Station(plan=plan, processes=stack.enter_context(plan.process_readers()), server=server)
