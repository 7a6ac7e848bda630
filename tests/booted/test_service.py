"""The service as systemd runs it: sandboxed, steered, explained by the journal."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from booted_service import CONFIG, KEY, PORT, SCANS, SOCKET, UNIT, Service, permissions
from nspawn import Machine
from pages import encoded, render_line, truncated
from running import eventually, sidecar_path

pytestmark = pytest.mark.timeout(1200)  # the first one installs everything

LINE = "Invoice 2041"
PAGE = encoded(render_line(LINE))
HOME = "/home/ann/scans"


@pytest.fixture(scope="module")
def standing(service: Service) -> Service:
    """One that runs."""
    service.configure({"name": "home", "folder": HOME, "create": False})
    service.start()
    return service


def process_status(machine: Machine, pid: int) -> dict[str, str]:
    lines = machine.run("cat", f"/proc/{pid}/status").stdout.splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def processes(machine: Machine) -> list[int]:
    """All of the service, readers included."""
    group = machine.property(UNIT, "ControlGroup")
    found = machine.run("find", "/sys/fs/cgroup", "-path", f"*{group}/cgroup.procs", "-exec", "cat", "{}", ";").stdout
    return sorted({int(pid) for pid in found.split()})


def test_the_installed_units_are_in_order(service: Service) -> None:
    assert service.property("LoadState") == "loaded"
    units = ("ocr-inbox.service", "ocr-inbox.socket", "ocr-inbox-backup.timer")
    done = service.machine.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=one", *units)
    assert done.stderr == ""
    at_home = (
        "env",
        "XDG_RUNTIME_DIR=/run",
        "systemd-analyze",
        "--user",
        "verify",
        "--man=no",
        "--recursive-errors=one",
    )
    assert service.machine.run(*at_home, "/usr/lib/systemd/user/ocr-inbox.service").stderr == ""


def test_it_reads_in_its_sandbox_as_its_own_user(standing: Service) -> None:
    machine = standing.machine
    assert standing.read(PAGE, "scan.png")["result"]["text"] == LINE
    pids = processes(machine)
    assert len(pids) >= 3, "the daemon, the server that readers are forked from, and a reader"
    user = machine.run("id", "--user", "ocr-inbox").stdout.strip()
    for pid in pids:
        status = process_status(machine, pid)
        assert status["Uid"].split()[0] == user
        assert (status["CapEff"], status["CapBnd"]) == ("0" * 16, "0" * 16)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_all_its_processes_are_in_its_own_group_of_cgroup_v2(standing: Service) -> None:
    machine = standing.machine
    assert machine.run("stat", "--file-system", "--format=%T", "/sys/fs/cgroup").stdout == "cgroup2fs\n"
    group = machine.property(UNIT, "ControlGroup")
    assert group == f"/system.slice/{UNIT}"
    pids = machine.run("cat", f"/sys/fs/cgroup{group}/cgroup.procs").stdout.split()
    assert str(standing.main_pid()) in pids
    assert len(pids) >= 3, "the daemon, the server that readers are forked from, and a reader"


def test_neither_locale_nor_time_zone_matter(standing: Service) -> None:
    """A name in two encodings, of which one is none: in the folder, in the journal, and typed by root."""
    machine, name = standing.machine, os.fsdecode(b"r\xe9sum\xe9 \xc3\xbc.png")
    odd = ("env", "LC_ALL=C", "LANG=C", "TZ=Pacific/Apia")
    try:
        standing.set({"LC_ALL": "C", "LANG": "C", "TZ": "Pacific/Apia"})
        standing.start()
        assert standing.read(PAGE, name)["result"]["text"] == LINE
        entry = standing.wait_for_entry("EVENT=job_done", "KEY=text/r\\xe9sum\\xe9 ü.png")
        assert entry["MESSAGE"].startswith("Read text/r\\xe9sum\\xe9 ü.png in inbox scans")
        told = machine.run(*odd, "ocr-inbox", "why", f"{SCANS}/text/{name}").stdout
        assert "It was read" in told
        assert "+13" not in told
        assert "ü" in machine.run(*odd, "ocr-inbox", "jobs", "--state", "done").stdout
    finally:
        standing.set({})
        standing.start()


def test_its_sidecars_are_for_the_group_of_the_folder(standing: Service) -> None:
    source = standing.drop(PAGE, "shared.png")
    eventually(sidecar_path(source).exists)
    assert permissions(sidecar_path(source)) == "-rw-rw----"
    names = standing.machine.run("stat", "--format=%U %G", f"{SCANS}/text/shared.png.ocr.json").stdout
    assert names.split() == ["ocr-inbox", "scanners"]


def test_of_all_homes_it_sees_the_inbox_and_nothing_else(standing: Service) -> None:
    assert standing.read(PAGE, "letter.png", folder=HOME)["result"]["text"] == LINE
    seen = standing.machine.run(
        "nsenter", f"--target={standing.main_pid()}", "--mount", "--", "ls", "/home", "/home/ann"
    )
    assert seen.stdout.split() == ["/home:", "ann", "/home/ann:", "scans"]


def test_systemctl_status_says_how_it_is(standing: Service) -> None:
    standing.read(PAGE, "counted.png")
    status = eventually(lambda: "0 waiting, 0 running" in (line := standing.property("StatusText")) and line)
    assert "read" in str(status)


def test_secrets_come_as_credentials(standing: Service) -> None:
    assert standing.get("/api/v1/jobs") == 200
    assert standing.get("/api/v1/jobs", key="guessed") == 401
    folder = standing.machine.path(f"/run/credentials/{UNIT}")
    assert (folder / "secret_api-keys").read_text(encoding="utf-8").strip() == KEY
    assert json.loads(standing.machine.run("ocr-inbox", "status", "--json").stdout)["daemon"]["status"] == "healthy"


def test_while_it_is_down_root_is_told_how_things_stand_and_starts_nothing(standing: Service) -> None:
    """The socket holds the port then, and the secrets are not where the daemon found them."""
    machine = standing.machine
    standing.read(PAGE, "before.png")
    try:
        machine.run("systemctl", "stop", UNIT)
        assert json.loads(machine.run("ocr-inbox", "status", "--json").stdout)["daemon"] is None
        assert "It was read" in machine.run("ocr-inbox", "why", f"{SCANS}/text/before.png").stdout
        found = json.loads(machine.run("ocr-inbox", "doctor", "--json", check=False).stdout)
        (port, *troubles) = [finding for finding in found if finding["subject"].startswith("api")]
        assert (port["health"], troubles) == ("good", [])
        assert port["detail"].startswith(SOCKET)
        assert standing.property("ActiveState") == "inactive"
    finally:
        standing.start()


def test_the_journal_knows_why_a_document_was_given_up(standing: Service) -> None:
    standing.drop(truncated(PAGE), "broken.png")
    entry = standing.wait_for_entry("INBOX=scans", "PIPELINE=text", "EVENT=job_buried")
    assert (entry["KEY"], entry["ERROR_CODE"], entry["PRIORITY"]) == ("text/broken.png", "unreadable", "3")
    assert "broken.png" in entry["MESSAGE"]
    explained = standing.machine.run(
        "journalctl", f"--unit={UNIT}", "EVENT=job_buried", "--catalog", "--no-pager"
    ).stdout
    assert "Subject: " in explained
    assert "ocr-inbox retry" in explained


def test_a_reload_takes_over_what_it_can_and_refuses_what_cannot_work(standing: Service) -> None:
    machine, before = standing.machine, standing.main_pid()
    good, earlier = machine.path(CONFIG).read_text(encoding="utf-8"), len(standing.entries("EVENT=reloaded"))
    machine.write(CONFIG, 'log_level = "debug"\n' + good)
    machine.run("systemctl", "reload", UNIT)
    assert "log_level" in str(standing.wait_for_entry("EVENT=reloaded", after=earlier))
    machine.write(CONFIG, "nonsense = 1\n" + good)
    machine.run("systemctl", "reload", UNIT, check=False)
    assert "nonsense" in str(standing.wait_for_entry("EVENT=reload_refused"))
    machine.write(CONFIG, good)
    machine.run("systemctl", "reload", UNIT)
    standing.wait_for_entry("EVENT=reloaded", after=earlier + 1)
    assert (standing.property("ActiveState"), standing.main_pid()) == ("active", before)


ASK_WITHOUT_RETRYING = """
import sys, urllib.request
print("begun", flush=True)
statuses = set()
while sys.stdin.isatty() or not __import__("select").select([sys.stdin], [], [], 0)[0]:
    with urllib.request.urlopen("http://127.0.0.1:%d/livez", timeout=60) as answer:
        statuses.add(answer.status)
print(statuses)
"""


@contextmanager
def asking(machine: Machine) -> Iterator["subprocess.Popen[str]"]:
    """A client that asks all the time, and ends with the first request that fails."""
    command = machine.enter(sys.executable, "-c", ASK_WITHOUT_RETRYING % PORT, namespaces=["--net"])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "begun\n"
        yield client
        told, _ = client.communicate("end\n", timeout=60)
        assert (client.returncode, told) == (0, "{200}\n")


def test_nobody_is_refused_during_a_restart(standing: Service) -> None:
    before = standing.main_pid()
    with asking(standing.machine):
        standing.machine.run("systemctl", "restart", UNIT)
    assert standing.main_pid() != before
    assert standing.machine.property(SOCKET, "ActiveState") == "active"


def test_the_backup_unit_adds_a_copy(standing: Service) -> None:
    standing.machine.run("systemctl", "start", "ocr-inbox-backup.service")
    (copy,) = standing.machine.path("/var/lib/ocr-inbox/backups").glob("ledger-*.sqlite")
    assert permissions(copy) == "-rw-------"
