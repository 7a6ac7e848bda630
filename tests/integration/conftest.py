"""Fixtures of the integration tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_daemon import Daemon, serving


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
