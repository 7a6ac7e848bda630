"""A socket that datagrams come to, as those of journald and of a service manager are."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from running import PATIENCE


@contextmanager
def heard(address: str, listen: Callable[[socket.socket], None]) -> Iterator[None]:
    """Give what comes to this path, or abstract address with @ in front, to `listen`, in a thread of its own."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + address[1:] if address.startswith("@") else address)
        thread = threading.Thread(target=listen, args=(ear,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ear.shutdown(socket.SHUT_RD)
            thread.join(PATIENCE)
