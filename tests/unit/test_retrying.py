"""What a failure means is decided by its class, by how often it happened, and by nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, a_document, a_job
from ocr_inbox.errors import (
    AccessDeniedError,
    DocumentError,
    EncryptedDocumentError,
    InboxAwayError,
    InboxUnavailableError,
    InfrastructureError,
    LedgerUnavailableError,
    LockedOutError,
    ModelsMissingError,
    OcrInboxError,
    PackageIndexError,
    PipelineUnavailableError,
    ReaderCrashedError,
    ReadingError,
    ReadingTimeoutError,
    SourceChangedError,
    SourceGoneError,
    StoppingError,
    TooLargeError,
    UnreadableDocumentError,
    UnsupportedTypeError,
)
from ocr_inbox.model import Job, JobState
from ocr_inbox.retrying import Decision, Patience, Verdict, decide

PATIENCE = Patience(attempts=3, first_delay=5, longest_delay=60, put_off_delay=15)


def _running(attempts: int = 1, allowed: int = 3, key: str = "text/scan.png") -> Job:
    job = a_job(JobState.RUNNING, document=a_document(key))
    return replace(job, attempts=attempts, attempts_allowed=allowed)


def _decide(error: OcrInboxError, job: Job, chance: float = 0.0) -> Decision:
    return decide(error, job, now=NOW, chance=chance, patience=PATIENCE)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (DocumentError, Verdict.BURY),
        (UnreadableDocumentError, Verdict.BURY),
        (UnsupportedTypeError, Verdict.BURY),
        (TooLargeError, Verdict.BURY),
        (EncryptedDocumentError, Verdict.BURY),
        (ReadingError, Verdict.RETRY),
        (ReaderCrashedError, Verdict.RETRY),
        (ReadingTimeoutError, Verdict.RETRY),
        (OcrInboxError, Verdict.RETRY),
        (InfrastructureError, Verdict.PUT_OFF),
        (InboxUnavailableError, Verdict.PUT_OFF),
        (AccessDeniedError, Verdict.PUT_OFF),
        (InboxAwayError, Verdict.HOLD),
        (LockedOutError, Verdict.HOLD),
        (LedgerUnavailableError, Verdict.PUT_OFF),
        (PipelineUnavailableError, Verdict.PUT_OFF),
        (ModelsMissingError, Verdict.PUT_OFF),
        (PackageIndexError, Verdict.PUT_OFF),
        (StoppingError, Verdict.PUT_OFF),
        (SourceGoneError, Verdict.SKIP),
        (SourceChangedError, Verdict.SKIP),
    ],
)
def test_the_class_of_a_failure_decides(error: type[OcrInboxError], verdict: Verdict) -> None:
    assert _decide(error("cannot: why"), _running()).verdict is verdict


@pytest.mark.parametrize("error", [ReadingError, ReaderCrashedError, ReadingTimeoutError, OcrInboxError])
def test_the_last_attempt_that_is_allowed_ends_in_burial(error: type[OcrInboxError]) -> None:
    verdicts = [_decide(error("cannot: why"), _running(attempts)).verdict for attempts in (1, 2, 3, 4)]
    assert verdicts == [Verdict.RETRY, Verdict.RETRY, Verdict.BURY, Verdict.BURY]


@pytest.mark.parametrize("error", [InfrastructureError, SourceGoneError, StoppingError])
def test_what_is_not_the_documents_fault_never_buries_it(error: type[OcrInboxError]) -> None:
    assert _decide(error("cannot: why"), _running(attempts=99)).verdict is not Verdict.BURY


def test_only_a_name_that_promises_a_document_makes_wrong_content_an_error() -> None:
    error = UnsupportedTypeError("cannot read it: unknown type")
    assert _decide(error, _running(key="text/notes.txt")).verdict is Verdict.SKIP
    assert _decide(error, _running(key="text/SCAN.PDF")).verdict is Verdict.BURY


def test_waiting_doubles_with_each_failure_up_to_the_longest() -> None:
    error = ReadingError("cannot: why")
    patience = replace(PATIENCE, attempts=100)
    waits = [
        decide(error, _running(attempts, 100), now=0, chance=0.999999, patience=patience).not_before
        for attempts in (1, 2, 3, 4, 5, 6, 99)
    ]
    assert waits == pytest.approx([5, 10, 20, 40, 60, 60, 60], rel=1e-3)


def test_waiting_for_the_world_does_not_lengthen_the_wait_after_a_failure() -> None:
    """Each time it was put off the job was granted another attempt: 8 of 10 allowed are 1 of 3."""
    assert _decide(ReadingError("cannot: why"), _running(8, 10)) == _decide(ReadingError("cannot: why"), _running(1, 3))


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.99])
def test_before_the_document_that_an_inbox_was_held_for_comes_again_another_is_tried(chance: float) -> None:
    """It may be the only one that fails so, and then it must not be the only one that is tried."""
    held = _decide(InboxAwayError("cannot: why"), _running(), chance)
    assert held.inbox_not_before < held.not_before == NOW + 15
    assert held.inbox_not_before >= NOW + 7.5


def test_a_stopping_daemon_leaves_the_job_its_place_in_the_queue() -> None:
    job = replace(_running(), not_before=NOW - 100)
    assert _decide(StoppingError("cannot: why"), job, chance=0.9).not_before == NOW - 100


@given(chance=st.floats(0, 1, exclude_max=True), attempts=st.integers(1, 10_000), allowed=st.integers(1, 10_000))
def test_chance_spreads_every_wait_between_half_and_all_of_it(chance: float, attempts: int, allowed: int) -> None:
    put_off = _decide(InfrastructureError("cannot: why"), _running(attempts, allowed), chance).not_before - NOW
    assert 7.5 <= put_off <= 15
    decision = _decide(ReadingError("cannot: why"), _running(attempts, allowed), chance)
    if decision.verdict is Verdict.RETRY:
        assert 2.5 <= decision.not_before - NOW <= 60
