"""What is in the way: what is said of it, and how long it is waited out."""

import pytest
from structlog.testing import capture_logs

from ocr_inbox.errors import AccessDeniedError
from ocr_inbox.hearing.ear import Once
from ocr_inbox.hearing.obstacle import Obstacle, Problem, delay
from ocr_inbox.hearing.refusals import problem_of, refusal

DEED = {"deed": "hear queue q", "rights": "sqs:ReceiveMessage"}


def test_delays_double_up_to_a_minute_and_are_spread() -> None:
    assert [delay(count, lasting=False, chance=1) for count in (1, 2, 3, 6, 7, 8, 10_000)] == [1, 2, 4, 32, 60, 60, 60]
    assert delay(3, lasting=False, chance=0) == 2
    assert delay(1, lasting=True, chance=0) == 1800


def test_a_problem_is_said_when_it_changes_and_when_it_is_over() -> None:
    obstacle = Obstacle("queue")
    away, denied = Problem(code="away", reason="at 10:01"), Problem(code="denied", reason="no")
    with capture_logs() as logs:
        obstacle.clear()
        for problem in (away, Problem(code="away", reason="at 10:02"), denied):
            obstacle.meet(problem)
        obstacle.clear()
        obstacle.clear()
    assert [(line["event"], line.get("code")) for line in logs] == [
        ("hearing_troubled", "away"),
        ("hearing_troubled", "denied"),
        ("hearing_again", None),
    ]
    assert obstacle.problem is None


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("AccessDenied", "User: arn is not authorized", "access denied; allow sqs:ReceiveMessage"),
        ("AWS.SimpleQueueService.NonExistentQueue", "no", "correct the queue's URL or `region`"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", "the secret key is wrong"),
        ("SignatureDoesNotMatch", "Credential should be scoped to a valid region.", "correct `region`"),
        ("InvalidSignatureException", "Signature expired: 20261123T0 is now earlier than 20261123T1", "set the clock"),
        ("SignatureDoesNotMatch", "Signature not yet current: 20261123T1 is still later", "set the clock"),
        ("RequestTimeTooSkewed", "", "set the clock (timedatectl)"),
        ("ExpiredTokenException", "", "renew them"),
        ("ServiceUnavailable", "busy", "the server is not well: busy (ServiceUnavailable)"),
        ("FromTheFuture", "words of its own", "words of its own (FromTheFuture)"),
    ],
)
def test_what_a_server_refuses_says_what_to_do(code: str, message: str, advice: str) -> None:
    problem = refusal(code, message, **DEED)
    assert problem.reason.startswith("cannot hear queue q: ")
    assert advice in problem.reason


def test_faces_of_a_server_that_is_not_well_have_one_code() -> None:
    codes = {refusal(code, "", **DEED).code for code in ("500", "503", "InternalError", "ServiceUnavailable")}
    assert codes == {"unavailable"}


def test_a_failure_that_has_a_name_keeps_it() -> None:
    problem = problem_of(AccessDeniedError("cannot read the keys: no"), **DEED)
    assert (problem.code, problem.reason) == ("access_denied", "cannot read the keys: no")


def test_what_was_said_is_remembered_up_to_a_number() -> None:
    once = Once(most=3)
    assert [once.first(mark) for mark in "abcabc"] == [True] * 3 + [False] * 3
    assert [once.first(mark) for mark in "da"] == [True, True]
    assert len(once._said) == 3
