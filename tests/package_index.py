"""A package index on this machine that misbehaves as real ones do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def stalling_index(wheel: Path) -> Iterator[str]:
    """The address of an index that sends half of its one wheel and then keeps pip waiting."""
    content, over = wheel.read_bytes(), threading.Event()
    page = f'<a href="/{wheel.name}">{wheel.name}</a>'.encode()

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_wheel = self.path.endswith(".whl")
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream" if is_wheel else "text/html")
            self.send_header("Content-Length", str(len(content if is_wheel else page)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if is_wheel else page)
            if is_wheel:
                over.wait(60)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/simple/"
        finally:
            over.set()
            server.shutdown()
            thread.join()
