"""What each loop says of itself while it waits: whose fault it is if that takes too long, or nobody's."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from builders import an_arrival
from engines import CARE, a_window, some_readers
from folders import a_folder_inbox, put
from lanes import Site
from ledgers import TEXT, Clock
from ocr_inbox import attended
from ocr_inbox.attended import AttendedInbox, AttendedReaders
from ocr_inbox.dispatch import Lane
from ocr_inbox.errors import StoppingError
from ocr_inbox.folder import FolderInbox
from ocr_inbox.intake import Intake
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Arrival, Document
from ocr_inbox.ports import Outcome
from ocr_inbox.processes import ProcessReaders
from ocr_inbox.pulse import Pulse
from ocr_inbox.reading import FileSource, Window
from ocr_inbox.routing import default_rules
from running import eventually

LATER = 1e6
"""So long after that everybody is missing who does not wait for others."""


@dataclass
class Gate:
    """Holds up whoever comes to it."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def pass_through(self) -> None:
        self.reached.set()
        assert self.opened.wait(60)


class SlowInbox(FolderInbox):
    """An inbox on a mount that hangs."""

    gate: Gate

    def locate(self, document: Document) -> FileSource:
        self.gate.pass_through()
        return super().locate(document)


@dataclass
class SlowReaders:
    """Readers that are busy with others."""

    gate: Gate

    def open(self) -> None:
        self.gate.pass_through()

    def read(self, _: Sequence[Window]) -> Sequence[Outcome]:
        raise AssertionError("nobody gets so far")


@contextmanager
def running(loop: Lane | Intake, ledger: Ledger) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        ledger.bell.ring()
        thread.join(60)
    assert not thread.is_alive()


def blamed(pulse: Pulse, now: float = 1000.0 + LATER) -> list[str]:
    return sorted(silence.whom for silence in pulse.silences("loop", now))


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(clock)


def a_lane(site: Site, pulse: Pulse) -> Lane:
    lane = site.lane()
    lane.pulse = pulse
    lane.inboxes = {"scans": AttendedInbox(site.inbox, pulse)}
    lane.readers = AttendedReaders(site.readers, pulse)
    return lane


def test_an_idle_lane_says_when_it_comes_round(site: Site, pulse: Pulse, clock: Clock) -> None:
    with running(a_lane(site, pulse), site.ledger):
        site.drop("text/a.png")
        eventually(lambda: not site.ledger.due(TEXT))
        assert blamed(pulse, clock.now + 60) == []


def test_a_lane_that_waits_for_an_inbox_blames_the_inbox(site: Site, pulse: Pulse, clock: Clock) -> None:
    gate = Gate()
    slow = SlowInbox(a_folder_inbox(site.root)._options, clock)
    slow.gate, site.inbox = gate, slow
    site.drop("text/a.png")
    with running(a_lane(site, pulse), site.ledger):
        assert gate.reached.wait(60)
        assert blamed(pulse, clock.now + attended._ANSWER_SECONDS - 1) == []
        assert blamed(pulse) == ["scans"]
        gate.opened.set()


def test_a_lane_that_waits_for_readers_blames_nobody(site: Site, pulse: Pulse) -> None:
    gate = Gate()
    lane = a_lane(site, pulse)
    lane.readers = AttendedReaders(SlowReaders(gate), pulse)
    with running(lane, site.ledger):
        assert gate.reached.wait(60)
        assert blamed(pulse) == []
        lane.readers = AttendedReaders(site.readers, pulse)
        gate.opened.set()


def test_a_lane_that_hangs_by_itself_has_only_itself_to_blame(site: Site, pulse: Pulse) -> None:
    gate, lane = Gate(), a_lane(site, pulse)
    lane.ledger.clock = gate_of(gate)
    with running(lane, site.ledger):
        assert gate.reached.wait(60)
        assert blamed(pulse) == [""]
        gate.opened.set()


def gate_of(gate: Gate) -> Clock:
    class Slow(Clock):
        def __call__(self) -> float:
            gate.pass_through()
            return super().__call__()

    return Slow()


def test_a_reader_has_its_deadline_and_whoever_waits_for_it_is_watched_there(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with some_readers() as readers:
        thread = threading.Thread(target=lambda: suppressed(readers, f"hang:{started}"))
        thread.start()
        eventually(started.exists)
        now = time.monotonic()
        assert blamed(readers.pulse, now + CARE.page_seconds) == []
        assert blamed(readers.pulse, now + LATER) == [""]
        readers.close()
        thread.join(60)
        assert blamed(readers.pulse, now + LATER) == []


def suppressed(readers: ProcessReaders, path: str) -> None:
    with suppress(StoppingError):
        readers.read([a_window(path)])


def test_an_intake_hears_of_an_inbox_where_nothing_arrives(tmp_path: Path, ledger: Ledger, clock: Clock) -> None:
    """Silence would mean that the inbox hangs."""
    pulse, inbox = Pulse(clock), a_folder_inbox(tmp_path)
    intake = Intake(inbox, default_rules(), ledger, pulse=pulse)
    with running(intake, ledger):
        eventually(lambda: pulse._promises)
        clock.now += LATER
        eventually(lambda: not blamed(pulse, clock.now + 60))


def test_an_intake_that_waits_for_its_inbox_blames_the_inbox(tmp_path: Path, ledger: Ledger, clock: Clock) -> None:
    gate = Gate()

    class Hung(SlowInbox):
        def arrivals(self, stop: threading.Event) -> Iterator[Sequence[Arrival]]:
            self.gate.pass_through()
            yield from super().arrivals(stop)

    inbox = Hung(a_folder_inbox(tmp_path)._options, clock)
    inbox.gate = gate
    pulse = Pulse(clock)
    with running(Intake(inbox, default_rules(), ledger, pulse=pulse), ledger):
        assert gate.reached.wait(60)
        assert blamed(pulse) == ["scans"]
        gate.opened.set()


def test_rules_that_are_exchanged_hold_for_the_next_batch(tmp_path: Path, ledger: Ledger) -> None:
    put(tmp_path, "table/a.png")
    intake = Intake(a_folder_inbox(tmp_path), default_rules(), ledger)
    intake._note([an_arrival("table/a.png")], threading.Event())
    intake.rules = ()
    intake._note([an_arrival("table/b.png")], threading.Event())
    rows = ledger.database.read("SELECT key, pipeline FROM jobs ORDER BY key")
    assert [tuple(row) for row in rows] == [("table/a.png", "table"), ("table/b.png", None)]
