"""The Debian package from the first day to the last: what it brings, keeps, and takes along."""

from collections.abc import Iterator

import pytest

from booted_service import CONFIG, SOCKET, UNIT, Service
from installation import ROOT
from nspawn import Machine, NewMachine
from ocr_inbox import __version__
from pages import encoded, render_line

pytestmark = pytest.mark.timeout(1200)  # the first one installs everything

PAGE = encoded(render_line("Invoice 2041"))
LEDGER = "/var/lib/ocr-inbox/ledger.sqlite"
VENDOR = "/usr/lib/systemd/system/ocr-inbox.service"
NEW_EXAMPLE = "# The example of another version."


@pytest.fixture
def fresh(new_machine: NewMachine) -> Iterator[Service]:
    """Where it was never installed."""
    with new_machine() as machine:
        yield Service(machine=machine)


@pytest.fixture
def working(fresh: Service) -> Service:
    """It is installed, configured and runs."""
    fresh.install("1.0.0")
    fresh.machine.run("mkdir", "--parents", "/srv/scans/text")
    fresh.machine.run("chown", "--recursive", "ocr-inbox", "/srv/scans")
    fresh.configure()
    fresh.launch()
    return fresh


def test_it_brings_a_user_and_starts_nothing(fresh: Service) -> None:
    machine = fresh.machine
    assert "systemctl enable --now ocr-inbox" in fresh.install("1.0.0").stdout
    assert machine.run("systemctl", "is-enabled", UNIT, SOCKET, check=False).stdout.split() == ["disabled", "disabled"]
    assert (fresh.property("ActiveState"), machine.property(SOCKET, "ActiveState")) == ("inactive", "inactive")
    assert machine.run("getent", "passwd", "ocr-inbox").stdout.endswith(":/var/lib/ocr-inbox:/usr/sbin/nologin\n")
    assert machine.run("stat", "--format=%a %U", "/etc/ocr-inbox/secrets").stdout == "700 root\n"
    assert machine.run("ocr-inbox", "--help").stdout.lstrip().startswith("Usage: ocr-inbox")


def test_an_upgrade_keeps_the_ledger_and_what_was_edited_and_runs_the_new_program(working: Service) -> None:
    machine, before = working.machine, working.main_pid()
    working.read(PAGE, "scan.png")
    mine = machine.path(CONFIG).read_text(encoding="utf-8")
    working.install("1.1.0")
    assert (working.property("ActiveState"), machine.property(SOCKET, "ActiveState")) == ("active", "active")
    assert working.main_pid() != before
    assert machine.path(CONFIG).read_text(encoding="utf-8") == mine
    assert NEW_EXAMPLE in machine.path("/opt/ocr-inbox/examples/ocr-inbox.toml").read_text(encoding="utf-8")
    working.read(PAGE, "another.png")
    assert len(working.entries("EVENT=job_done", "KEY=text/scan.png")) == 1


def test_removing_it_keeps_the_ledger_and_purging_it_keeps_the_documents(working: Service) -> None:
    machine, source = working.machine, working.drop(PAGE, "scan.png")
    mine = machine.path(CONFIG).read_text(encoding="utf-8")
    machine.run("systemctl", "enable", UNIT)
    machine.run("dpkg", "--remove", "ocr-inbox")
    assert not machine.path(VENDOR).exists()
    assert (working.property("LoadState"), working.property("ActiveState")) == ("not-found", "inactive")
    assert machine.path(LEDGER).exists()
    assert machine.path(CONFIG).read_text(encoding="utf-8") == mine

    machine.run("dpkg", "--purge", "ocr-inbox")
    assert not machine.path("/var/lib/ocr-inbox").exists()
    assert not machine.path("/etc/ocr-inbox").exists()
    assert source.exists()


def test_an_upgrade_brings_the_new_example_where_nobody_edited_the_old_one(fresh: Service) -> None:
    fresh.install("1.0.0")
    fresh.install("1.1.0")
    assert NEW_EXAMPLE in fresh.machine.path(CONFIG).read_text(encoding="utf-8")
    assert fresh.property("ActiveState") == "inactive"


def test_what_make_deb_makes_reads_is_put_in_again_and_leaves_nothing_behind(bare_machine: Machine) -> None:
    machine, service = bare_machine, Service(machine=bare_machine)
    service.install(__version__)
    machine.run("install", "--directory", "--owner=ocr-inbox", "/srv/scans", "/srv/scans/text")
    service.configure()
    machine.run("systemctl", "enable", "--now", UNIT)
    assert service.read(PAGE, "scan.png")["result"]["text"] == "Invoice 2041"
    service.install(__version__)
    service.read(PAGE, "another.png")
    assert len(service.entries("EVENT=job_done", "KEY=text/scan.png")) == 1
    machine.run("dpkg", "--remove", "ocr-inbox")
    assert not machine.path("/opt/ocr-inbox").exists()
    assert machine.path(LEDGER).exists()


def test_make_install_leaves_a_machine_where_it_can_be_started(fresh: Service) -> None:
    machine = fresh.machine
    told = machine.run("make", "--directory=/run/source", "install").stdout
    assert "next: edit /etc/ocr-inbox/ocr-inbox.toml" in told
    assert machine.run("stat", "--format=%U", "/var/lib/ocr-inbox").stdout == "ocr-inbox\n"
    assert (fresh.property("LoadState"), fresh.property("ActiveState")) == ("loaded", "inactive")
    machine.run("systemctl", "start", UNIT)
    assert fresh.wait_for_entry("EVENT=started")["_SYSTEMD_UNIT"] == UNIT


def test_make_uninstall_takes_the_program_along_and_leaves_what_is_yours(empty_machine: Machine) -> None:
    script = "/srv/source/systemd/install.sh"
    empty_machine.write(script, (ROOT / "systemd/install.sh").read_text(encoding="utf-8"), mode=0o755)
    for installed in (VENDOR, "/opt/ocr-inbox/venv/bin/ocr-inbox", CONFIG):
        empty_machine.write(installed, "mine\n")
    for _ in range(2):
        assert "left as they are: /etc/ocr-inbox" in empty_machine.run(script, "uninstall").stdout
    assert [empty_machine.path(place).exists() for place in (VENDOR, "/opt/ocr-inbox", CONFIG)] == [False, False, True]
