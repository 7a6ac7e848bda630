"""A document of many pages: a crash costs one window of them, a page that brings its reader down only itself."""

import signal
from pathlib import Path

from ocr_inbox.model import JobState
from pages import render_line, tiff_of
from running import eventually, make_site, sidecar_of

PAGES = 41
WINDOW = 4
POISONOUS_WIDTH = 200


def test_a_killed_daemon_reads_only_the_windows_that_were_not_finished(tmp_path: Path) -> None:
    site = make_site(tmp_path, text={"readers": 1, "window_pages": WINDOW})
    source = site.drop(tiff_of([render_line(f"Page {number} of {PAGES}") for number in range(PAGES)]), "text/long.tif")
    with site.serving() as daemon:
        eventually(lambda: site.jobs() and site.job("text/long.tif").pages_done >= PAGES // 2)
        daemon.stop(signal.SIGKILL)
    kept, read = site.job("text/long.tif").pages_done, site.readings()
    assert read <= kept + WINDOW
    assert site.once() == 0
    job = site.job("text/long.tif")
    assert (job.state, job.pages, job.pages_done, job.attempts) == (JobState.DONE, PAGES, PAGES, 2)
    assert site.readings() - read == PAGES - kept
    regions = sidecar_of(source)["result"]["regions"]
    assert [region["page"] for region in regions] == list(range(PAGES))
    assert [region["text"] for region in regions] == [f"Page {number} of {PAGES}" for number in range(PAGES)]


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
