"""What only newer versions of systemd can do (Type=notify-reload, since 253), with one laid over a machine's own."""

from collections.abc import Iterator

import pytest

from booted_service import CONFIG, UNIT, Service
from installation import ROOT
from nspawn import NewMachine

pytestmark = pytest.mark.timeout(1200)  # the first one installs everything

NEWER = ROOT / "build/tools/systemd"
CAN_WAIT = 253


@pytest.fixture
def newer(new_machine: NewMachine) -> Iterator[Service]:
    """The service as the package installs it where systemd is new."""
    if not (NEWER / "usr/lib/systemd/systemd").exists():
        pytest.skip(f"there is no newer systemd in {NEWER} (.ci/newer-systemd fetches one)")
    with new_machine(NEWER) as machine:
        assert int(machine.run("systemctl", "--version").stdout.split()[1]) >= CAN_WAIT
        service = Service(machine=machine)
        service.install("1.0.0")
        machine.run("install", "--directory", "--owner=ocr-inbox", "/srv/scans", "/srv/scans/text")
        service.configure()
        service.start()
        yield service


def test_a_reload_returns_when_the_new_configuration_is_in_force(newer: Service) -> None:
    machine, before = newer.machine, newer.main_pid()
    good = machine.path(CONFIG).read_text(encoding="utf-8")
    assert newer.property("Type") == "notify-reload"
    for number in (1, 2):
        machine.run("systemctl", "reload", UNIT)
        assert len(newer.entries("EVENT=reloaded")) == number, "it is over when the command is"
    machine.write(CONFIG, "nonsense = 1\n" + good)
    machine.run("systemctl", "reload", UNIT)
    (refused,) = newer.entries("EVENT=reload_refused")
    assert "nonsense" in refused["MESSAGE"]
    assert (newer.property("ActiveState"), newer.main_pid()) == ("active", before)


def test_it_finds_no_fault_with_the_units(newer: Service) -> None:
    units = ("ocr-inbox.service", "ocr-inbox.socket", "ocr-inbox-backup.timer")
    assert newer.machine.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=one", *units).stderr == ""
