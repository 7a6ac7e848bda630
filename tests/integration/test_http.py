"""The socket of the API: taken before anything else is started, or refused with what to do."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.http import HttpServer, listen, url_of
from ocr_inbox.pulse import Pulse
from running import eventually


def test_a_port_is_taken_from_the_moment_it_is_asked_for() -> None:
    """Two daemons that start at the same time must not both believe that they have it."""
    with closing(listen("127.0.0.1", 0)) as first:
        host, port = first.getsockname()
        with pytest.raises(ConfigurationError, match=r"set api\.port"):
            listen(host, port)


def test_a_port_is_free_again_at_once() -> None:
    """A client that was connected leaves the port in TIME_WAIT, and a restart does not wait for that."""
    with closing(listen("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))):
            first.accept()[0].close()
    listen("127.0.0.1", port).close()


def test_a_socket_that_is_a_file_is_served_too(tmp_path: Path) -> None:
    """A socket unit may name a file, so that its permissions say who may come in."""
    app, stop, pulse = FastAPI(), threading.Event(), Pulse()
    app.add_api_route("/livez", lambda: "alive")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "api"))
        listener.listen()
        server = HttpServer(app, [listener], 1.0, settled=lambda: True, end_waiting=lambda: None, pulse=pulse)
        thread = threading.Thread(target=server.run, args=(stop,))
        thread.start()
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(tmp_path / "api")), timeout=30) as client:
            assert client.get("http://localhost/livez").json() == "alive"
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def test_an_event_loop_that_something_holds_is_missed() -> None:
    app, stop, pulse = FastAPI(), threading.Event(), Pulse()
    reached, released = threading.Event(), threading.Event()

    async def hold() -> None:
        reached.set()
        released.wait(60)  # what no handler may do

    app.add_api_route("/hold", hold)
    with closing(listen("127.0.0.1", 0)) as listener:
        url = url_of(listener)
        server = HttpServer(app, [listener], 1.0, settled=lambda: True, end_waiting=lambda: None, pulse=pulse)
        thread = threading.Thread(target=server.run, args=(stop,))
        thread.start()
        with ThreadPoolExecutor(1) as client:
            asked = client.submit(lambda: httpx.get(f"{url}hold", timeout=60, trust_env=False).status_code)
            assert reached.wait(60)
            assert [it.whom for it in pulse.silences("http", time.monotonic() + 61)] == [""]
            released.set()
            assert asked.result() == 200
        eventually(lambda: not pulse.silences("http", time.monotonic() + 50))
        stop.set()
        thread.join(30)
