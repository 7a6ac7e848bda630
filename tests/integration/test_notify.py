"""The service manager is told over a real socket, and where there is none nobody notices."""

import os
import socket
import time
from pathlib import Path

import pytest

from ocr_inbox import notify
from ocr_inbox.notify import ServiceManager, service_manager
from service_manager import listening_manager


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@ocr-inbox-{os.getpid()}-{time.monotonic_ns()}"


def test_what_is_told_arrives_as_one_datagram(address: str) -> None:
    with listening_manager(address) as manager:
        ours = service_manager({"NOTIFY_SOCKET": address}, os.getpid())
        assert ours.tell(*notify.ready(), notify.status("two\n lines"))
        told = manager.wait_for(lambda _: True)
    assert told == {"READY": "1", "MAINPID": str(os.getpid()), "STATUS": "two lines"}


def test_a_reload_says_when_it_began() -> None:
    """Without the time, `systemctl reload` of a notify-reload unit waits until it gives up."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    lines = dict(line.split("=") for line in notify.reloading())
    assert lines["RELOADING"] == "1"
    assert before <= int(lines["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_no_child_can_speak_in_our_name() -> None:
    environment = {"NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7", "HOME": "/"}
    assert service_manager(environment, 7) == ServiceManager(address="/run/systemd/notify", watchdog_seconds=3.0)
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize(
    "environment",
    [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}, {"WATCHDOG_USEC": "3000000"}],
)
def test_without_a_socket_of_a_kind_that_we_know_there_is_nobody(environment: dict[str, str]) -> None:
    ours = service_manager(environment, 7)
    assert not ours.listens
    assert ours.watchdog_seconds is None
    assert ours.tell("READY=1")


@pytest.mark.parametrize(("patience", "pid"), [("3000000", "8"), ("0", "7"), ("", "7"), ("soon", "7")])
def test_a_watchdog_that_is_not_for_us_is_not_fed(patience: str, pid: str) -> None:
    environment = {"NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_USEC": patience, "WATCHDOG_PID": pid}
    assert service_manager(environment, 7).watchdog_seconds is None


def test_a_service_manager_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert not ServiceManager(address=str(tmp_path / "nobody")).tell("READY=1")


def test_a_service_manager_that_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        ours = ServiceManager(address=deaf.getsockname())
        began = time.monotonic()
        while ours.tell("WATCHDOG=1"):
            assert time.monotonic() - began < 30
