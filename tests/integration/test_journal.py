"""The journal gets every entry whole, and where it is away or hangs, nobody is kept waiting and nothing is lost."""

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import closing
from pathlib import Path

import pytest

from journald import journald
from ocr_inbox.journal import Journal, is_journal
from ocr_inbox.messages import MESSAGES

CATALOG = Path(__file__).parents[2] / "systemd" / "ocr-inbox.catalog"
FIELDS = {"MESSAGE": "Read a.png", "PRIORITY": "6"}

SAYING = """
import sys
import warnings
import structlog
from ocr_inbox.journal import Journal
from ocr_inbox.logs import set_up_logging
log = structlog.get_logger()
logging = set_up_logging("info", journal=Journal(sys.argv[1]) if sys.argv[1:] else None)
log.info("job_done", job=1, inbox="scans", pipeline="text", key="a.png", seconds=0.5)
warnings.warn("a library complains", stacklevel=1)
log.debug("unsaid")
logging.level = "warning"
log.info("stopped")
log.warning("recovered", jobs=3)
raise LookupError("a fault")
"""
"""A small program that logs as the daemon does, and then ends by a fault of its own."""


def say(*arguments: str, stderr: Path, **environment: str) -> None:
    with stderr.open("wb") as file:
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(SAYING), *arguments],
            env={**os.environ, **environment},
            stderr=file,
            check=False,
            timeout=60,
        )


def test_an_entry_arrives_whole(tmp_path: Path) -> None:
    with journald(tmp_path / "socket") as daemon, closing(Journal(daemon.path)) as journal:
        assert journal.send({**FIELDS, "KEY": "a\nb", "BYTES": b"\0\xff"})
        entry = daemon.wait_for(lambda _: True)
    assert entry == {"MESSAGE": b"Read a.png", "PRIORITY": b"6", "KEY": b"a\nb", "BYTES": b"\0\xff"}


@pytest.mark.parametrize("size", [200_000, 20 << 20], ids=["large", "larger-than-any-datagram"])
def test_an_entry_of_any_size_arrives(tmp_path: Path, size: int) -> None:
    with journald(tmp_path / "socket") as daemon, closing(Journal(daemon.path)) as journal:
        assert journal.send({**FIELDS, "STACK": "x" * size})
        assert len(daemon.wait_for(lambda entry: "STACK" in entry)["STACK"]) == size


def test_a_journald_that_was_restarted_gets_the_next_entry(tmp_path: Path) -> None:
    with closing(Journal(str(tmp_path / "socket"))) as journal:
        for _ in range(2):
            with journald(tmp_path / "socket") as daemon:
                assert journal.send(FIELDS)
                daemon.wait_for(lambda _: True)
            assert not journal.send(FIELDS)


def test_a_journald_that_hangs_is_waited_for_once(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf, closing(Journal(str(tmp_path / "deaf"))) as journal:
        deaf.bind(journal.path)
        while journal.send(FIELDS):
            pass
        began = time.monotonic()
        assert not any(journal.send(FIELDS) for _ in range(1000))
        assert time.monotonic() - began < 10
        deaf.recv(1 << 16)
        assert journal.send(FIELDS)


def test_the_journal_is_known_by_the_file_behind_stderr(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        status = os.fstat(file.fileno())
        assert is_journal(file.fileno(), {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        for stream in (f"{status.st_dev}:{status.st_ino + 1}", "", "nonsense"):
            assert not is_journal(file.fileno(), {"JOURNAL_STREAM": stream})
        assert not is_journal(file.fileno(), {})
    assert not is_journal(12345, {"JOURNAL_STREAM": "1:2"})


def test_events_library_warnings_and_crashes_go_to_the_journal_and_nowhere_else(tmp_path: Path) -> None:
    stderr = tmp_path / "stderr"
    with journald(tmp_path / "socket") as daemon:
        say(daemon.path, stderr=stderr)
        crash = daemon.event("crashed")
    done, warning, recovered, _ = daemon.entries
    assert done["MESSAGE"] == b"Read a.png in inbox scans by pipeline text in 0.5 s"
    assert (done["EVENT"], done["INBOX"], done["KEY"]) == (b"job_done", b"scans", b"a.png")
    assert (warning["PRIORITY"], warning["LOGGER"]) == (b"4", b"py.warnings")
    assert b"a library complains" in warning["MESSAGE"]
    assert recovered["JOBS"] == b"3"
    assert crash["PRIORITY"] == b"2"
    assert b"LookupError: a fault" in crash["MESSAGE"]
    assert crash["MESSAGE"].startswith(b"ocr-inbox ended by a fault of its own\nTraceback")
    assert stderr.read_bytes() == b""


def test_what_the_journal_does_not_take_is_on_stderr(tmp_path: Path) -> None:
    stderr = tmp_path / "stderr"
    say(str(tmp_path / "nobody"), stderr=stderr)
    lines = [json.loads(line) for line in stderr.read_text().splitlines()]
    assert [line["event"] for line in lines if "logger" not in line] == ["job_done", "recovered", "crashed"]
    assert "a library complains" in lines[1]["event"]


def test_without_the_journal_all_is_as_it_always_was(tmp_path: Path) -> None:
    stderr = tmp_path / "stderr"
    say(stderr=stderr, JOURNAL_STREAM="1:2")
    text = stderr.read_text()
    assert json.loads(text.splitlines()[0])["event"] == "job_done"
    assert "Traceback (most recent call last)" in text


def test_a_stderr_that_nobody_reads_keeps_nobody_waiting(tmp_path: Path) -> None:
    """When journald hangs, both ways to it are blocked; a daemon that waits there would read no documents."""
    ours, theirs = socket.socketpair()
    script = f"""
import structlog
from ocr_inbox.journal import Journal
from ocr_inbox.logs import set_up_logging
set_up_logging("info", journal=Journal({str(tmp_path / "nobody")!r}))
for number in range(5000):
    structlog.get_logger().info("job_done", key="x" * 1000)
"""
    with ours, theirs:
        finished = subprocess.run([sys.executable, "-c", script], stderr=theirs, check=False, timeout=60)
    assert finished.returncode == 0


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="there is no journalctl on this machine")
def test_journalctl_takes_the_catalog(tmp_path: Path) -> None:
    catalogs, database = tmp_path / "usr/lib/systemd/catalog", tmp_path / "var/lib/systemd/catalog"
    catalogs.mkdir(parents=True)
    database.mkdir(parents=True)
    shutil.copy(CATALOG, catalogs)
    root = f"--root={tmp_path}"
    subprocess.run(["journalctl", root, "--update-catalog"], check=True, timeout=60)
    listed = subprocess.run(["journalctl", root, "--list-catalog"], capture_output=True, text=True, check=True)
    assert {line.split()[0] for line in listed.stdout.splitlines()} == {it.id for it in MESSAGES.values()}
