"""The unit of the VL server, with a stand-in for docker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from booted_service import Service
from docker_machine import NVIDIA
from nspawn import Machine

pytestmark = pytest.mark.timeout(1200)  # the first one installs everything

UNIT = "paddle-vl-vllm.service"
ANSWERS = "/run/docker-answers"
STAND_IN = """
[Service]
Environment=PATH=/run/fake-docker:/usr/bin:/bin FAKE_DOCKER=/run/docker-answers
"""
DOCKER = """
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
"""


@pytest.fixture
def machine(service: Service) -> Iterator[Machine]:
    """Docker is there, and in the container something answers."""
    machine = service.machine
    answers = {"info": NVIDIA, "container": "c0ffee\n", "states": "running 0 0\n", "log": "Loading weights\n"}
    for name, answer in answers.items():
        machine.write(f"{ANSWERS}/{name}", answer)
    machine.write("/run/systemd/system/docker.service", DOCKER)
    machine.write(f"/run/systemd/system/{UNIT}.d/stand-in.conf", STAND_IN)
    machine.write("/run/vl-server/health", "ok")
    machine.run("systemctl", "daemon-reload")
    server = ("python3", "-m", "http.server", "--bind=127.0.0.1", "--directory=/run/vl-server", "8118")
    machine.run("systemd-run", "--unit=vl-server", *server)
    yield machine
    machine.run("systemctl", "stop", "vl-server", UNIT)


def calls(machine: Machine) -> list[str]:
    lines = Path(machine.path(f"{ANSWERS}/calls")).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("compose")]


def test_it_starts_when_the_server_answers_and_takes_it_down_when_it_stops(machine: Machine) -> None:
    machine.run("systemctl", "start", UNIT)
    assert machine.property(UNIT, "ActiveState") == "active"
    assert "compose up -d" in calls(machine)
    machine.run("systemctl", "stop", UNIT)
    assert calls(machine)[-1] == "compose down"
