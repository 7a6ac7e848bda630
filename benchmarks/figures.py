"""Measuring, printing figures, and starting the installed command and the plain programs it is compared with."""

import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console
from rich.progress import track

from ocr_inbox.pipelines import plans, text_options
from ocr_inbox.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))
from model_cache import ready_models  # noqa: E402 - the line above makes it importable
from pages import LINES, encoded, render_page  # noqa: E402 - likewise

COMMAND = str(Path(sys.executable).with_name("ocr-inbox"))
ENVIRONMENT = {
    # As in any installation: bytecode is cached, and nobody asks a model hub whether it is there.
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
}
_PATIENCE = 300.0
_CONFIG = """
state_dir = "state"
log_level = "warning"
models.folder = {models}
api.port = {port}
pipelines.text.readers = {readers}
pipelines.text.threads = {threads}
limits.pdf_dpi = {pdf_dpi}
{more}
[[inboxes]]
name = "inbox"
folder = "inbox"
create = true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What a figure is compared with in the same run: a peer, or the floor below which nothing can get."""

    name: str
    samples: Sequence[float]


def report(
    figure: str,
    unit: str,
    samples: Sequence[float],
    against: Against,
    statistic: Callable[[Sequence[float]], float] = statistics.median,
) -> None:
    """Print one figure as one JSON line, the value the `statistic` of the samples; no ratio to a peer's 0."""
    value, other = statistic(samples), statistic(against.samples)
    line = {
        "figure": figure,
        "value": _short(value),
        "unit": unit,
        "min": _short(min(samples)),
        "max": _short(max(samples)),
        "n": len(samples),
        "against": {"name": against.name, "value": _short(other), "ratio": _short(value / other) if other else None},
    }
    print(json.dumps(line), flush=True)


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def percentile(percent: int) -> Callable[[Sequence[float]], float]:
    """The statistic that so many percent of the samples do not exceed."""
    return lambda samples: sorted(samples)[-(-len(samples) * percent // 100) - 1]


def rounds(count: int, what: str) -> Iterator[int]:
    """Count from 0, with a progress bar on stderr."""
    yield from track(range(count), what, console=Console(stderr=True))


def wait_until(condition: Callable[[], object], every: float = 0.005) -> None:
    """Return once the condition holds; a benchmark that waits for minutes has failed."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("cannot measure: what was waited for did not happen")
        time.sleep(every)


@contextmanager
def workplace() -> Iterator[Path]:
    """An empty folder on the disk of the checkout; folders for temporary files are often no disk at all."""
    parent = ROOT / ".benchmarks"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)


def page_files(count: int, dpi: int = 150) -> list[bytes]:
    """PNG files of different A4 pages with seven lines of text each."""
    return [encoded(render_page([f"{line} ({number})" for line in LINES], dpi=dpi)) for number in range(count)]


def tiny_file() -> bytes:
    """A PNG of a blank page of 66 x 94 pixels, which is read in no time."""
    return encoded(render_page([], dpi=8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A daemon that runs in `folder`; `ready_seconds` passed before it could take work."""

    folder: Path
    url: str
    ready_seconds: float
    control: psutil.Process

    @property
    def texts(self) -> Path:
        """Where files for the text pipeline are dropped."""
        return self.folder / "inbox" / "text"

    def reader(self) -> psutil.Process:
        """The reader process, where there is only one."""
        (reader,) = self.readers()
        return reader

    def readers(self) -> list[psutil.Process]:
        """The reader processes: the children of the server that they are forked from."""
        return [child for server in self.control.children() for child in server.children()]

    def times(self, state: str, prefix: str, pipeline: str = "text") -> list[float]:
        """When jobs whose file names begin with `prefix` came into a state, in seconds since the epoch."""
        query = (
            "SELECT at FROM transitions JOIN jobs ON jobs.id = job "
            "WHERE transitions.state = ? AND key LIKE ? ORDER BY at"
        )
        with closing(sqlite3.connect(self.folder / "state" / "ledger.sqlite", timeout=30)) as ledger:
            return [at for (at,) in ledger.execute(query, (state, f"{pipeline}/{prefix}%"))]

    def wait_for_done(self, prefix: str, count: int, every: float = 0.005, pipeline: str = "text") -> list[float]:
        """When these jobs were done, as soon as so many are."""
        wait_until(lambda: len(self.times("done", prefix, pipeline)) >= count, every)
        return self.times("done", prefix, pipeline)


@contextmanager
def daemon(
    *, readers: int = 1, threads: int = 0, pdf_dpi: int = 200, more: str = "", port: int | None = None
) -> Iterator[Daemon]:
    """The installed command, with so many readers and defaults else, from when it is ready.

    `more` is of the configuration, and begins with keys that belong to no table. Without a `port`, a free one is taken.
    """
    with workplace() as folder:
        url = _configure(folder, readers=readers, threads=threads, pdf_dpi=pdf_dpi, more=more, port=port)
        started = time.monotonic()
        with _started([COMMAND, "run", "--config", str(folder / "config.toml")]) as process:
            ready_at = _when_ready(process, f"{url}/readyz")
            control = psutil.Process(process.pid)
            yield Daemon(folder=folder, url=url, ready_seconds=ready_at - started, control=control)


def _configure(  # noqa: PLR0913 - what benchmarks want otherwise
    folder: Path, *, readers: int = 1, threads: int = 0, pdf_dpi: int = 200, more: str = "", port: int | None = None
) -> str:
    port = port or free_port()
    values = {"models": json.dumps(str(ready_models())), "port": port, "readers": readers, "threads": threads}
    config = _CONFIG.format(pdf_dpi=pdf_dpi, more=more, **values)
    (folder / "config.toml").write_text(config, encoding="utf-8")
    ready_models(*(name for plan in plans(load_settings(folder / "config.toml")) for name in plan.models))
    return f"http://127.0.0.1:{port}"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def _started(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _when_ready(process: "subprocess.Popen[str]", url: str) -> float:
    """The monotonic time at which the URL first answers 200."""
    with httpx.Client(trust_env=False) as client:

        def answers() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"cannot measure: what should serve {url} has ended ({process.returncode})")
            with suppress(httpx.TransportError):
                return client.get(url).status_code == httpx.codes.OK
            return False

        wait_until(answers, every=0.02)
    return time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A program of peers/ that runs; `ready_seconds` passed before its first word."""

    process: psutil.Process
    ready_seconds: float
    _pipes: "subprocess.Popen[str]"

    def hear(self) -> Any:
        """The next JSON line that it prints."""
        assert self._pipes.stdout is not None
        line = self._pipes.stdout.readline()
        assert line, "the peer has ended"
        return json.loads(line)

    def ask(self, question: object) -> Any:
        """What it prints after being told this JSON line."""
        assert self._pipes.stdin is not None
        print(json.dumps(question), file=self._pipes.stdin, flush=True)
        return self.hear()


@contextmanager
def peer(program: str, *arguments: str) -> Iterator[Peer]:
    """A program of peers/ in a process of its own, from when it says that it is ready."""
    started = time.monotonic()
    script = Path(__file__).parent / "peers" / f"{program}.py"
    with _started([sys.executable, str(script), *arguments]) as pipes:
        process = psutil.Process(pipes.pid)
        peer = Peer(process=process, ready_seconds=0.0, _pipes=pipes)
        peer.hear()
        yield Peer(process=process, ready_seconds=time.monotonic() - started, _pipes=pipes)


@contextmanager
def bare_engine(
    program: str, options_of: Callable[[Settings], Any], *, threads: int = 0, more: str = ""
) -> Iterator[Peer]:
    """A program of peers/ with the models, threads and options of the daemon's reader."""
    with workplace() as folder:
        _configure(folder, threads=threads, more=more)
        options = asdict(options_of(load_settings(folder / "config.toml")))
    with peer(program, json.dumps(options, default=str)) as bare:
        yield bare


def bare_paddle(threads: int = 0) -> AbstractContextManager[Peer]:
    """A bare PaddleOCR as the daemon's reader has it."""
    return bare_engine("paddle", text_options, threads=threads)


@contextmanager
def bare_server() -> Iterator[tuple[Peer, str]]:
    """A FastAPI application that says hello, and its URL."""
    port = free_port()
    with peer("hello", str(port)) as bare:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(trust_env=False) as client:
            wait_until(lambda: _says_hello(client, url))
        yield bare, url


def _says_hello(client: httpx.Client, url: str) -> bool:
    with suppress(httpx.TransportError):
        return client.get(url).is_success
    return False
