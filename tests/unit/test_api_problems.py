"""The table of failures."""

import pytest

from builders import a_job
from ocr_inbox import errors
from ocr_inbox.errors import OcrInboxError
from ocr_inbox.model import JobState
from ocr_inbox_api import refusals
from ocr_inbox_api.problems import Failure, documented, failure_of, failure_of_job, problem

AT_START_ONLY = {"configuration", "ledger_too_new", "already_running", "package_index", "lost_claim"}


def named_failures() -> list[type[OcrInboxError]]:
    classes = [*vars(errors).values(), *vars(refusals).values()]
    return [it for it in classes if isinstance(it, type) and issubclass(it, OcrInboxError)]


@pytest.mark.parametrize("failure", named_failures())
def test_every_failure_that_a_request_can_meet_has_a_row(failure: type[OcrInboxError]) -> None:
    assert failure.code == "internal" or (problem(failure.code) is problem("internal")) == (
        failure.code in AT_START_ONLY
    )


def test_words_about_our_machine_are_logged_and_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    failure = failure_of(errors.LedgerUnavailableError("cannot write the ledger /var/lib/x: full"))

    assert b"/var/lib" not in failure.response().body
    assert "/var/lib/x" in "".join(capsys.readouterr())


def test_words_about_the_request_are_sent_and_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    failure = failure_of(refusals.InvalidParameterError("format: must be json or markdown"))

    assert b"must be json or markdown" in failure.response().body
    assert "".join(capsys.readouterr()) == ""


def test_a_failure_without_a_name_is_ours() -> None:
    response = failure_of_job(a_job(JobState.BURIED, code="from_the_future", reason="x"), {}).response()
    assert (response.status_code, response.headers["Location"]) == (500, "/api/v1/jobs/1")


def test_a_detail_may_hold_what_no_encoding_can() -> None:
    assert b"half ? of a pair" in Failure(code="unreadable", detail="half \ud83d of a pair").response().body


def test_one_status_documents_all_its_failures() -> None:
    documents = documented("file_required", "too_large", "queue_full")
    assert set(documents) == {400, 429, 500, "default"}
    assert "File is required" in documents[400]["description"]
    assert "File size exceeds limit" in documents[400]["description"]
