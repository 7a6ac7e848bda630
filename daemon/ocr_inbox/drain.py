"""For `run --once`: when everything that was there has come to its end, ask the daemon to stop."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ocr_inbox.chronicle import Chronicle
from ocr_inbox.model import InboxVitals, Job, JobState, PipelineVitals
from ocr_inbox.pulse import Pulse

_LOOK_SECONDS = 0.1
_TURN_SECONDS = 120.0


@dataclass
class Drain:
    """Watches the inboxes' first scans and the queue; remembers what was buried meanwhile."""

    chronicle: Chronicle
    inboxes: Callable[[], Sequence[InboxVitals]]
    pipelines: Callable[[], Sequence[PipelineVitals]]
    buried: int = 0
    problems: list[str] = field(default_factory=list)
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def name(self) -> str:
        """The thread's name in logs."""
        return "drain"

    def hear(self, job: Job) -> None:
        """Count what was given up."""
        self.buried += job.state is JobState.BURIED

    def run(self, stop: threading.Event) -> None:
        """Set `stop` once nothing can change any more by itself."""
        self.pulse.expect(_TURN_SECONDS)
        while not stop.is_set() and not self._drained():
            self.pulse.expect(_TURN_SECONDS)
            stop.wait(_LOOK_SECONDS)
        stop.set()

    def _drained(self) -> bool:
        inboxes = self.inboxes()
        if any(inbox.problem is None and (inbox.last_scan_at is None or inbox.settling) for inbox in inboxes):
            return False
        pipelines = self.pipelines()
        if self.chronicle.unsettled(*(item.pipeline for item in pipelines)):
            return False
        queues = self.chronicle.queues()
        wanted = {queue.pipeline for queue in queues}
        self.problems = [f"inbox {inbox.name}: {inbox.problem}" for inbox in inboxes if inbox.problem]
        self.problems += [
            f"pipeline {item.pipeline.value}: {item.problem}"
            for item in pipelines
            if item.problem and item.pipeline in wanted
        ]
        waiting = sum(queue.waiting for queue in queues)
        self.problems += [f"{waiting} documents wait; `ocr-inbox jobs --state waiting` says why"] if waiting else []
        return True
