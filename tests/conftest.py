"""A ledger, a second file system, and the real object stores: each started once, and a bucket of one's own on each.

Who wants to kill a store starts another: `with seaweedfs.serving(tmp_path) as server`.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import hypothesis
import pytest

from ledgers import Clock
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from stores import Store, juicefs, microburst, ministack, seaweedfs
from stores.server import Server, free_ports

_SAID = "figure"


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Puts a line under the results, where CI's log has it too."""
    return partial(record_property, _SAID)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ended = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    properties = [it for report in ended if report.when == "call" for it in report.user_properties]
    said = [line for name, line in properties if name == _SAID]
    if said:
        terminalreporter.section("figures")
    for line in said:
        terminalreporter.write_line(line)


def pytest_configure() -> None:
    # Ctrl-C is ignored by what a shell runs in the background, and by all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    hypothesis.settings.register_profile("no stopwatch", deadline=None)
    hypothesis.settings.load_profile("no stopwatch")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "ledger.sqlite") as database:
        yield database


@pytest.fixture
def ledger(database: Database, clock: Clock) -> Ledger:
    return Ledger(database, clock)


@pytest.fixture(scope="session")
def _proxy_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def _seaweedfs(tmp_path_factory: pytest.TempPathFactory, _proxy_port: int) -> Iterator[Server]:
    with seaweedfs.serving(tmp_path_factory.mktemp("seaweedfs"), proxy=microburst.address(_proxy_port)) as server:
        yield server


@pytest.fixture(scope="session")
def _juicefs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with juicefs.serving(tmp_path_factory.mktemp("juicefs")) as server:
        yield server


@pytest.fixture(scope="session")
def _ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with ministack.serving(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture(scope="session")
def _microburst(tmp_path_factory: pytest.TempPathFactory, _seaweedfs: Server, _proxy_port: int) -> Iterator[Server]:
    with microburst.serving(tmp_path_factory.mktemp("microburst"), _seaweedfs.store, _proxy_port) as server:
        yield server


@pytest.fixture
def bucket(_seaweedfs: Server) -> Store:
    """An empty bucket on SeaweedFS."""
    return _seaweedfs.store.fresh()


@pytest.fixture
def minio_bucket(_juicefs: Server) -> Store:
    """An empty bucket on MinIO's front end, as JuiceFS' gateway has it: it tells of events and ignores conditions."""
    return _juicefs.store.fresh()


@pytest.fixture
def sqs_bucket(_ministack: Server) -> Store:
    """An empty bucket on ministack, whose events go to queues."""
    return _ministack.store.fresh()


@pytest.fixture
def faulty_bucket(_microburst: Server, bucket: Store) -> Iterator[Store]:
    """That `bucket` by way of a proxy which fails as it is told."""
    proxied = bucket.by_way_of(_microburst.store)
    microburst.tell(proxied)
    yield proxied
    microburst.tell(proxied)


@pytest.fixture
def another_file_system(tmp_path: Path) -> Iterator[Path]:
    folder = Path("/dev/shm") / f"ocr-inbox-elsewhere-{os.getpid()}"  # noqa: S108 - the second file system everywhere
    if not os.access(folder.parent, os.W_OK) or folder.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)
