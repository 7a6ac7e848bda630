"""A document of many pages: every page right, memory flat, and a crash costs only the windows that it cut short."""

from pathlib import Path

import psutil
import pytest

from ocr_inbox.model import JobState
from pages import pdf_of, render_line, tiff_of
from running import Daemon, Site, make_site, sidecar_of

PAGES = 120
WINDOW = 4
LINES = [f"Page {number} of {PAGES}" for number in range(PAGES)]
DPI = 150
KILLED = -9
POISONOUS_WIDTH = 200
MB = 10**6
MOST_GROWTH, MOST_OF_A_READER = 20 * MB, 1200 * MB


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return pdf_of([render_line(line) for line in LINES], dpi=DPI)


def long_site(folder: Path) -> Site:
    return make_site(
        folder, text={"readers": 2, "threads": 1, "window_pages": WINDOW}, limits={"pdf_dpi": DPI, "max_pages": PAGES}
    )


def demand_every_page(source: Path) -> None:
    """Each in its place, with its own text."""
    sidecar = sidecar_of(source)
    assert (sidecar["status"], sidecar["source"]["pages"]) == ("ok", PAGES)
    regions = sidecar["result"]["regions"]
    assert [(region["page"], region["text"]) for region in regions] == list(enumerate(LINES))


def most_memory(process: psutil.Process) -> int:
    """The most bytes that a process ever had resident."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def most_memory_of_readers(daemon: Daemon) -> int:
    return max(most_memory(child) for child in psutil.Process(daemon.process.pid).children(recursive=True))


def test_every_page_of_a_long_document_is_right_and_memory_stays_flat(tmp_path: Path, pdf: bytes) -> None:
    with long_site(tmp_path).serving() as daemon:
        control = psutil.Process(daemon.process.pid)
        daemon.wait_for_sidecar(daemon.site.drop(tiff_of([render_line("Warm")] * 9), "text/warm.tif"))
        before, peak_before = control.memory_info().rss, most_memory(control)
        source = daemon.site.drop(pdf, "text/long.pdf")
        daemon.wait_for_sidecar(source)
        grown, peak = control.memory_info().rss - before, most_memory(control) - peak_before
        readers = most_memory_of_readers(daemon)
        job = daemon.wait_for_job("text/long.pdf")

    demand_every_page(source)
    assert (job.state, job.pages, job.pages_done) == (JobState.DONE, PAGES, PAGES)
    assert max(grown, peak) < MOST_GROWTH
    assert readers < MOST_OF_A_READER
    assert daemon.site.events("reader_replaced") == []


def test_a_daemon_that_is_killed_at_page_60_reads_only_the_unfinished_windows_again(tmp_path: Path, pdf: bytes) -> None:
    site = long_site(tmp_path)
    source = site.drop(pdf, "text/long.pdf")
    windows = 1 + (PAGES // 2) // WINDOW  # the first has one page
    assert site.once(DIE_AT=f"ocr_inbox.ledger:Ledger.note_window:after:{windows}") == KILLED
    kept, read = site.pages_kept(), site.pages_read()
    assert len(kept) == site.job("text/long.pdf").pages_done == PAGES // 2 + 1
    assert len(read) <= len(kept) + 2 * WINDOW

    assert site.once() == 0
    demand_every_page(source)
    job = site.job("text/long.pdf")
    assert (job.state, job.pages, job.pages_done, job.attempts) == (JobState.DONE, PAGES, PAGES, 2)
    assert sorted(site.pages_read()[len(read) :]) == sorted(set(range(PAGES)) - set(kept))


def test_a_page_that_crashes_its_reader_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    site = make_site(tmp_path, text={"readers": 1, "window_pages": WINDOW})
    frames = [render_line(f"Page {number}") for number in range(7)]
    frames[3] = render_line("Page 3", width=POISONOUS_WIDTH)
    source = site.drop(tiff_of(frames), "text/long.tif")
    assert site.once(CRASH_AT_WIDTH=str(POISONOUS_WIDTH)) == 0
    sidecar = sidecar_of(source)
    assert sidecar["status"] == "partial"
    assert [(page["page"], page["error_code"]) for page in sidecar["failed_pages"]] == [(3, "crashed")]
    assert [region["page"] for region in sidecar["result"]["regions"]] == [0, 1, 2, 4, 5, 6]
