"""Documents that are dropped into folders and uploaded, and what is left of them."""

from dataclasses import dataclass
from typing import Any

import pytest

from ocr_inbox.model import JobState
from pages import LINES, encoded, render_line, render_page, truncated
from running import Daemon, eventually, sidecar_of, sidecar_path, valid

LINE = "Invoice 2041"
STRIP = encoded(render_line(LINE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """The same page, dropped and uploaded."""

    sidecar: dict[str, Any]
    answer: dict[str, Any]


@pytest.fixture(scope="module")
def both(standing: Daemon) -> Both:
    page = encoded(render_page(LINES))
    source = standing.site.drop(page, "text/page.png")
    response = standing.post(page)
    assert response.status_code == 200, response.text
    return Both(sidecar=standing.wait_for_sidecar(source), answer=valid(response.text))


def test_a_dropped_page_gets_a_sidecar_with_every_line(both: Both) -> None:
    assert both.sidecar["result"]["text"].splitlines() == list(LINES)
    assert both.sidecar["status"] == "ok"
    assert (both.sidecar["source"]["inbox"], both.sidecar["source"]["key"]) == ("inbox", "text/page.png")


def test_an_upload_gets_what_a_dropped_page_gets(both: Both) -> None:
    assert both.answer["result"] == both.sidecar["result"]
    for same in ("schema", "success", "status", "pipeline", "engine"):
        assert both.answer[same] == both.sidecar[same]
    assert both.answer["source"]["sha256"] == both.sidecar["source"]["sha256"]


def test_a_new_inbox_has_a_folder_for_each_pipeline(standing: Daemon) -> None:
    assert {path.name for path in standing.site.inbox.iterdir() if path.is_dir()} >= {"text", "table", "document"}


def test_a_rule_for_markdown_leaves_markdown_too(standing: Daemon) -> None:
    source = standing.site.drop(STRIP, "memo.png", inbox="notes")
    assert standing.wait_for_sidecar(source)["result"]["text"] == LINE
    assert source.with_name("memo.png.ocr.md").read_text(encoding="utf-8") == f"{LINE}\n"


def test_what_was_read_is_archived_and_its_sidecar_stays(standing: Daemon) -> None:
    source = standing.site.drop(STRIP, "text/2025/kept.png", inbox="shelf")
    assert standing.wait_for_job("text/2025/kept.png").state is JobState.DONE
    assert sidecar_of(source)["result"]["text"] == LINE
    assert not source.exists()
    assert (standing.site.folder / "shelf/archive/text/2025/kept.png").read_bytes() == STRIP


def test_what_was_read_can_be_deleted(standing: Daemon) -> None:
    source = standing.site.drop(STRIP, "text/sunk.png", inbox="sink")
    assert standing.wait_for_job("text/sunk.png").state is JobState.DONE
    assert sidecar_of(source)["result"]["text"] == LINE
    assert not source.exists()


def test_what_was_given_up_is_moved_with_the_sidecar_that_says_why(standing: Daemon) -> None:
    broken = truncated(STRIP)
    source = standing.site.drop(broken, "text/broken.png", inbox="shelf")
    assert standing.wait_for_job("text/broken.png").state is JobState.BURIED
    moved = standing.site.folder / "shelf/failed/text/broken.png"
    assert moved.read_bytes() == broken
    assert sidecar_of(moved)["error_code"] == "unreadable"
    assert not source.exists()
    assert not sidecar_path(source).exists()


def test_a_corrected_document_gets_another_sidecar(standing: Daemon) -> None:
    source = standing.site.drop(STRIP, "text/corrected.png")
    assert standing.wait_for_sidecar(source)["result"]["text"] == LINE
    standing.site.drop(encoded(render_line("Invoice 2042")), "text/corrected.png")
    eventually(lambda: sidecar_of(source)["result"]["text"] == "Invoice 2042")


def test_an_output_is_never_taken_for_a_document(standing: Daemon) -> None:
    """The folder of the rule that takes everything."""
    standing.wait_for_sidecar(standing.site.drop(STRIP, "once.png", inbox="notes"))
    standing.wait_for_scan("notes")
    keys = {job.document.key for job in standing.site.jobs()}
    assert not {key for key in keys if key.endswith((".json", ".md"))}
