"""How the daemon was started."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ocr_inbox.notify import ServiceManager
from ocr_inbox.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """The configuration and how to read it again, how to change the log level, and what the service manager gave."""

    settings: Settings
    reread: Callable[[], Settings]
    change_level: Callable[[str], None]
    manager: ServiceManager = field(default_factory=ServiceManager)
    sockets: Sequence[socket.socket] = ()
