"""docs/operations.md, as an operator types it: every question to the journal, and the commands of its examples."""

import re
import shutil

import pytest

from booted_service import SCANS, UNIT, Service
from installation import ROOT
from pages import encoded, render_line, truncated
from running import eventually, sidecar_path

pytestmark = pytest.mark.timeout(1200)  # the first one installs everything

OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
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
    worked.start()
    commands = re.findall(r"`((?:ocr-inbox|journalctl|systemctl|df) .*?)`", section("Monitoring"))
    assert len(commands) >= 8
    for command in commands:
        done = worked.machine.run("bash", "-c", command, check=False)
        assert done.returncode in (
            (0, 3, 4) if command.startswith("systemctl") else (0, 1) if "doctor" in command else (0,)
        ), command
    assert worked.machine.path(f"{SCANS}/text/a.jpg").exists()
    assert worked.machine.property(UNIT, "ActiveState") == "active"
