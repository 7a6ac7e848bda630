"""The way of one document: nothing is read twice, nothing is lost, and no document stops another."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from builders import a_reading
from folders import put, tree
from lanes import BOTH, ScriptedReaders, Site, read_as_told
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.errors import (
    InboxUnavailableError,
    PipelineUnavailableError,
    ReaderCrashedError,
    UnreadableDocumentError,
    UnsupportedTypeError,
)
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from ocr_inbox.ports import Outcome
from ocr_inbox.reading import PageFailure, Window

pytestmark = pytest.mark.timeout(30)


def test_a_document_is_read_delivered_archived_and_done(site: Site) -> None:
    site.archiving().drop("text/a.png", outputs=BOTH)
    (job,) = site.serve()
    assert (job.state, job.attempts, job.code) == (JobState.DONE, 1, None)
    assert job.sidecar == (site.root / "text/a.png.ocr.json").as_uri()
    assert (job.pages, job.pages_done) == (1, 1)
    assert sorted(tree(site.root)) == ["text/a.png.ocr.json", "text/a.png.ocr.md"]
    assert tree(site.root.parent / "archive") == {"text/a.png": b"pixels"}
    assert site.sidecar("text/a.png")["engine"]["config_digest"] == "c0ffee"


def test_a_failed_archive_does_not_repeat_the_reading(site: Site) -> None:
    archive = put(site.root.parent, "archive", b"a file where the folder should be")
    (job,) = site.archiving().drop("a.png")
    (waiting,) = site.serve()
    assert (waiting.state, waiting.code, waiting.attempts_allowed) == (JobState.WAITING, "inbox_unavailable", 4)
    assert waiting.sidecar is not None
    before = site.sidecar("a.png")
    archive.unlink()
    site.clock.now += 60
    (done,) = site.serve()
    assert (done.state, done.id) == (JobState.DONE, job.id)
    assert (len(site.readers.asked), site.sidecar("a.png")) == (1, before)
    assert tree(archive) == {"a.png": b"pixels"}


def test_a_source_that_changes_while_it_is_read_is_let_go(site: Site) -> None:
    def read_and_rewrite(window: Window) -> Outcome:
        outcome = read_as_told(window)
        put(site.root, "a.png", b"something else")
        return outcome

    site.readers.script["a.png"] = [read_and_rewrite]
    site.archiving().drop("a.png")
    (job,) = site.serve()
    assert (job.state, job.code) == (JobState.SKIPPED, "superseded")
    assert tree(site.root.parent)["scans/a.png"] == b"something else"
    assert not (site.root / "a.png.ocr.json").exists()


def test_a_source_that_vanished_is_let_go_without_a_reader(site: Site) -> None:
    site.drop("a.png", "b.png")
    (site.root / "a.png").unlink()
    gone, read = site.serve(2)
    assert (gone.state, gone.code) == (JobState.SKIPPED, "vanished")
    assert read.state is JobState.DONE
    assert [window.source.path for window in site.readers.asked] == ["b.png"]


def test_when_the_world_is_at_fault_the_job_waits_and_no_attempt_is_used_up(site: Site) -> None:
    site.readers.script["a.png"] = [InboxUnavailableError("cannot read a.png: input/output error")] * 5
    site.drop("a.png")
    for attempt in range(1, 6):
        (job,) = site.serve()
        assert (job.state, job.code, job.attempts) == (JobState.WAITING, "inbox_unavailable", attempt)
        assert job.attempts_allowed - job.attempts == 3
        assert job.not_before > site.clock.now
        site.clock.now += 60
    assert site.serve()[0].state is JobState.DONE


def test_a_document_that_fails_every_time_is_buried_and_whoever_dropped_it_is_told(site: Site) -> None:
    site.readers.script["a.png"] = [ReaderCrashedError("cannot read it: its reader died")] * 3
    site.archiving().drop("a.png", "b.png")
    outcomes = []
    for several in (2, 1, 1):
        outcomes += [(job.document.key, job.state.value, job.attempts) for job in site.serve(several)]
        site.clock.now += 60
    assert outcomes == [
        ("a.png", "waiting", 1),
        ("b.png", "done", 1),
        ("a.png", "waiting", 2),
        ("a.png", "buried", 3),
    ]
    failed = site.root.parent / "failed"
    assert sorted(tree(failed)) == ["a.png", "a.png.ocr.json"]
    assert b'"error_code":"crashed"' in (failed / "a.png.ocr.json").read_bytes()


def test_a_document_that_cannot_be_read_is_buried_at_once(site: Site) -> None:
    site.readers.script["a.png"] = [UnreadableDocumentError("cannot read it: it is torn")]
    site.drop("a.png")
    (job,) = site.serve()
    assert (job.state, job.code, job.attempts) == (JobState.BURIED, "unreadable", 1)
    sidecar = site.sidecar("a.png")
    assert (sidecar["status"], sidecar["error"]) == ("error", "cannot read it: it is torn")


def test_a_file_that_nobody_meant_to_be_read_is_passed_over_in_silence(site: Site) -> None:
    site.readers.script["notes.txt"] = [UnsupportedTypeError("cannot read it: it is text")]
    site.drop("notes.txt")
    (job,) = site.serve()
    assert (job.state, job.code) == (JobState.SKIPPED, "unsupported_type")
    assert list(tree(site.root)) == ["notes.txt"]


def test_a_document_with_some_failed_pages_is_delivered_and_says_which(site: Site) -> None:
    failed = (PageFailure(index=1, code="unreadable", reason="page 1 is torn"),)
    site.readers.script["a.pdf"] = [lambda _: replace(a_reading(), failed=failed)]
    site.drop("a.pdf")
    assert site.serve()[0].state is JobState.DONE
    assert (site.sidecar("a.pdf")["status"], site.sidecar("a.pdf")["failed_pages"][0]["page"]) == ("partial", 1)


def test_a_document_without_one_readable_page_is_buried(site: Site) -> None:
    failed = (PageFailure(index=0, code="unreadable", reason="page 0 is torn"),)
    site.readers.script["a.pdf"] = [lambda _: replace(a_reading(), pages=(), failed=failed)]
    site.drop("a.pdf")
    (job,) = site.serve()
    assert (job.state, job.code) == (JobState.BURIED, "unreadable")
    assert "page 0 is torn" in site.sidecar("a.pdf")["error"]


def _with_a_new_ledger(site: Site, serve: Callable[[Site], None]) -> None:
    with Database(site.root.parent / "new.sqlite") as database:
        serve(replace(site, ledger=Ledger(database, site.clock), readers=ScriptedReaders()))


def test_a_lost_ledger_does_not_have_everything_read_again(site: Site) -> None:
    site.drop("a.png")
    first = site.serve()[0].sidecar
    written = (site.root / "a.png.ocr.json").stat().st_ino

    def serve(site: Site) -> None:
        site.note("a.png")
        (job,) = site.serve()
        assert (job.state, job.sidecar) == (JobState.DONE, first)

    _with_a_new_ledger(site, serve)
    assert (site.root / "a.png.ocr.json").stat().st_ino == written


def test_another_configuration_reads_again(site: Site) -> None:
    site.drop("a.png")
    site.serve()

    def serve(site: Site) -> None:
        site.config_digest = "decade"
        site.note("a.png")
        assert site.serve()[0].state is JobState.DONE
        assert site.readers.asked[0].known_sha256 is None

    _with_a_new_ledger(site, serve)
    assert site.sidecar("a.png")["engine"]["config_digest"] == "decade"


def test_the_windows_of_a_long_document_are_joined_in_order(site: Site, chronicle: Chronicle) -> None:
    (job,) = site.drop("a.pdf", content=b"10 pages")
    progress: list[tuple[int, int | None]] = []

    def watch(_: Window) -> None:
        progress.append((chronicle.job(job.id).pages_done, chronicle.job(job.id).pages))

    site.readers.script["a.pdf"] = [watch] * 9
    (done,) = site.serve()
    assert [(window.first_page, window.page_count) for window in site.readers.asked] == [(0, 1), (1, 4), (5, 4), (9, 1)]
    assert progress == [(0, None), (1, 10), (5, 10), (9, 10)]
    assert (done.pages_done, done.pages) == (10, 10)
    assert [region["page"] for region in site.sidecar("a.pdf")["result"]["regions"]] == list(range(10))


def test_a_long_document_that_changes_between_two_windows_is_let_go(site: Site) -> None:
    """Its times may be forged, or too coarse to tell: the content of every window is compared."""
    site.readers.script["a.pdf"] = [
        read_as_told,
        lambda _: replace(a_reading(), sha256="b4" * 32, page_total=9),
    ]
    site.drop("a.pdf", content=b"9 pages")
    (job,) = site.serve()
    assert (job.state, job.code) == (JobState.SKIPPED, "superseded")
    assert not (site.root / "a.pdf.ocr.json").exists()


def test_a_window_that_brings_its_reader_down_costs_only_the_page_that_does(site: Site) -> None:
    crash = ReaderCrashedError("cannot read it: its reader died")
    site.readers.script["a.pdf"] = [read_as_told, crash, read_as_told, crash]
    site.drop("a.pdf", content=b"9 pages")
    (done,) = site.serve()
    assert (done.state, done.attempts) == (JobState.DONE, 1)
    sidecar = site.sidecar("a.pdf")
    assert (sidecar["status"], [failure["page"] for failure in sidecar["failed_pages"]]) == ("partial", [2])
    assert [region["page"] for region in sidecar["result"]["regions"]] == [0, 1, 3, 4, 5, 6, 7, 8]


def test_windows_that_were_read_before_a_failure_are_not_read_again(site: Site) -> None:
    away = PipelineUnavailableError("cannot read it now")
    site.readers.script["a.pdf"] = [read_as_told, read_as_told, away]
    site.drop("a.pdf", content=b"9 pages")
    assert [(job.state, job.code) for job in site.serve()] == [(JobState.WAITING, "pipeline_unavailable")]
    site.clock.now += 60
    assert site.serve()[0].state is JobState.DONE
    assert [window.first_page for window in site.readers.asked] == [0, 1, 5, 5]
    assert [region["page"] for region in site.sidecar("a.pdf")["result"]["regions"]] == list(range(9))


def test_windows_that_were_read_under_another_configuration_are_read_again(site: Site) -> None:
    site.readers.script["a.pdf"] = [read_as_told, read_as_told, PipelineUnavailableError("cannot read it now")]
    site.drop("a.pdf", content=b"9 pages")
    site.serve()
    site.config_digest = "decade"
    site.clock.now += 60
    assert site.serve()[0].state is JobState.DONE
    assert [window.first_page for window in site.readers.asked] == [0, 1, 5, 0, 1, 5]


def test_nothing_of_a_document_that_came_to_its_end_is_kept(site: Site, database: Database) -> None:
    site.drop("a.pdf", content=b"9 pages")
    site.serve()
    assert database.read("SELECT * FROM windows") == []


def test_one_bad_document_in_a_batch_harms_nobody(site: Site) -> None:
    site.batch = 5
    site.readers.script["b.png"] = [UnreadableDocumentError("cannot read it: it is torn")]
    site.readers.script["c.png"] = [ReaderCrashedError("cannot read it: its reader died")]
    site.drop("a.png", "b.png", "c.png", "d.png", "e.png")
    (site.root / "d.png").unlink()
    states = [job.state.value for job in site.serve(5)]
    assert states == ["done", "buried", "waiting", "skipped", "done"]


def test_a_sidecar_that_cannot_be_written_makes_the_job_wait(site: Site) -> None:
    obstacle = site.root / "a.png.ocr.json"
    obstacle.mkdir()
    site.drop("a.png")
    (job,) = site.serve()
    assert (job.state, job.code, job.sidecar) == (JobState.WAITING, "inbox_unavailable", None)
    assert "a.png" in (job.reason or "")
    obstacle.rmdir()
    site.clock.now += 60
    assert site.serve()[0].state is JobState.DONE


def test_nobody_is_buried_untold(site: Site) -> None:
    obstacle = site.root / "a.png.ocr.json"
    obstacle.mkdir()
    site.readers.script["a.png"] = [UnreadableDocumentError("cannot read it: it is torn")] * 2
    site.drop("a.png")
    assert [(job.state, job.code) for job in site.serve()] == [(JobState.WAITING, "inbox_unavailable")]
    obstacle.rmdir()
    site.clock.now += 60
    assert [(job.state, job.code) for job in site.serve()] == [(JobState.BURIED, "unreadable")]


def test_a_person_who_asks_again_gets_another_reading_whatever_lies_there(site: Site) -> None:
    (job,) = site.drop("a.png")
    site.serve()
    site.ledger.grant(job.id)
    (again,) = site.serve()
    assert (again.state, again.attempts) == (JobState.DONE, 2)
    assert [window.known_sha256 for window in site.readers.asked] == [None, None]


def test_others_have_their_turn_while_a_long_document_is_read(site: Site) -> None:
    other = site.root / "b.png.ocr.json"
    seen: list[bool] = []

    def wait_for_the_other(_: Window) -> None:
        deadline = time.monotonic() + 20
        while not other.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        seen.append(other.exists())

    site.hands = 2
    site.readers.script["a.pdf"] = [read_as_told, wait_for_the_other]
    site.drop("a.pdf", content=b"9 pages")
    site.clock.now += 1
    site.drop("b.png")
    assert {job.document.key for job in site.serve(2)} == {"a.pdf", "b.png"}
    assert seen == [True]
