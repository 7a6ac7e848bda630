"""docs/operations.md, as an operator types it: every question to the journal, and the commands of its examples."""

import re
import shutil

import pytest

from booted_service import CONFIG, PORT, SCANS, SOCKET, Service
from installation import ROOT
from nspawn import Finished
from pages import encoded, render_line, truncated
from running import eventually, sidecar_path

pytestmark = pytest.mark.timeout(1200)  # the first one installs everything

OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
NO_SUCH_UNIT = 4
PAGE = encoded(render_line("Invoice 2041"))


@pytest.fixture(scope="module")
def worked(service: Service) -> Service:
    """It has read the page's /srv/scans/text/a.jpg, and given up another."""
    service.configure()
    service.start()
    service.read(PAGE, "a.jpg")
    eventually(sidecar_path(service.drop(truncated(PAGE), "broken.png")).exists)
    service.wait_for_entry("EVENT=job_buried", "KEY=text/broken.png")
    return service


def section(title: str) -> str:
    _, _, rest = OPERATIONS.partition(f"# {title}\n")
    return re.split(r"^#+ ", rest, flags=re.MULTILINE)[0]


def examples(title: str) -> list[str]:
    """The commands of a section's indented lines."""
    lines = re.findall(r"^    (ocr-inbox .*)$", section(title), flags=re.MULTILINE)
    return [line.partition(" # ")[0].strip() for line in lines]


def typed(service: Service, command: str) -> str:
    """What a shell prints; a command that complains fails."""
    done = service.machine.run("bash", "-c", command, check=False)
    assert (done.returncode, done.stderr) == (0, ""), command
    return done.stdout


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq here (Debian's package jq)")
def test_the_ten_questions_to_the_journal_are_answered(worked: Service) -> None:
    rows = re.findall(r"^\| (.*\?) \| (.*) \|$", section("Ten questions to the journal"), flags=re.MULTILINE)
    answers = {
        question: [
            typed(worked, command.replace("\\|", "|")) for command in re.findall(r"`(journalctl .*?)`", commands)
        ]
        for question, commands in rows
    }
    assert len(answers) == 10
    assert answers["What was given up in one inbox, and why?"][0].startswith("text/broken.png\tunreadable\tcannot ")
    assert "Read text/a.jpg in inbox scans" in answers["What became of one document, or of one job?"][0]
    assert re.search(r"^ +\d+ text$", answers["How many did each pipeline read today?"][0], flags=re.MULTILINE)
    assert "\ttext/a.jpg\n" in answers["Which were the ten slowest?"][0]
    assert "is watched" in answers["When was an inbox or the VL server away?"][0]


def test_the_examples_work_as_they_stand(worked: Service) -> None:
    standing = [command for command in examples("How things stand") if "--watch" not in command]
    (why,), (pause, resume) = examples("Why is this file not read?"), examples("Holding an inbox back")
    assert "It was read" in typed(worked, why)
    assert all(typed(worked, command) or "waiting" in command for command in standing)
    assert "paused" in typed(worked, pause)
    assert "paused for" in typed(worked, "ocr-inbox status")
    assert "goes on" in typed(worked, resume)
    (reload,) = examples("Changing the configuration")
    typed(worked, reload)
    worked.wait_for_entry("EVENT=reloaded")
    worked.machine.run("systemctl", "stop", "ocr-inbox.socket")
    (drain,) = examples("Stopping")
    typed(worked, f"mkdir --parents /var/backups; {drain}")
    worked.wait_for_state("inactive")
    assert (worked.property("Result"), worked.machine.path("/var/backups/ocr-inbox.sqlite").exists()) == (
        "success",
        True,
    )
    worked.machine.path("/var/backups/ocr-inbox.sqlite").unlink()


def test_the_commands_of_the_alerts_answer(worked: Service) -> None:
    """Some say by their exit code how it is: a unit does not run, the doctor found something."""
    worked.start()
    commands = re.findall(r"`((?:ocr-inbox|journalctl|systemctl|df) .*?)`", section("Monitoring"))
    assert len(commands) >= 8
    for command in commands:
        done = worked.machine.run("bash", "-c", command, check=False)
        assert done.stdout or "jobs" in command, command  # of which there may be none
        assert done.returncode < NO_SUCH_UNIT, done
        assert done.returncode == 0 or command.startswith(("systemctl status", "ocr-inbox doctor")), done
    assert worked.property("ActiveState") == "active"


def test_another_address_needs_the_two_lines_that_are_there(worked: Service) -> None:
    machine = worked.machine
    good = machine.path(CONFIG).read_text(encoding="utf-8")
    lines = re.findall(r"^        (\S.*)$", section("The units"), flags=re.MULTILINE)
    assert len(lines) == 2
    try:
        machine.write(CONFIG, good.replace(f"port = {PORT}", "port = 8092"))
        for line in lines:
            typed(worked, line)
        assert machine.property(SOCKET, "Listen") == "127.0.0.1:8092 (Stream)"
        assert typed(worked, "curl --silent http://127.0.0.1:8092/livez")
        assert worked.entries("EVENT=socket_elsewhere") == []
    finally:
        machine.run("rm", "/etc/systemd/system/ocr-inbox.socket.d/address.conf")
        machine.write(CONFIG, good)
        machine.run("systemctl", "daemon-reload")
        worked.stop()
        worked.start()


def test_strangers_are_told_that_it_is_not_theirs_and_members_of_the_group_may_look(worked: Service) -> None:
    def as_nobody(*command: str) -> Finished:
        return worked.machine.run("runuser", "--user=nobody", *command, check=False)

    why = ("ocr-inbox", "why", f"{SCANS}/text/a.jpg")
    for command in (("ocr-inbox", "status"), why, ("ocr-inbox", "pause", "scans"), ("ocr-inbox", "rescan")):
        done = as_nobody("--", *command)
        assert done.returncode == 77, done
        assert done.stderr.startswith("ocr-inbox: cannot ")
        assert "run this as that user or as root" in done.stderr
    done = as_nobody("--supp-group=ocr-inbox", "--", *why)
    assert (done.returncode, done.stderr) == (0, "")
    assert "It was read" in done.stdout
    done = as_nobody("--supp-group=ocr-inbox", "--", "ocr-inbox", "rescan")
    assert (done.returncode, "Traceback" in done.stderr) == (77, False)
