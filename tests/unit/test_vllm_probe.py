"""What one look finds: real answers of a real server on a socket."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest

from ocr_inbox.errors import PipelineUnavailableError, VlUnavailableError
from ocr_inbox.vllm import ServerStatus, VllmServer
from running import free_port

MODEL = "PaddleOCR-VL-1.6-0.9B"
LISTING = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]})


class Played:
    """Its answers, which a test may change, and how often it was asked how it is."""

    def __init__(self) -> None:
        self.health = 200
        self.models = LISTING
        self.asked = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def playing(played: Played) -> Iterator[Played]:
    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            health = self.path == "/health"
            played.asked += health
            body = b"" if health else played.models.encode()
            self.send_response(played.health if health else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            pass

    with ThreadingHTTPServer(("127.0.0.1", played.port), Server) as server:
        played.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield played
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def played() -> Iterator[Played]:
    with playing(Played()) as played:
        yield played


def a_probe(url: str, model: str = MODEL, *, step: float = 1.0) -> VllmServer:
    """One whose clock goes on by `step` seconds whenever it is asked."""
    ticks = count()
    return VllmServer(url, model, clock=lambda: next(ticks) * step)


def problem_of(url: str, model: str = MODEL) -> tuple[ServerStatus, str]:
    with a_probe(url, model) as server:
        state = server.look()
    assert not state.up
    assert state.sighting.problem is not None
    return state.sighting.status, state.sighting.problem


def test_a_server_that_is_well_and_serves_the_model_is_up(played: Played) -> None:
    with a_probe(played.url) as server:
        state = server.look()
        server.demand()
    assert state.up
    assert (state.sighting.status, state.sighting.models) == (ServerStatus.RUNNING, (MODEL,))


@pytest.mark.parametrize("ending", ["", "/"])
def test_the_address_may_end_in_a_slash(played: Played, ending: str) -> None:
    with a_probe(played.url + ending) as server:
        assert server.look().up


def test_nobody_listening_is_not_reachable() -> None:
    status, problem = problem_of(f"http://127.0.0.1:{free_port()}/v1")
    assert status is ServerStatus.NOT_REACHABLE
    assert "stopped or still loading" in problem


def test_a_health_of_503_is_unhealthy(played: Played) -> None:
    played.health = 503
    status, problem = problem_of(played.url)
    assert status is ServerStatus.UNHEALTHY
    assert "503" in problem


def test_another_model_runs_but_cannot_be_used_and_the_reason_names_both(played: Played) -> None:
    status, problem = problem_of(played.url, "PaddleOCR-VL-0.9B")
    assert status is ServerStatus.RUNNING
    assert MODEL in problem
    assert "not PaddleOCR-VL-0.9B" in problem


@pytest.mark.parametrize("models", ["<html>", "[]", "{}", '{"data": [{}]}', '{"data": null}', '{"data": ["x"]}'])
def test_something_else_at_that_port_is_unhealthy_and_no_accident(played: Played, models: str) -> None:
    played.models = models
    assert problem_of(played.url)[0] is ServerStatus.UNHEALTHY


def test_an_address_that_is_none_is_a_problem_like_any_other() -> None:
    assert problem_of("http://[::1/v1")[0] is ServerStatus.UNHEALTHY


def test_what_is_demanded_from_an_absent_server_is_an_infrastructure_failure_that_says_why() -> None:
    with a_probe(f"http://127.0.0.1:{free_port()}/v1") as server, pytest.raises(VlUnavailableError) as failure:
        server.demand()
    assert isinstance(failure.value, PipelineUnavailableError)
    assert failure.value.code == "vl_unavailable"
    assert str(failure.value).startswith("cannot use the PaddleOCR-VL server: nobody answers")


def test_demands_do_not_ask_the_server_while_somebody_looks_regularly(played: Played) -> None:
    with a_probe(played.url) as server:
        for _ in range(5):
            server.demand()
    assert played.asked == 1


def test_a_demand_looks_for_itself_when_the_last_look_is_long_ago(played: Played) -> None:
    with a_probe(played.url, step=60) as server:
        server.demand()
        server.demand()
    assert played.asked == 2


def test_what_was_known_long_ago_does_not_excuse_a_server_that_is_gone_now(played: Played) -> None:
    with a_probe(played.url, step=60) as server:
        server.demand()
        played.health = 503
        with pytest.raises(VlUnavailableError):
            server.demand()


def test_a_server_that_goes_and_comes_back_is_noticed_by_the_next_looks() -> None:
    played = Played()
    with playing(played):
        pass  # now its port is known, and nobody listens
    with a_probe(played.url) as server:
        assert not server.look().up
        with playing(played):
            assert server.look().up
        assert [server.look().up for _ in range(3)] == [True, False, False]
        with playing(played):
            assert server.look().up


def test_the_proxy_of_the_environment_is_not_asked(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with a_probe(played.url) as server:
        assert server.look().up
