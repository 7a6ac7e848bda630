"""Somebody for stores to post their events to, who keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from ocr_inbox.hearing.events import parse
from ocr_inbox.objects import ObjectName

AWKWARD = ["in/a b+c.png", "in/%2B%20.jpg", "in/ünï/📄.png", "in/new\nline.png", 'in/q"uote\\.png', "in/" + "x" * 200]


class Posted:
    """The bodies that a store posted."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.bodies: list[bytes] = []

    def objects(self) -> set[ObjectName]:
        """Those that were said to be new."""
        return {name for body in self.bodies for name in parse(body).objects}


@contextmanager
def receiving() -> Iterator[Posted]:
    """Whatever is posted meanwhile is kept and answered."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self._say()

        def do_HEAD(self) -> None:
            self._say()

        def _say(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        posted = Posted(server.server_address[1])
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield posted
        finally:
            server.shutdown()
            thread.join()
