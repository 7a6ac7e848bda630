"""Who may ask: keys and origins."""

from collections.abc import Iterator
from typing import Any, NoReturn

import httpx
import pytest

from api_client import TEXT, the_failure
from api_daemon import Daemon, served, serving
from ocr_inbox_api.parts import ApiOptions

KEYS = ApiOptions(keys=("first-key", "schlüssel"), cors_origins=("https://desk.example",))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(tmp_path_factory.mktemp("keys"), KEYS) as daemon:
        yield daemon.client


def test_everything_but_the_probes_and_the_documentation_asks_for_a_key(client: httpx.Client) -> None:
    operations = client.get("/openapi.json").json()["paths"]
    open_paths = {
        path
        for path, methods in operations.items()
        for method in methods
        if client.request(method, path.replace("{job_id}", "1")).status_code != 401
    }
    assert open_paths == {"/", "/livez", "/readyz"}
    assert client.get("/docs").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer first-key"},
        {"X-API-Key": "first-key"},
        {"X-API-Key": "schlüssel".encode()},
        {"Authorization": "Bearer wrong", "X-API-Key": "first-key"},
    ],
)
def test_either_header_may_carry_either_key(client: httpx.Client, headers: Any) -> None:
    assert client.get("/api/v1/jobs", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "first-ke"},
        {"Authorization": "Basic first-key"},
        {"Authorization": "Bearer"},
        {"X-API-Key": b"\xff\xfe"},
    ],
)
def test_no_key_and_a_wrong_key_are_the_same(client: httpx.Client, headers: Any) -> None:
    response = client.get("/api/v1/jobs", headers=headers)
    body = the_failure(response, 401, "Unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "first-key" not in body["detail"]


def test_a_browser_of_a_known_origin_may_ask_first(client: httpx.Client) -> None:
    question = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "X-API-Key"}
    known = client.options(TEXT, headers={"Origin": "https://desk.example", **question})
    unknown = client.options(TEXT, headers={"Origin": "https://evil.example", **question})
    assert known.headers["Access-Control-Allow-Origin"] == "https://desk.example"
    assert "Access-Control-Allow-Origin" not in unknown.headers


def test_without_origins_no_browser_is_answered(standing: Daemon) -> None:
    response = standing.client.get("/livez", headers={"Origin": "https://desk.example"})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_pages_of_known_origins_may_read_that_something_went_wrong(daemon: Daemon) -> None:
    def broken() -> NoReturn:
        raise LookupError("private matter")

    daemon.pipelines = broken  # type: ignore[method-assign] # what nobody foresaw
    with served(daemon, KEYS) as client:
        headers = {"Origin": "https://desk.example", "X-API-Key": "first-key"}
        response = client.get("/api/v1/health", headers=headers)
    the_failure(response, 500, "Internal error")
    assert response.headers["Access-Control-Allow-Origin"] == "https://desk.example"
