"""The API listens where the configuration says, or on the sockets that the service manager holds for it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from ocr_inbox.activation import passed_sockets
from ocr_inbox.doors import opened_doors
from ocr_inbox.errors import ConfigurationError
from ocr_inbox.settings import ApiSettings
from running import free_port
from service_manager import passing

RECEIVING = """
import json, os
from ocr_inbox.activation import passed_sockets
from ocr_inbox.errors import ConfigurationError
try:
    sockets = passed_sockets(os.environ, os.getpid())
    found = [[it.family.name, it.getsockname(), it.get_inheritable()] for it in sockets]
except ConfigurationError as error:
    found = str(error)
print(json.dumps([found, sorted(name for name in os.environ if name.startswith("LISTEN"))]))
"""


def received(*passed: socket.socket, names: str = "") -> tuple[Any, list[str]]:
    """What a process finds that gets these sockets, and the variables that it leaves behind."""
    finished = subprocess.run(
        [*passing(*passed, names=names), sys.executable, "-c", RECEIVING],
        pass_fds=[it.fileno() for it in passed],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found, left = json.loads(finished.stdout)
    return found, left


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Sockets that lie above the numbers that are passed."""
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(open(os.devnull, "rb"))  # noqa: PTH123 - only their numbers matter
        yield stack


def a_listener(opened: ExitStack, host: str = "127.0.0.1") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return opened.enter_context(socket.create_server((host, 0), family=family))


def test_passed_sockets_are_found_and_no_child_finds_them_again(opened: ExitStack, tmp_path: Path) -> None:
    here = a_listener(opened)
    there = opened.enter_context(socket.socket(socket.AF_UNIX))
    there.bind(str(tmp_path / "api"))
    there.listen()
    found, left = received(here, there)
    assert found == [["AF_INET", list(here.getsockname()), False], ["AF_UNIX", str(tmp_path / "api"), False]]
    assert left == []


@pytest.mark.parametrize(
    "environment",
    [{}, {"LISTEN_FDS": "1"}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_PID": "7", "LISTEN_FDS": "many"}],
)
def test_sockets_for_somebody_else_are_left_alone(environment: dict[str, str]) -> None:
    assert passed_sockets(environment, 7) == []
    assert environment == {}


def test_what_cannot_be_listened_on_is_refused_by_its_name(opened: ExitStack) -> None:
    datagrams = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    unheard = opened.enter_context(socket.socket())
    for passed in (datagrams, unheard):
        found, _ = received(a_listener(opened), passed, names="api:wrong.socket")
        assert found.startswith("cannot use the socket wrong.socket that the service manager passes")


def test_what_is_no_socket_is_refused() -> None:
    finished = subprocess.run(
        ["bash", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3</dev/null', "-", sys.executable, "-c", RECEIVING],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "cannot use the socket number 1" in finished.stdout
    assert "it is no socket" in finished.stdout


def urls(api: ApiSettings, *passed: socket.socket) -> tuple[list[Any], list[str]]:
    """Where the API listens, and what is said about it."""
    with structlog.testing.capture_logs() as logs, opened_doors(api, passed) as listeners:
        found = [it.getsockname() for it in listeners]
    return found, [line["event"] for line in logs]


def test_without_a_passed_socket_the_configuration_says_where() -> None:
    port = free_port()
    assert urls(ApiSettings(port=port)) == ([("127.0.0.1", port)], [])


def test_a_passed_socket_at_the_configured_address_is_used_without_a_word(opened: ExitStack) -> None:
    passed = a_listener(opened)
    address = passed.getsockname()
    assert urls(ApiSettings(port=address[1]), passed) == ([address], [])
    assert passed.fileno() == -1, "it is closed with the door"


def test_a_passed_socket_elsewhere_is_used_and_said(opened: ExitStack) -> None:
    passed = a_listener(opened)
    address = passed.getsockname()
    assert urls(ApiSettings(port=free_port()), passed) == ([address], ["socket_elsewhere"])


def test_a_passed_socket_that_nobody_serves_is_said(opened: ExitStack) -> None:
    assert urls(ApiSettings(enabled=False), a_listener(opened)) == ([], ["socket_unused"])


def test_a_passed_socket_does_not_let_the_network_in_without_a_key(opened: ExitStack) -> None:
    """The socket unit may be open to all while the configuration means this machine only."""
    with pytest.raises(ConfigurationError, match=r"host 0\.0\.0\.0 is open to the network"):
        urls(ApiSettings(), a_listener(opened, "0.0.0.0"))  # noqa: S104 - that is what is refused
    passed = a_listener(opened, "0.0.0.0")  # noqa: S104 - and with a key it is not
    assert urls(ApiSettings(keys=("k",)), passed)[1] == ["socket_elsewhere"]


def test_a_file_lets_in_whom_its_permissions_let_in(opened: ExitStack, tmp_path: Path) -> None:
    passed = opened.enter_context(socket.socket(socket.AF_UNIX))
    passed.bind(str(tmp_path / "api"))
    passed.listen()
    assert urls(ApiSettings(), passed) == ([str(tmp_path / "api")], ["socket_elsewhere"])
