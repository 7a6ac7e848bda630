"""Work that may hang in a socket for longer than the daemon has for stopping."""

import threading
from collections.abc import Callable
from concurrent.futures import Future


def apart(name: str, work: Callable[[], None]) -> "Future[None]":
    """What becomes of `work`, in a thread that nobody has to wait for: it ends with the process at the latest."""
    future: Future[None] = Future()

    def go() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=go, name=name, daemon=True).start()
    return future
