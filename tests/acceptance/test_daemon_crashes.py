"""The crash table of docs/architecture.md, line by line: SIGKILL at the exact point, then another start."""

from pathlib import Path

import httpx
import pytest

from ocr_inbox.model import JobState
from pages import encoded, render_line
from running import Site, eventually, make_site, sidecar_of, sidecar_path

LINE = "Invoice 2041"
PAGE = encoded(render_line(LINE))
KILLED = -9
POISONOUS_WIDTH = 200


def crashed_at(site: Site, place: str) -> None:
    assert site.once(DIE_AT=place) == KILLED


def read_at_the_next_start(site: Site, source: Path) -> None:
    assert site.once() == 0
    assert site.job().state is JobState.DONE
    assert sidecar_of(source)["result"]["text"] == LINE


def test_an_arrival_that_was_not_noted_is_found_by_the_next_scan(site: Site) -> None:
    source = site.drop(PAGE)
    crashed_at(site, "ocr_inbox.ledger:Ledger.enqueue:before")
    assert site.jobs() == []
    read_at_the_next_start(site, source)
    assert site.job().attempts == 1
    assert site.readings() == 1


def test_an_arrival_that_was_noted_is_not_noted_again(site: Site) -> None:
    source = site.drop(PAGE)
    crashed_at(site, "ocr_inbox.ledger:Ledger.enqueue:after")
    assert site.job().state is JobState.WAITING
    read_at_the_next_start(site, source)
    assert site.job().attempts == 1
    assert site.readings() == 1


def test_a_claim_is_put_back_and_its_attempt_stays_counted(site: Site) -> None:
    source = site.drop(PAGE)
    crashed_at(site, "ocr_inbox.ledger:Ledger.claim:after")
    assert (site.job().state, site.job().attempts) == (JobState.RUNNING, 1)
    read_at_the_next_start(site, source)
    assert site.job().attempts == 2
    assert site.readings() == 1


def test_a_sidecar_that_was_not_noted_says_itself_that_it_is_done(site: Site) -> None:
    source = site.drop(PAGE)
    crashed_at(site, "ocr_inbox.ledger:Ledger.note_sidecar:before")
    left = sidecar_path(source).read_bytes()
    assert site.job().sidecar is None
    read_at_the_next_start(site, source)
    assert site.readings() == 1
    assert sidecar_path(source).read_bytes() == left


def test_after_the_note_only_the_archive_is_left_to_do(tmp_path: Path) -> None:
    site = make_site(tmp_path, inboxes=[{"after": "archive"}])
    source = site.drop(PAGE)
    crashed_at(site, "ocr_inbox.folder.inbox:FolderInbox.archive:before")
    left = sidecar_path(source).read_bytes()
    assert source.exists()
    read_at_the_next_start(site, source)
    assert site.readings() == 1
    assert sidecar_path(source).read_bytes() == left
    assert not source.exists()
    assert (site.inbox / "archive/text/scan.png").read_bytes() == PAGE


def test_after_the_archive_only_the_finish_is_left_to_do(tmp_path: Path) -> None:
    site = make_site(tmp_path, inboxes=[{"after": "archive"}])
    source = site.drop(PAGE)
    crashed_at(site, "ocr_inbox.ledger:Ledger.finish:before")
    assert not source.exists()
    assert site.job().state is JobState.RUNNING
    read_at_the_next_start(site, source)
    assert site.readings() == 1
    assert [path.name for path in (site.inbox / "archive/text").iterdir()] == ["scan.png"]


def archived_once(site: Site, archive: Path, place: str) -> None:
    source = site.drop(PAGE)
    crashed_at(site, f"ocr_inbox.moving:{place}")
    read_at_the_next_start(site, source)
    assert site.readings() == 1
    assert not source.exists()
    assert {path.name: path.read_bytes() for path in (archive / "text").iterdir()} == {"scan.png": PAGE}


@pytest.mark.parametrize("place", ["_renameat2:before", "_renameat2:after"])
def test_a_move_that_was_cut_short_leaves_one_file(tmp_path: Path, place: str) -> None:
    archived_once(make_site(tmp_path, inboxes=[{"after": "archive"}]), tmp_path / "inbox/archive", place)


@pytest.mark.parametrize("place", ["_renameat2:before:2", "_remove_original:before", "_remove_original:after"])
def test_a_move_to_another_file_system_that_was_cut_short_leaves_one_file(
    tmp_path: Path, another_file_system: Path, place: str
) -> None:
    site = make_site(tmp_path, inboxes=[{"after": "archive", "archive": str(another_file_system)}])
    archived_once(site, another_file_system, place)


def test_a_document_that_the_daemon_keeps_dying_of_is_buried(tmp_path: Path) -> None:
    site = make_site(tmp_path, retry={"attempts": 2})
    poison, other = site.drop(PAGE), None
    for _ in range(2):
        crashed_at(site, "ocr_inbox.processes:ProcessReaders.read:before")
        other = other or site.drop(PAGE, "text/other.png")
    assert site.once() == 65
    assert (site.job().state, site.job().code) == (JobState.BURIED, "crashed")
    assert sidecar_of(poison)["error_code"] == "crashed"
    assert site.job("text/other.png").state is JobState.DONE


def test_a_page_that_the_engine_dies_of_is_buried_and_all_others_are_read(tmp_path: Path) -> None:
    site = make_site(tmp_path, retry={"attempts": 2})
    poison = site.drop(encoded(render_line("Poison", width=POISONOUS_WIDTH)))
    others = [site.drop(PAGE, f"text/other-{number}.png") for number in range(3)]
    assert site.once(CRASH_AT_WIDTH=str(POISONOUS_WIDTH)) == 65
    assert (site.job().state, site.job().code, site.job().attempts) == (JobState.BURIED, "crashed", 2)
    assert sidecar_of(poison)["error_code"] == "crashed"
    assert [sidecar_of(other)["status"] for other in others] == ["ok"] * 3
    assert len(site.events("reader_replaced")) == 2


def test_an_upload_that_was_stored_but_not_noted_goes_when_results_go(tmp_path: Path) -> None:
    site = make_site(tmp_path, api={"keep_results_hours": 0.0001})
    with (
        site.serving(DIE_AT="ocr_inbox_api.uploads:Upload.seal:after") as daemon,
        pytest.raises(httpx.TransportError),
    ):
        daemon.post(PAGE)
    (stray,) = (site.state / "uploads").iterdir()
    with site.serving():
        eventually(lambda: not stray.exists())
    assert site.jobs() == []
