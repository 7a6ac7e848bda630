"""What the service manager is told (sd_notify): it sees whether we are ready, alive, reloading or stopping."""

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass

_PATIENCE_SECONDS = 1.0
"""The service manager reads at once; where it hangs, we go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceManager:
    """Whom to tell, None where nobody wants to know; `watchdog_seconds` is how long we may be silent."""

    address: str | None = None
    watchdog_seconds: float | None = None

    @property
    def listens(self) -> bool:
        """Whether anybody wants to know."""
        return self.address is not None

    def tell(self, *lines: str) -> bool:
        """Whether it was taken; with nobody to tell it is."""
        if self.address is None:
            return True
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(_PATIENCE_SECONDS)
            out.sendto("\n".join(lines).encode(errors="backslashreplace"), self.address)
            return True
        return False


def ready() -> tuple[str, ...]:
    """We serve; after a reload, with the new configuration."""
    return "READY=1", f"MAINPID={os.getpid()}"


def reloading() -> tuple[str, ...]:
    """We read the configuration; the time lets the service manager tell this reload from an earlier one."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"


def status(text: str) -> str:
    """What `systemctl status` shows, on one line."""
    return "STATUS=" + " ".join(text.split())


def service_manager(environment: MutableMapping[str, str], pid: int) -> ServiceManager:
    """The one that this environment tells of; the variables are taken out, so that no child speaks in our name.

    Addresses are paths, or abstract with @ in front; others are not for us.
    """
    address = environment.pop("NOTIFY_SOCKET", "")
    patience = environment.pop("WATCHDOG_USEC", "")
    meant = environment.pop("WATCHDOG_PID", str(pid)) == str(pid)
    if address[:1] not in ("/", "@"):
        return ServiceManager()
    return ServiceManager(
        address="\0" + address[1:] if address.startswith("@") else address,
        watchdog_seconds=int(patience) / 1e6 if meant and patience.isdecimal() and int(patience) else None,
    )
