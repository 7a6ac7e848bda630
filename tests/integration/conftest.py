"""Fixtures of the integration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_daemon import Daemon, serving
from folders import a_folder_inbox
from lanes import Site
from ledgers import Clock
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from stores import Store
from vl_stand_in import StandIn, standing_in


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


@pytest.fixture
def chronicle(database: Database) -> Chronicle:
    return Chronicle(database)


@pytest.fixture
def site(tmp_path: Path, ledger: Ledger, clock: Clock) -> Site:
    """A folder, a ledger, and the lane between them."""
    root = tmp_path / "scans"
    root.mkdir()
    return Site(root, a_folder_inbox(root), ledger, clock)


@pytest.fixture(params=["bucket", "minio_bucket", "sqs_bucket"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty bucket on SeaweedFS, on MinIO's front end, and on an emulator of AWS, which takes all keys."""
    found: Store = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon of one's own, its reader reading everything."""
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon for tests that leave nothing behind in it."""
    with serving(tmp_path_factory.mktemp("standing")) as running:
        yield running


@pytest.fixture(scope="session")
def _vl_server() -> Iterator[StandIn]:
    with standing_in() as server:
        yield server


@pytest.fixture
def vl_server(_vl_server: StandIn) -> StandIn:
    """The stand-in for the PaddleOCR-VL server: it is well and has forgotten what was asked before."""
    _vl_server.tell()
    return _vl_server
