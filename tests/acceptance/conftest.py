"""Fixtures of the acceptance tests: the installed command, real models, real signals."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from model_cache import ready_models_of
from running import Daemon, Site, eventually, make_site
from vl_stand_in import standing_in

if find_spec("schemathesis") is None:  # it wants Python 3.11
    collect_ignore = ["test_http_fuzz.py"]


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


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with all three pipelines and a VL server, for tests of its API."""
    with standing_in() as server:
        site = make_site(
            tmp_path_factory.mktemp("complete"),
            api={"cors_origins": ["https://your-frontend-domain.com"]},
            text={"model": "PP-OCRv5", "size": "mobile"},
            table={"readers": 1, "threads": 2, "preload": True},
            document={"server_url": server.url, "look_seconds": 0.2, "readers": 1, "layout": "off", "preload": True},
        )
        ready_models_of(site.config)
        with site.serving() as daemon:
            eventually(lambda: daemon.get("/api/v1/health").json()["status"] == "healthy")
            yield daemon
