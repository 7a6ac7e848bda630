"""The unit for one person, run by that person's own service manager."""

import pytest

from booted_service import MODELS, PORT, Service
from configurations import write_configuration
from nspawn import Finished, Machine
from pages import encoded, render_line
from running import eventually, sidecar_of, sidecar_path

pytestmark = pytest.mark.timeout(1200)  # the first one installs everything

LINE = "Invoice 2041"
HOME = "/home/eve"


def as_eve(machine: Machine, *command: str) -> Finished:
    runtime = machine.run("find", "/run/user", "-mindepth", "1", "-maxdepth", "1", "-user", "eve").stdout.strip()
    return machine.run("runuser", "--user=eve", "--", "env", f"XDG_RUNTIME_DIR={runtime}", *command)


def test_a_person_runs_it_without_root(service: Service) -> None:
    machine = service.machine
    service.stop()
    machine.run("useradd", "--create-home", "eve")
    machine.run("mkdir", "--parents", f"{HOME}/.config/ocr-inbox")
    write_configuration(
        machine.path(f"{HOME}/.config/ocr-inbox/ocr-inbox.toml"),
        PORT,
        inboxes=[{"folder": f"{HOME}/scans"}],
        top={"state_dir": "~/.local/state/ocr-inbox"},
        models={"folder": MODELS},
    )
    machine.run("chown", "--recursive", "eve:", HOME)
    machine.run("systemctl", "start", "dbus.socket", "systemd-logind.service")
    machine.run("loginctl", "enable-linger", "eve")
    eventually(lambda: machine.run("systemctl", "is-active", "user@*", check=False).stdout.strip() == "active")

    as_eve(machine, "systemctl", "--user", "enable", "--now", "ocr-inbox.service")
    source = machine.path(f"{HOME}/scans/text/page.png")
    source.write_bytes(encoded(render_line(LINE)))
    eventually(sidecar_path(source).exists)
    assert sidecar_of(source)["result"]["text"] == LINE
    owners = machine.run(
        "stat", "--format=%U", f"{HOME}/scans/text/page.png.ocr.json", f"{HOME}/.cache/ocr-inbox"
    ).stdout
    assert owners.split() == ["eve", "eve"]
    as_eve(machine, "systemctl", "--user", "disable", "--now", "ocr-inbox.service", "ocr-inbox.socket")
