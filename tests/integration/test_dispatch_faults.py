"""When it is not the document's fault: pipelines, inboxes, the ledger and the daemon itself go and come back."""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
import structlog.testing

from lanes import ScriptedReaders, Site
from ledgers import TEXT
from ocr_inbox import database as module
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.errors import ModelsMissingError, PipelineUnavailableError, StoppingError
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from ocr_inbox.ports import Outcome
from ocr_inbox.reading import Window

pytestmark = pytest.mark.timeout(30)


def test_a_pipeline_that_cannot_open_claims_nothing_and_says_so_once(site: Site, chronicle: Chronicle) -> None:
    missing = ModelsMissingError("cannot load PP-OCRv5: run ocr-inbox models pull")
    site.readers.obstacles = [missing] * 3
    (job,) = site.drop("a.png")
    with structlog.testing.capture_logs() as logs:
        (done,) = site.serve()
    assert (done.state, done.attempts) == (JobState.DONE, 1)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["models_missing"]
    assert [line.state.value for line in chronicle.history(job.id)] == ["waiting", "running", "done"]


def test_a_pipeline_that_fails_after_the_claim_gives_all_jobs_back(site: Site) -> None:
    class Gone(ScriptedReaders):
        def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
            raise PipelineUnavailableError(f"cannot start a reader for {len(batch)} windows: out of memory")

    site.batch, site.readers = 3, Gone()
    site.drop("a.png", "b.png")
    jobs = site.serve(2)
    assert [(job.state, job.code, job.attempts_allowed) for job in jobs] == [
        (JobState.WAITING, "pipeline_unavailable", 4)
    ] * 2


def test_what_a_stopping_daemon_cut_short_is_first_in_line_when_it_starts_again(site: Site) -> None:
    site.readers.script["a.png"] = [StoppingError("cannot read now: the daemon is stopping")]
    (noted,) = site.drop("a.png")
    site.clock.now += 10
    (job,) = site.serve()
    assert (job.state, job.code, job.attempts_allowed) == (JobState.WAITING, "stopping", 4)
    assert job.not_before == noted.not_before
    site.drop("b.png")
    assert [(job.document.key, job.state.value) for job in site.serve(2)] == [("a.png", "done"), ("b.png", "done")]


def test_what_a_killed_daemon_left_is_last_in_line_when_it_starts_again(site: Site) -> None:
    """It may be what the daemon died of: the others go first."""
    site.drop("a.png")
    site.ledger.claim(TEXT, "a daemon that was killed", 1)
    site.drop("b.png")
    site.clock.now += 10
    site.ledger.recover()
    assert [job.document.key for job in site.serve(2)] == ["b.png", "a.png"]


def test_a_document_that_took_the_daemon_along_every_time_is_buried_unread(site: Site) -> None:
    site.drop("a.png")
    for _ in range(3):
        site.ledger.claim(TEXT, "a daemon that was killed", 1)
        site.ledger.recover()
    (job,) = site.serve()
    assert (job.state, job.code) == (JobState.BURIED, "crashed")
    assert site.readers.asked == []
    assert site.sidecar("a.png")["error_code"] == "crashed"


def test_a_job_that_somebody_else_took_over_is_theirs(site: Site, chronicle: Chronicle) -> None:
    def take_over(_: Window) -> None:
        site.ledger.recover()
        site.ledger.claim(TEXT, "another daemon", 1)

    (job, _) = site.drop("a.png", "b.png")
    site.batch = 2
    site.readers.script["a.png"] = [take_over]
    with structlog.testing.capture_logs() as logs:
        site.serve(0)
    assert [line["event"] for line in logs] == ["claim_lost", "claim_lost"]
    assert (chronicle.job(job.id).state, chronicle.job(job.id).attempts) == (JobState.RUNNING, 2)


def test_a_job_of_an_inbox_that_is_not_configured_any_more_is_let_go(site: Site) -> None:
    site.drop("a.png", "b.png")
    (noted,) = site.ledger.claim(TEXT, "a daemon that was killed", 1)
    site.ledger.note_sidecar(noted, "file:///a.png.ocr.json")
    site.ledger.recover()
    site.inbox_name = "another"
    jobs = site.serve(2)
    assert [(job.state, job.code) for job in jobs] == [(JobState.SKIPPED, "vanished")] * 2
    assert all("no inbox scans any more" in (job.reason or "") for job in jobs)


def test_a_job_of_a_forgotten_inbox_that_took_the_daemon_along_is_let_go_too(site: Site) -> None:
    site.drop("a.png")
    for _ in range(3):
        site.ledger.claim(TEXT, "a daemon that was killed", 1)
        site.ledger.recover()
    site.inbox_name = "another"
    assert [(job.state, job.code) for job in site.serve()] == [(JobState.SKIPPED, "vanished")]


def test_what_was_read_is_not_forgotten_because_the_ledger_cannot_be_written(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.02)
    unlocked = threading.Timer(0.4, lambda: None)

    def lock(_: Window) -> None:
        other = sqlite3.connect(tmp_path / "short.sqlite", check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        unlocked.function = other.close
        unlocked.start()

    with Database(tmp_path / "short.sqlite") as database, structlog.testing.capture_logs() as logs:
        site.ledger = Ledger(database, site.clock)
        site.readers.script["a.png"] = [lock]
        site.drop("a.png")
        (job,) = site.serve()
        unlocked.join()
    assert (job.state, job.attempts, len(site.readers.asked)) == (JobState.DONE, 1, 1)
    assert [line["event"] for line in logs] == ["ledger_unavailable"]


def test_a_lane_that_is_told_to_stop_while_the_ledger_is_away_leaves_the_job_to_the_next_start(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.02)
    with Database(tmp_path / "short.sqlite") as database:
        site.ledger = Ledger(database, site.clock)
        site.drop("a.png")
        lane, stop = site.lane(), threading.Event()
        with closing(sqlite3.connect(tmp_path / "short.sqlite", check_same_thread=False)) as other:

            def lock_and_stop(_: Window) -> None:
                other.execute("BEGIN IMMEDIATE")
                stop.set()

            site.readers.script["a.png"] = [lock_and_stop]
            lane.run(stop)
        assert (site.root / "a.png.ocr.json").exists()
        assert site.ledger.recover() == 1
        assert site.serve()[0].state is JobState.DONE
