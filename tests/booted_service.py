"""The installed service in a machine for tests: what is dropped into its inboxes, and what systemd makes of it."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from configurations import Keys, write_configuration
from nspawn import Finished, Machine
from running import eventually, sidecar_of, sidecar_path

UNIT = "ocr-inbox.service"
SOCKET = "ocr-inbox.socket"
CONFIG = "/etc/ocr-inbox/ocr-inbox.toml"
MODELS = "/run/models"
SCANS = "/srv/scans"
KEY = "a-key-for-tests"
PORT = 8090
SERVING = 200
_DROP_INS = "/run/systemd/system/ocr-inbox.service.d"
_KEY_FILE = "/etc/ocr-inbox/secrets/api-keys"
_KILLPOINTS = "/run/killpoints"
KILLPOINTS = (Path(__file__).with_name("acceptance") / "killpoints", _KILLPOINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The unit, and what is around it."""

    machine: Machine

    def install(self, version: str) -> Finished:
        """Put in, or upgrade to, one of the packages in /run/packages."""
        (package,) = self.machine.path("/run/packages").glob(f"ocr-inbox_{version}_*.deb")
        keeping = ("--force-confold", "--force-confdef")
        return self.machine.run("dpkg", "--install", "--no-triggers", *keeping, f"/run/packages/{package.name}")

    def configure(self, *more_inboxes: Keys, **sections: Keys) -> None:
        """Write the configuration, and the drop-in that goes with it."""
        write_configuration(
            self.machine.path(CONFIG),
            PORT,
            inboxes=[{"name": "scans", "folder": SCANS, "create": False}, *more_inboxes],
            top={"state_dir": "/var/lib/ocr-inbox"},
            models={"folder": MODELS},
            **{"api": {"key_file": "${CREDENTIALS_DIRECTORY}/secret_api-keys"}, **sections},
        )
        self.machine.write(_KEY_FILE, KEY + "\n", mode=0o600)
        paths = self.machine.run("ocr-inbox", "systemd", "paths").stdout
        self.machine.write(f"{_DROP_INS}/paths.conf", paths)
        self.machine.run("systemctl", "daemon-reload")

    def set(self, environment: Mapping[str, str], *lines: str) -> None:
        """Give the daemon an environment, and its unit other settings, for as long as nothing else is set."""
        values = [f'Environment="{name}={value}"' for name, value in environment.items()]
        hooks = [f"Environment=PYTHONPATH={_KILLPOINTS}"] if environment else []
        self.machine.write(f"{_DROP_INS}/test.conf", "\n".join(["[Service]", *hooks, *values, *lines]) + "\n")
        self.machine.run("systemctl", "daemon-reload")

    def start(self) -> None:
        """Start it anew; returns when it can read."""
        self.launch()
        eventually(lambda: self.get("/readyz") == SERVING)

    def launch(self) -> None:
        """Start it anew, whether it will ever read or not."""
        self.machine.run("systemctl", "reset-failed", UNIT, SOCKET, check=False)  # what is not loaded cannot be
        done = self.machine.run("systemctl", "restart", UNIT, check=False)
        assert done.returncode == 0, self.machine.run("journalctl", f"--unit={UNIT}", "--lines=40").stdout

    def stop(self) -> None:
        self.machine.run("systemctl", "stop", SOCKET, UNIT)

    def property(self, name: str) -> str:
        return self.machine.property(UNIT, name)

    def main_pid(self) -> int:
        return int(self.property("MainPID"))

    def wait_for_state(self, state: str) -> None:
        eventually(lambda: self.property("ActiveState") == state)

    def drop(self, content: bytes, key: str, folder: str = SCANS) -> Path:
        path = self.machine.path(f"{folder}/text/{key}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def read(self, content: bytes, key: str, folder: str = SCANS) -> dict[str, Any]:
        """The sidecar of a document that is dropped now."""
        source = self.drop(content, key, folder)
        eventually(sidecar_path(source).exists)
        return sidecar_of(source)

    def entries(self, *matches: str) -> list[dict[str, Any]]:
        """What the daemon wrote into the journal."""
        return self.machine.journal(f"--unit={UNIT}", *matches)

    def wait_for_entry(self, *matches: str, after: int = 0) -> dict[str, Any]:
        """The first entry with these fields beyond so many."""
        found = eventually(partial(self._later, after, matches))
        return found[0]

    def _later(self, after: int, matches: tuple[str, ...]) -> list[dict[str, Any]]:
        return self.entries(*matches)[after:]

    def get(self, path: str, *, key: str = KEY) -> int:
        """The status that the API answers with inside the machine."""
        asked = ("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "20")
        done = self.machine.run(*asked, "--header", f"X-API-Key: {key}", f"http://127.0.0.1:{PORT}{path}", check=False)
        return int(done.stdout or 0)


def permissions(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)
