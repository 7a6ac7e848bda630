"""What a client of the API does and expects, for tests."""

import json
import re
import socket
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import httpx
import jsonschema

from api_daemon import PNG

TEXT = "/api/v1/ocr/text"
SIDECARS = jsonschema.Draft202012Validator(
    json.loads(files("ocr_inbox").joinpath("sidecar.schema.json").read_text(encoding="utf-8"))
)


def upload(
    client: httpx.Client,
    content: bytes = PNG,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> httpx.Response:
    return client.post(TEXT, files={"file": ("scan.png", content)}, data=form, headers=headers)


def the_failure(response: httpx.Response, status: int, error: str) -> Any:
    """The body, once it is certain that it has the one shape of failures."""
    body = response.json()
    assert (response.status_code, body["success"], body["error"], body["code"]) == (status, False, error, status)
    assert re.fullmatch("[a-z_]+", body["error_code"])
    assert not set(body) - {"success", "error", "code", "detail", "error_code"}
    return body


def part(name: str, content: bytes, *headers: bytes) -> bytes:
    disposition = b'Content-Disposition: form-data; name="%s"' % name.encode()
    return b"--frontier\r\n" + b"\r\n".join((disposition, *headers)) + b"\r\n\r\n" + content + b"\r\n"


def multipart(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--frontier--\r\n"


def post_raw(
    client: httpx.Client, body: bytes | Iterator[bytes], kind: str = "multipart/form-data; boundary=frontier"
) -> httpx.Response:
    return client.post(TEXT, content=body, headers={"Content-Type": kind})


def headers_only(client: httpx.Client, size: str, start: bytes = b"", *, path: str = TEXT) -> bytes:
    """What the server says to a client that keeps its body back."""
    where = (client.base_url.host, client.base_url.port or 0)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=frontier\r\n{size}\r\n\r\n"
    with socket.create_connection(where, timeout=10) as connection:
        connection.sendall(head.encode() + start)
        answer = b""
        while b'"error_code"' not in answer:
            piece = connection.recv(65536)
            assert piece, answer
            answer += piece
        return answer
