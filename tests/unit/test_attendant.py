"""The watchdog is fed while everybody is there; who is missing is said once, with where it hangs."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from ledgers import Clock
from ocr_inbox.attendant import Attendant
from ocr_inbox.notify import ServiceManager
from ocr_inbox.pulse import Pulse, Silence
from service_manager import Manager, Told, listening_manager


@dataclass
class Site:
    """An attendant whose time stands still, and whose words are heard at the other end of a real socket."""

    manager: Manager
    watchdog_seconds: float | None = 30.0
    clock: Clock = field(default_factory=Clock)
    status: str = "1 waiting"

    def __post_init__(self) -> None:
        self.lane, self.intake = Pulse(self.clock), Pulse(self.clock)
        self.attendant = Attendant(
            manager=ServiceManager(address=self.manager.address, watchdog_seconds=self.watchdog_seconds),
            pulses={"text-0": self.lane, "intake-scans": self.intake},
            status=self.say,
            reload=lambda: None,
            inboxes=["scans"],
        )

    def say(self, missing: Sequence[Silence]) -> str:
        return f"{self.status}; {len(missing)} missing"

    def turn(self, now: float) -> list[Told]:
        """What was told at this time."""
        self.clock.now, before = now, self.manager.count()
        self.attendant.turn(now)
        self.attendant.manager.tell("END=1")
        self.manager.wait_for(lambda told: "END" in told, since=before)
        return self.manager.told[before:-1]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with listening_manager(str(tmp_path / "notify")) as manager:
        yield Site(manager)


def events(site: Site, *times: float) -> list[dict[str, Any]]:
    with structlog.testing.capture_logs() as logs:
        for now in times:
            site.turn(now)
    return [dict(line) for line in logs]


def test_the_watchdog_is_fed_often_enough_and_no_more(site: Site) -> None:
    fed = [now for now in range(1000, 1060) if any("WATCHDOG" in told for told in site.turn(float(now)))]
    assert fed[0] == 1000
    assert all(later - earlier <= 10 for earlier, later in pairwise(fed))
    assert len(fed) <= 15


def test_nobody_is_fed_where_there_is_no_watchdog(site: Site) -> None:
    site.attendant.manager = ServiceManager(address=site.manager.address)
    assert [told for now in range(1000, 1060) for told in site.turn(float(now)) if "WATCHDOG" in told] == []


def test_the_status_is_told_when_it_changes_and_once_a_second_at_most(site: Site) -> None:
    assert site.turn(1000.0)[0]["STATUS"] == "1 waiting; 0 missing"
    site.status = "2 waiting"
    assert [told for told in site.turn(1000.5) if "STATUS" in told] == []
    assert site.turn(1001.0)[0]["STATUS"] == "2 waiting; 0 missing"
    assert [told for now in (1002.0, 1003.0) for told in site.turn(now) if "STATUS" in told] == []


def test_a_loop_that_hangs_starves_the_watchdog_and_is_said_with_its_stack(site: Site) -> None:
    site.lane.expect(10.0)
    (said,) = events(site, 1010.0, 1011.0, 1012.0, 1013.0)
    assert (said["event"], said["loop"], said["log_level"]) == ("loop_hung", "text-0", "critical")
    assert "test_a_loop_that_hangs" in said["stack"]
    assert [told for told in site.turn(1100.0) if "WATCHDOG" in told] == []
    assert "1 missing" in site.attendant._said


def test_an_inbox_that_hangs_is_said_but_the_daemon_lives(site: Site) -> None:
    site.intake.expect(10.0, whom="scans")
    (said,) = events(site, 1011.0, 1012.0, 1013.0)
    assert (said["event"], said["loop"], said["inbox"]) == ("answer_overdue", "intake-scans", "scans")
    assert "WATCHDOG" in site.turn(1100.0)[-1]


def test_who_is_waited_for_need_not_be_an_inbox(site: Site) -> None:
    site.lane.expect(10.0, whom="the VL server")
    (said,) = events(site, 1011.0, 1012.0)
    assert (said["whom"], said["inbox"]) == ("the VL server", None)


def test_one_look_is_not_enough_because_the_machine_may_have_stood_still(site: Site) -> None:
    site.lane.expect(10.0)
    site.turn(1000.0)
    assert "WATCHDOG" in site.turn(9000.0)[-1]
    site.lane.expect(10.0)
    assert "WATCHDOG" in site.turn(9006.0)[-1]
    assert site.attendant.roll.missing == []


def test_who_comes_back_is_said_and_the_watchdog_is_fed_again(site: Site) -> None:
    site.lane.expect(10.0)
    events(site, 1011.0, 1012.0)
    site.lane.expect(10.0)
    (said,) = events(site, 1013.0)
    assert (said["event"], said["loop"]) == ("loop_goes_on", "text-0")
    assert "WATCHDOG" in site.turn(1020.0)[-1]


def test_what_could_not_be_told_is_told_later(site: Site) -> None:
    deaf = site.attendant.manager
    site.attendant.manager = ServiceManager(address=str(Path(site.manager.address).with_name("nobody")))
    site.attendant._owed = ("READY=1",)
    site.attendant.turn(1000.0)
    site.attendant.manager = deaf
    assert site.turn(1001.0)[0]["READY"] == "1"


def test_a_thread_that_is_gone_has_no_stack(site: Site) -> None:
    thread = threading.Thread(target=lambda: site.lane.expect(10.0))
    thread.start()
    thread.join()
    assert [line["event"] for line in events(site, 1011.0, 1012.0)] == ["loop_hung"]
