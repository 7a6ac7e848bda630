"""What servers answer instead of serving, as problems that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ocr_inbox.errors import InboxUnavailableError, OcrInboxError
from ocr_inbox.hearing.obstacle import Problem
from ocr_inbox.troubles import advice_on, boto3_failures, code_of

AWAY = "unavailable"
"""A server that goes and comes shows many faces, and one word for them is enough."""
_AWAY_WORDS = frozenset({"500", "502", "503", "504", "InternalError", "InternalFailure", "ServiceUnavailable"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "403"})


def failures() -> tuple[type[Exception], ...]:
    """Everything that boto3 and whoever makes its clients may raise because of the world."""
    return (*boto3_failures(), OcrInboxError)


@contextmanager
def expecting_sqs(queue_url: str) -> Iterator[None]:
    """boto3 takes any answer for one of SQS and stumbles: raises InboxUnavailableError instead."""
    try:
        yield
    except (AttributeError, TypeError, ValueError) as error:
        raise InboxUnavailableError(
            f"cannot use queue {queue_url}: what is there does not answer as SQS does; correct the queue's URL"
        ) from error


def problem_of(error: Exception, *, deed: str, rights: str) -> Problem:
    """One of those failures as a problem: "cannot `deed`: why"; `rights` is what a policy has to allow."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, SSLError  # noqa: A004 - botocore's name
    from urllib3.exceptions import HTTPError

    if isinstance(error, ClientError):
        answer: Any = error.response
        return refusal(code_of(answer), str(answer.get("Error", {}).get("Message", "")), deed=deed, rights=rights)
    if isinstance(error, OcrInboxError):
        return Problem(code=error.code, reason=str(error))
    if isinstance(error, SSLError):
        return Problem(code="untrusted", reason=f"cannot {deed}: {error}; name the authority in `ca_file`")
    if isinstance(error, ConnectionError | HTTPClientError | HTTPError):
        return Problem(code=AWAY, reason=f"cannot {deed}: {error}")
    return Problem(code=type(error).__name__, reason=f"cannot {deed}: {error}")


def refusal(code: str, message: str, *, deed: str, rights: str) -> Problem:
    """What a server's error code means; `message` is its own words."""
    word = code.removeprefix("AWS.SimpleQueueService.")
    if word in _DENIED:
        return Problem(code=word, reason=f"cannot {deed}: access denied; allow {rights}")
    if word in _AWAY_WORDS:
        return Problem(code=AWAY, reason=f"cannot {deed}: the server is not well: {message} ({word})")
    advice = advice_on(word, message) or f"{message} ({word})"
    return Problem(code=word, reason=f"cannot {deed}: {advice}")
