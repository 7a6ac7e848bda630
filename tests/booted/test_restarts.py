"""What systemd does when the daemon hangs, dies or cannot work, and what that costs."""

from collections.abc import Iterator

import pytest

from booted_service import CONFIG, SERVING, SOCKET, UNIT, Service
from installation import PYTHON
from pages import encoded, render_line
from running import eventually, sidecar_path

pytestmark = pytest.mark.timeout(1200)  # the first one installs everything

LINE = "Invoice 2041"
PAGE = encoded(render_line(LINE))
HANG = "/var/lib/ocr-inbox/hang"
CANNOT_WORK = "78"


@pytest.fixture
def steady(service: Service) -> Iterator[Service]:
    """One that is configured and not yet started; afterwards nothing special is set."""
    service.configure()
    yield service
    service.machine.path(HANG).unlink(missing_ok=True)
    service.set({})
    service.stop()


def hanging(service: Service, place: str, *constants: str) -> None:
    """Start it so that it hangs where it comes to this place, until the file HANG is removed."""
    hooks = {"HANG_AT": place, "HANG_WHILE": HANG, "SET": " ".join(constants)}
    service.set(hooks, "WatchdogSec=2s", "RestartSec=100ms")
    service.machine.write(HANG, "")
    service.launch()


def release(service: Service) -> None:
    service.machine.path(HANG).unlink()


@pytest.mark.parametrize(
    ("place", "patience", "loop"),
    [
        ("ocr_inbox.ledger:Ledger.claim", "ocr_inbox.dispatch:_TURN_SECONDS=3", "text-0"),
        ("ocr_inbox.gauge:Gauge.look", "ocr_inbox.gauge:_LOCKED_SECONDS=3", "ledger"),
    ],
    ids=["dispatch", "ledger"],
)
def test_a_daemon_that_hangs_is_restarted_and_goes_on(steady: Service, place: str, patience: str, loop: str) -> None:
    hanging(steady, place, patience)
    before = steady.main_pid()
    assert steady.wait_for_entry("EVENT=loop_hung", f"LOOP={loop}")["PRIORITY"] == "2"
    eventually(lambda: steady.main_pid() not in (0, before))
    release(steady)
    assert steady.read(PAGE, f"{loop}.png")["result"]["text"] == LINE
    assert int(steady.property("NRestarts")) > 0
    assert any("Watchdog timeout" in it["MESSAGE"] for it in steady.machine.journal(f"UNIT={UNIT}"))


def test_after_kill_9_what_was_being_read_is_read_once_more(steady: Service) -> None:
    hanging(steady, "ocr_inbox.reader:_read_page")
    before, source = steady.main_pid(), steady.drop(PAGE, "killed.png")
    eventually(lambda: "1 running" in steady.property("StatusText"))
    recovered = len(steady.entries("EVENT=recovered"))
    steady.machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", UNIT)
    eventually(lambda: steady.main_pid() not in (0, before))
    release(steady)
    steady.wait_for_entry("EVENT=recovered", after=recovered)
    eventually(sidecar_path(source).exists)
    assert {path.name for path in source.parent.glob("*killed.png*")} == {"killed.png", "killed.png.ocr.json"}
    assert len(steady.entries("EVENT=job_done", "KEY=text/killed.png")) == 1


def test_what_is_being_read_when_it_is_stopped_may_come_to_its_end(steady: Service) -> None:
    hanging(steady, "ocr_inbox.reader:_read_page")
    source = steady.drop(PAGE, "last.png")
    eventually(lambda: "1 running" in steady.property("StatusText"))
    steady.machine.run("systemctl", "stop", "--no-block", SOCKET, UNIT)
    eventually(lambda: steady.property("StatusText").startswith("stopping"))
    release(steady)
    steady.wait_for_state("inactive")
    assert sidecar_path(source).exists()
    assert (steady.property("Result"), steady.property("ExecMainStatus")) == ("success", "0")
    assert steady.entries("EVENT=job_waits", "KEY=text/last.png") == []


def test_a_reader_that_is_killed_for_its_memory_takes_nobody_along(steady: Service) -> None:
    """As the kernel does it; that MemoryMax= makes it do so cannot be shown where no memory is limited."""
    hanging(steady, "ocr_inbox.reader:_read_page")
    before, source = steady.main_pid(), steady.drop(PAGE, "heavy.png")
    eventually(lambda: "1 running" in steady.property("StatusText"))
    steady.machine.run("pkill", "--signal=KILL", "--newest", "--euid=ocr-inbox")
    release(steady)
    eventually(sidecar_path(source).exists)
    assert (steady.main_pid(), steady.property("NRestarts")) == (before, "0")


def test_what_cannot_work_is_not_started_again_by_anybody(steady: Service) -> None:
    steady.launch()
    assert steady.get("/livez") == SERVING
    good = steady.machine.path(CONFIG).read_text(encoding="utf-8")
    steady.machine.write(CONFIG, "nonsense = 1\n" + good)
    assert steady.machine.run("systemctl", "restart", UNIT, check=False).returncode != 0
    steady.wait_for_state("failed")
    assert (steady.property("ExecMainStatus"), steady.property("NRestarts")) == (CANNOT_WORK, "0")
    assert "nonsense" in steady.wait_for_entry("EVENT=ended")["MESSAGE"]
    eventually(lambda: steady.machine.property(SOCKET, "ActiveState") == "inactive")
    assert steady.get("/livez") == 0
    assert steady.property("ActiveState") == "failed"

    steady.machine.write(CONFIG, good)
    steady.machine.run("systemctl", "start", UNIT)
    assert steady.get("/livez") == SERVING


TURN_VERSION = """
import sqlite3, sys
ledger = sqlite3.connect("/var/lib/ocr-inbox/ledger.sqlite")
print(ledger.execute("PRAGMA user_version").fetchone()[0])
ledger.execute("PRAGMA user_version = " + sys.argv[1])
"""


def turned_version(service: Service, version: str) -> str:
    """Set the ledger's version; what it was."""
    return service.machine.run(PYTHON, "-c", TURN_VERSION, version).stdout.strip()


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(steady: Service) -> None:
    steady.launch()
    assert steady.get("/livez") == SERVING
    steady.stop()
    known = turned_version(steady, "99")
    assert steady.machine.run("systemctl", "start", UNIT, check=False).returncode != 0
    steady.wait_for_state("failed")
    assert (steady.property("ExecMainStatus"), steady.property("NRestarts")) == (CANNOT_WORK, "0")
    refusals = [it["MESSAGE"] for it in steady.entries("EVENT=ended")]
    assert any("a newer ocr-inbox wrote it; install that version again" in it for it in refusals)

    assert turned_version(steady, known) == "99"
    steady.launch()
    assert steady.get("/livez") == SERVING
