"""The installed command for tests: sites with a configuration of their own, daemons on them, and single commands."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import httpx
import jsonschema

from configurations import Keys, write_configuration
from ocr_inbox.model import Job, JobState
from ocr_inbox.rows import job_of
from process_groups import end_group

COMMAND = Path(sys.executable).with_name("ocr-inbox")
PATIENCE = 60.0
"""Seconds; only a failing test waits that long."""

_LOOK_SECONDS = 0.03
"""Looking more often would take the processor away from what is being waited for."""
_KILLPOINTS = Path(__file__).with_name("acceptance") / "killpoints"
_SCHEMA = json.loads(files("ocr_inbox").joinpath("sidecar.schema.json").read_text(encoding="utf-8"))
_ENDED = (JobState.DONE, JobState.BURIED, JobState.SKIPPED)
_POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Without the rights of root, as a service runs; the files stay its own."""

Finished = subprocess.CompletedProcess[str]
Found = TypeVar("Found")


def eventually(look: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """What `look` finds, as soon as it finds anything."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(_LOOK_SECONDS)
    return found


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sidecar_path(source: Path) -> Path:
    return source.with_name(source.name + ".ocr.json")


def valid(text: str) -> dict[str, Any]:
    """A sidecar that is what the published schema promises."""
    content: dict[str, Any] = json.loads(text)
    jsonschema.validate(content, _SCHEMA, cls=jsonschema.Draft202012Validator)
    return content


def sidecar_of(source: Path) -> dict[str, Any]:
    return valid(sidecar_path(source).read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A configuration, with its inboxes and its state beside it."""

    folder: Path
    port: int

    @property
    def config(self) -> Path:
        return self.folder / "ocr-inbox.toml"

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def log(self) -> Path:
        return self.folder / "daemon.log"

    @property
    def ledger(self) -> Path:
        return self.state / "ledger.sqlite"

    def drop(self, content: bytes, key: str = "text/scan.png", *, inbox: str = "inbox") -> Path:
        path = self.folder / inbox / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def environment(self, **more: str) -> dict[str, str]:
        readings = {"COUNT_READINGS_IN": str(self.folder / "readings")}
        return {**os.environ, "PYTHONPATH": str(_KILLPOINTS), **readings, **more}

    def readings(self) -> int:
        """How many pages an engine was ever given."""
        return len(self.pages_read())

    def pages_read(self) -> list[int]:
        """The number in its document of each page that an engine was ever given, counted from 0, in order."""
        counter = self.folder / "readings"
        return [int(line) for line in counter.read_text(encoding="ascii").splitlines()] if counter.exists() else []

    def pages_kept(self) -> list[int]:
        """The pages of unfinished documents that need not be read again."""
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as connection:
            windows = [json.loads(content) for (content,) in connection.execute("SELECT content FROM windows")]
        return [page["index"] for window in windows for page in window["pages"]]

    def command(self, *arguments: str | Path, powerless: bool = False) -> Finished:
        """Run one command on this site to its end."""
        return run_command(*arguments, "-c", self.config, env=self.environment(), cwd=self.folder, powerless=powerless)

    def once(self, **environment: str) -> int:
        """The exit code of `run --once`; its log goes where that of the daemon does."""
        with self._started("run", "--once", environment=environment) as process:
            return process.wait(2 * PATIENCE)

    def jobs(self) -> list[Job]:
        if not self.ledger.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [job_of(row) for row in connection.execute("SELECT * FROM jobs ORDER BY id")]

    def jobs_of(self, key: str) -> list[Job]:
        """The jobs of all versions of a document."""
        return [job for job in self.jobs() if job.document.key == key]

    def job(self, key: str = "text/scan.png") -> Job:
        (job,) = self.jobs_of(key)
        return job

    def events(self, name: str) -> list[dict[str, Any]]:
        """What was logged under this name."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in events if event["event"] == name]

    @contextmanager
    def serving(self, *, powerless: bool = False, stderr: int | None = None, **environment: str) -> Iterator["Daemon"]:
        """A daemon that is ready to read."""
        with self.starting(powerless=powerless, stderr=stderr, **environment) as daemon:
            daemon.wait_until_ready()
            yield daemon

    @contextmanager
    def starting(
        self,
        *,
        powerless: bool = False,
        before: Sequence[str] = (),
        pass_fds: Sequence[int] = (),
        stderr: int | None = None,
        **environment: str,
    ) -> Iterator["Daemon"]:
        """A daemon that has just been started, by the command `before` where there is one."""
        before = (*_before(powerless=powerless), *before)
        with self._started("run", environment=environment, before=before, pass_fds=pass_fds, stderr=stderr) as process:
            yield Daemon(site=self, process=process)

    @contextmanager
    def _started(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        before: Sequence[str] = (),
        pass_fds: Sequence[int] = (),
        stderr: int | None = None,
    ) -> Iterator["subprocess.Popen[bytes]"]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*before, COMMAND, *arguments, "-c", self.config],
                env=self.environment(**environment),
                cwd=self.folder,
                stdout=log,
                stderr=log if stderr is None else stderr,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        try:
            yield process
        except BaseException:
            print(self.log.read_text(encoding="utf-8", errors="replace"))  # noqa: T201 - pytest shows it where a test fails
            raise
        finally:
            end_group(process)


def run_command(
    *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, powerless: bool = False
) -> Finished:
    return subprocess.run(
        [*_before(powerless=powerless), COMMAND, *arguments],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )


def _before(*, powerless: bool) -> Sequence[str]:
    return _POWERLESS if powerless and os.geteuid() == 0 else ()


def make_site(
    folder: Path,
    *,
    inboxes: Sequence[Keys] = ({},),
    stores: Sequence[Keys] = (),
    buckets: Sequence[Keys] = (),
    port: int | None = None,
    **sections: Keys,
) -> Site:
    """Write a configuration; `write_configuration` says what the arguments are."""
    site = Site(folder=folder, port=port or free_port())
    write_configuration(site.config, site.port, inboxes=inboxes, stores=stores, buckets=buckets, **sections)
    return site


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A running daemon."""

    site: Site
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.site.port}"

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=PATIENCE, trust_env=False)

    def post(self, content: bytes, name: str = "page.png") -> httpx.Response:
        """Upload a file to the text pipeline."""
        return httpx.post(
            f"{self.url}/api/v1/ocr/text", files={"file": (name, content)}, timeout=2 * PATIENCE, trust_env=False
        )

    def wait_until_ready(self) -> None:
        eventually(self._is_ready, 2 * PATIENCE)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"the daemon ended by itself, exit code {self.process.poll()}"
        try:
            return self.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def wait_for_sidecar(self, source: Path) -> dict[str, Any]:
        eventually(sidecar_path(source).exists)
        return sidecar_of(source)

    def wait_for_job(self, key: str = "text/scan.png", states: Sequence[JobState] = _ENDED, version: int = 1) -> Job:
        """The job of the latest of so many versions of a document, once it is in one of these states."""

        def look() -> Job | None:
            jobs = self.site.jobs_of(key)
            return jobs[-1] if len(jobs) >= version and jobs[-1].state in states else None

        found = eventually(look)
        assert found is not None
        return found

    def wait_for_scan(self, inbox: str = "inbox") -> None:
        """Everything that was there when this was called has been looked at."""
        for _ in range(2):  # the first may have begun before
            eventually(partial(self._has_scanned_since, inbox, self._last_scan(inbox)))

    def _has_scanned_since(self, inbox: str, last: Any) -> bool:
        return bool(self._last_scan(inbox) != last)

    def _last_scan(self, inbox: str) -> Any:
        return self.get("/api/v1/health").json()["inboxes"][inbox]["last_scan_at"]

    def tell(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and return its exit code."""
        self.tell(number)
        return self.process.wait(PATIENCE)
