"""What was read is not read again, unless something is different now."""

import os
from pathlib import Path

import pytest

from ocr_inbox.model import JobState
from pages import encoded, render_line, truncated
from running import Site, make_site, sidecar_of, sidecar_path

LINE = "Invoice 2041"
STRIP = encoded(render_line(LINE))


@pytest.fixture
def source(site: Site) -> Path:
    """A document that was read once."""
    path = site.drop(STRIP)
    assert site.once() == 0
    assert site.readings() == 1
    return path


def forget(site: Site) -> None:
    """Lose the ledger, as a new disk does."""
    for path in site.state.glob("ledger.sqlite*"):
        path.unlink()


def test_nothing_is_read_again_after_a_restart(site: Site, source: Path) -> None:
    left = sidecar_path(source).stat()
    assert site.once() == 0
    assert site.readings() == 1
    assert len(site.jobs()) == 1
    assert os.path.samestat(sidecar_path(source).stat(), left)


def test_nothing_is_read_again_without_the_ledger(site: Site, source: Path) -> None:
    left = sidecar_path(source).read_bytes()
    forget(site)
    assert site.once() == 0
    assert site.readings() == 1
    assert site.job().state is JobState.DONE
    assert sidecar_path(source).read_bytes() == left


def test_another_configuration_reads_again_what_the_ledger_does_not_know(site: Site, source: Path) -> None:
    digest = sidecar_of(source)["engine"]["config_digest"]
    forget(site)
    other = make_site(site.folder, text={"least_score": 0.3})
    assert other.once() == 0
    assert other.readings() == 2
    assert sidecar_of(source)["engine"]["config_digest"] != digest


def test_a_file_that_is_moved_back_from_the_failed_folder_is_read_again(tmp_path: Path) -> None:
    """`mv` keeps inode, size and modification time: only the change time tells."""
    site = make_site(tmp_path, inboxes=[{"after_failure": "move"}])
    source = site.drop(truncated(STRIP))
    assert site.once() == 65
    (site.inbox / "failed/text/scan.png").rename(source)
    assert site.once() == 65
    assert [(job.state, job.code) for job in site.jobs_of("text/scan.png")] == [(JobState.BURIED, "unreadable")] * 2
