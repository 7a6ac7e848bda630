"""What servers answer instead of serving, as problems that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ocr_inbox.errors import InboxUnavailableError, OcrInboxError
from ocr_inbox.hearing.obstacle import Problem

_UNKNOWN_KEY = "the access key is not known there; check the credentials"
_EXPIRED = "the credentials have expired; renew them, or let an instance role do so"
_CLOCK = "this machine's clock and the server's differ too much; set the clock (timedatectl)"
_WRONG_SECRET = "the secret key is wrong; check the credentials"  # noqa: S105 - a sentence
_NO_QUEUE = "there is no such queue in that region; correct the queue's URL or `region`"
_REGION = "the region is wrong; correct `region`"
_PATIENCE = "the server asks for fewer requests; it is asked again later"

_ADVICE = {
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "UnrecognizedClientException": _UNKNOWN_KEY,
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "SignatureDoesNotMatch": _WRONG_SECRET,
    "InvalidSignatureException": _WRONG_SECRET,
    "AuthorizationHeaderMalformed": _REGION,
    "InvalidAddress": _NO_QUEUE,
    "NonExistentQueue": _NO_QUEUE,
    "QueueDoesNotExist": _NO_QUEUE,
    "NoSuchBucket": "there is no such bucket; make it, or correct its name",
    "KMS.AccessDeniedException": "access denied to the queue's key; allow kms:Decrypt on it",
    "OverLimit": "too many messages are on their way; make sure that other readers of the queue delete theirs",
    "RequestThrottled": _PATIENCE,
    "ThrottlingException": _PATIENCE,
    "SlowDown": _PATIENCE,
}
_BY_MESSAGE = (("expired", _CLOCK), ("not yet current", _CLOCK), ("scoped to a valid region", _REGION))
"""AWS calls these a signature that does not match."""
AWAY = "unavailable"
"""A server that goes and comes shows many faces, and one word for them is enough."""
_AWAY_WORDS = frozenset({"500", "502", "503", "504", "InternalError", "InternalFailure", "ServiceUnavailable"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "403"})


def failures() -> tuple[type[Exception], ...]:
    """Everything that boto3 and whoever makes its clients may raise because of the world."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return (BotoCoreError, ClientError, ResponseParserError, OcrInboxError, OSError)


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

    if isinstance(error, ClientError):
        told: Any = error.response.get("Error", {})
        return refusal(str(told.get("Code", "")), str(told.get("Message", "")), deed=deed, rights=rights)
    if isinstance(error, OcrInboxError):
        return Problem(code=error.code, reason=str(error))
    if isinstance(error, SSLError):
        return Problem(code="untrusted", reason=f"cannot {deed}: {error}; name the authority in `ca_file`")
    if isinstance(error, ConnectionError | HTTPClientError):
        return Problem(code=AWAY, reason=f"cannot {deed}: {error}")
    return Problem(code=type(error).__name__, reason=f"cannot {deed}: {error}")


def refusal(code: str, message: str, *, deed: str, rights: str) -> Problem:
    """What a server's error code means; `message` is its own words."""
    word = code.removeprefix("AWS.SimpleQueueService.")
    if word in _DENIED:
        return Problem(code=word, reason=f"cannot {deed}: access denied; allow {rights}")
    if word in _AWAY_WORDS:
        return Problem(code=AWAY, reason=f"cannot {deed}: the server is not well: {message} ({word})")
    advice = _ADVICE.get(word)
    if advice is _WRONG_SECRET:
        advice = next((better for sign, better in _BY_MESSAGE if sign in message), advice)
    return Problem(code=word, reason=f"cannot {deed}: {advice or f'{message} ({word})'}")
