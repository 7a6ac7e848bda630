"""One pipeline at work: its plan, its readers, and a lane for each of them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ocr_inbox.dispatch import Lane
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import PipelineVitals
from ocr_inbox.pipelines import Plan
from ocr_inbox.ports import Inbox
from ocr_inbox.processes import ProcessReaders


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Remembers the readers of a plan; use `opened`."""

    plan: Plan
    readers: ProcessReaders

    def lanes(self, ledger: Ledger, inboxes: Mapping[str, Inbox]) -> list[Lane]:
        """As many lanes as readers."""
        return [
            Lane(
                name=f"{self.plan.pipeline.value}-{number}",
                habits=self.plan.habits,
                ledger=ledger,
                inboxes=inboxes,
                readers=self.readers,
                clock=time.time,
            )
            for number in range(self.readers.count)
        ]

    def vitals(self) -> PipelineVitals:
        """How the pipeline is: one that loads its engine when the first document comes is ready before."""
        device = self.readers.device()
        waits_for_work = not self.plan.habits.eager and self.readers.problem is None
        return PipelineVitals(
            pipeline=self.plan.pipeline,
            family=self.plan.family,
            ready=device is not None or waits_for_work,
            loaded=device is not None,
            readers=self.readers.count,
            restarts=self.readers.restarts,
            device=device or "",
            problem=self.readers.problem,
        )


@contextmanager
def opened(plan: Plan) -> Iterator[Station]:
    """The station of a plan; its reader processes end with the `with` block."""
    with plan.process_readers() as readers:
        yield Station(plan=plan, readers=readers)
