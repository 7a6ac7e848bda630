"""What was read is not read again, unless something is different now."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ocr_inbox.model import JobState
from pages import encoded, render_line, truncated
from running import Daemon, Site, make_site, sidecar_of, sidecar_path

STRIP = encoded(render_line("Invoice 2041"))


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site whose only document was read."""
    site = make_site(tmp_path_factory.mktemp("read-once"))
    site.drop(STRIP)
    assert site.once() == 0
    assert site.readings() == 1
    return site


@pytest.fixture
def without_ledger(read_once: Site, tmp_path: Path) -> Site:
    """The same on another machine: the files were copied, what the daemon remembers was not."""
    folder = tmp_path / "copy"
    shutil.copytree(read_once.folder, folder, ignore=shutil.ignore_patterns("state"))
    return replace(read_once, folder=folder)


def source_of(site: Site) -> Path:
    return site.inbox / "text/scan.png"


def test_nothing_is_read_again_after_a_restart(read_once: Site) -> None:
    left = sidecar_path(source_of(read_once)).stat()
    assert read_once.once() == 0
    assert read_once.readings() == 1
    assert len(read_once.jobs()) == 1
    assert os.path.samestat(sidecar_path(source_of(read_once)).stat(), left)


def test_nothing_is_read_again_without_the_ledger(without_ledger: Site) -> None:
    left = sidecar_path(source_of(without_ledger)).read_bytes()
    assert without_ledger.once() == 0
    assert without_ledger.readings() == 1
    assert without_ledger.job().state is JobState.DONE
    assert sidecar_path(source_of(without_ledger)).read_bytes() == left


def test_another_configuration_reads_again_what_the_ledger_does_not_know(without_ledger: Site) -> None:
    digest = sidecar_of(source_of(without_ledger))["engine"]["config_digest"]
    other = make_site(without_ledger.folder, text={"least_score": 0.3})
    assert other.once() == 0
    assert other.readings() == 2
    assert sidecar_of(source_of(other))["engine"]["config_digest"] != digest


def test_a_file_that_is_moved_back_from_the_failed_folder_is_read_again(standing: Daemon) -> None:
    """`mv` keeps inode, size and modification time: only the change time tells."""
    key = "text/moved-back.png"
    source = standing.site.drop(truncated(STRIP), key, inbox="shelf")
    standing.wait_for_job(key)
    failed = standing.site.folder / "shelf/failed" / key
    failed.rename(source)
    standing.wait_for_job(key, version=2)
    assert [(job.state, job.code) for job in standing.site.jobs_of(key)] == [(JobState.BURIED, "unreadable")] * 2
    assert sidecar_of(failed.with_name("moved-back.png"))["error_code"] == "unreadable"
