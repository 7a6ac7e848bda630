"""The socket of the API: taken before anything else is started, or refused with what to do."""

import socket
from contextlib import closing

import pytest

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.http import listen


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
