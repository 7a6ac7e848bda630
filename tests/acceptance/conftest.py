"""Fixtures of the acceptance tests: the installed command, real models, real signals."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from running import Daemon, Site, make_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A configuration of one's own; nothing runs on it yet."""
    return make_site(tmp_path)


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon for tests that use names of their own in it."""
    site = make_site(
        tmp_path_factory.mktemp("standing"),
        inboxes=[
            {},
            {"name": "shelf", "folder": "shelf", "after": "archive", "after_failure": "move"},
            {"name": "sink", "folder": "sink", "after": "delete"},
            {
                "name": "notes",
                "folder": "notes",
                "rules": [{"match": "**", "pipeline": "text", "outputs": ["markdown"]}],
            },
        ],
        retry={"attempts": 2},
        limits={"pdf_dpi": 100},
    )
    with site.serving() as daemon:
        yield daemon
