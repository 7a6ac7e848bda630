"""Readers are real processes: what kills one of them costs one document one attempt, and nobody else anything."""

import gc
import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from engines import (
    a_window,
    open_crashing,
    open_for_ever,
    open_once_it_is_there,
    open_without_library,
    open_without_models,
    process_of,
    some_readers,
)
from ocr_inbox.errors import (
    ModelsMissingError,
    OcrInboxError,
    PipelineUnavailableError,
    ReaderCrashedError,
    ReadingTimeoutError,
    UnreadableDocumentError,
)
from ocr_inbox.processes import Care, OpenEngine
from ocr_inbox.reading import Reading


def test_an_outcome_is_nobodys_when_its_caller_lets_go_of_it() -> None:
    """It may hold the figures of many pages."""
    with some_readers() as readers:
        outcomes = readers.read([a_window()])
        mark = outcomes[0].warnings  # type: ignore[union-attr] # a reading
        del outcomes
        gc.collect()
        assert not [holder for holder in gc.get_referrers(mark) if isinstance(holder, Reading)]


def test_outcomes_come_in_the_order_of_their_windows() -> None:
    with some_readers() as readers:
        outcomes = readers.read([a_window("a"), a_window("refuse"), a_window("b")])
    texts = [o.pages[0].regions[0].text if isinstance(o, Reading) else type(o) for o in outcomes]
    assert texts == ["a", UnreadableDocumentError, "b"]


def test_one_process_reads_on_while_nothing_is_wrong() -> None:
    with some_readers() as readers:
        assert readers.device() is None
        readers.open()
        assert readers.device() == "cpu"
        assert len({process_of(readers.read([a_window()])[0]) for _ in range(3)}) == 1
        assert readers.restarts == 0


@pytest.mark.parametrize("poison", ["crash", "raise", "leave"])
def test_a_reader_that_dies_costs_only_the_document_it_held(poison: str) -> None:
    with some_readers() as readers:
        before = process_of(readers.read([a_window()])[0])
        (outcome,) = readers.read([a_window(poison)])
        assert isinstance(outcome, ReaderCrashedError), outcome
        assert process_of(readers.read([a_window()])[0]) != before
        assert readers.restarts == 1


def test_a_reader_that_hangs_is_killed_at_its_deadline() -> None:
    with some_readers(care=Care(preload="string", page_seconds=0.3)) as readers:
        readers.open()
        began = time.monotonic()
        (outcome,) = readers.read([a_window("hang", page_count=2)])
        assert 0.6 <= time.monotonic() - began < 3
        assert isinstance(outcome, ReadingTimeoutError)
        assert "0.6 s" in str(outcome)
        assert process_of(readers.read([a_window()])[0])


def test_one_poisoned_document_in_a_batch_harms_nobody_else() -> None:
    with some_readers() as readers:
        names = ["a", "b", "c", "d", "e", "crash", "g", "h"]
        outcomes = readers.read([a_window(name) for name in names])
    assert [isinstance(outcome, ReaderCrashedError) for outcome in outcomes] == [name == "crash" for name in names]
    assert [o.pages[0].regions[0].text for o in outcomes if isinstance(o, Reading)] == [
        "a",
        "b",
        "c",
        "d",
        "e",
        "g",
        "h",
    ]


@pytest.mark.parametrize(
    ("open_engine", "failure", "reason"),
    [
        (open_without_models, ModelsMissingError, "run ocr-inbox models pull"),
        (open_without_library, PipelineUnavailableError, "cannot start a reader: ImportError: No module named"),
        (open_crashing, PipelineUnavailableError, "cannot start a reader: it died"),
        (partial(open_for_ever, os.devnull), PipelineUnavailableError, "cannot start a reader within 0.3 s"),
    ],
    ids=["models", "library", "crash", "hang"],
)
def test_an_engine_that_cannot_open_says_why(
    open_engine: OpenEngine, failure: type[OcrInboxError], reason: str
) -> None:
    with some_readers(open_engine, care=Care(preload="string", start_seconds=0.3)) as readers:
        for call in (readers.open, partial(readers.read, [a_window()])):
            with pytest.raises(failure, match=reason) as caught:
                call()
            assert type(caught.value) is failure
        assert readers.problem is not None
        assert reason in readers.problem
        assert readers.device() is None


def test_a_pipeline_that_was_repaired_goes_on_without_a_restart_of_the_daemon(tmp_path: Path) -> None:
    with some_readers(partial(open_once_it_is_there, str(tmp_path / "model"))) as readers:
        with pytest.raises(ModelsMissingError):
            readers.open()
        (tmp_path / "model").touch()
        readers.open()
        assert readers.problem is None


def test_a_reader_is_replaced_after_so_many_documents() -> None:
    with some_readers(care=Care(preload="string", most_documents=2)) as readers:
        processes = [process_of(readers.read([a_window()])[0]) for _ in range(4)]
        assert processes[0] == processes[1] != processes[2] == processes[3]
        assert readers.restarts == 0


def test_a_reader_that_grew_too_large_is_replaced() -> None:
    with some_readers(care=Care(preload="string", most_rss=150 << 20)) as readers:
        small = process_of(readers.read([a_window()])[0])
        assert process_of(readers.read([a_window("grow:160")])[0]) == small
        assert process_of(readers.read([a_window()])[0]) != small
        assert readers.restarts == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("pause", [0.0, 0.05, 0.3])
def test_a_reader_killed_while_idle_is_replaced_without_blaming_a_document(number: int, pause: float) -> None:
    """The kernel's memory killer picks the largest process, whatever it does just then."""
    with some_readers() as readers:
        for _ in range(2):
            killed = process_of(readers.read([a_window()])[0])
            os.kill(killed, number)
            time.sleep(pause)
            assert process_of(readers.read([a_window()])[0]) != killed


def test_interrupting_the_terminal_is_for_the_daemon_alone() -> None:
    with some_readers() as readers:
        process = process_of(readers.read([a_window()])[0])
        os.kill(process, signal.SIGINT)
        assert process_of(readers.read([a_window()])[0]) == process
