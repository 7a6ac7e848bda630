"""What a running daemon does when it gets a signal."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def answered_signals(
    stop: Callable[[], None], rescan: Callable[[], None], reload: Callable[[], None]
) -> Iterator[None]:
    """SIGTERM and SIGINT stop, SIGUSR1 asks for a scan, SIGHUP for a reload; on a terminal that closes, it stops."""
    handlers = {
        signal.SIGTERM: stop,
        signal.SIGINT: stop,
        signal.SIGUSR1: rescan,
        signal.SIGHUP: stop if os.isatty(sys.stderr.fileno()) else reload,
    }
    before = {number: signal.signal(number, _ignoring(act)) for number, act in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignoring(act: Callable[[], None]) -> Callable[[object, object], None]:
    return lambda *_: act()
