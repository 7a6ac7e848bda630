"""What goes wrong at object stores and queues: what their error codes mean, and all that boto3 raises."""

from collections.abc import Mapping
from typing import Any

_NO_RIGHTS = "access denied; see docs/object-stores.md for the rights that it needs"
_UNKNOWN_KEY = "the access key is not known there; check the credentials"
_WRONG_SECRET = "the secret key is wrong; check the credentials"  # noqa: S105 - a sentence
_EXPIRED = "the credentials have expired; renew them, or let an instance role do so"
_BAD_TOKEN = "the session token is not valid; renew the credentials"  # noqa: S105 - a sentence
_REGION = "the bucket is in another region; correct `region`"
_NO_QUEUE = "there is no such queue in that region; correct the queue's URL or `region`"
_STORE_BUSY = "the store asks for fewer requests; it is asked again later"
_QUEUE_BUSY = "the server asks for fewer requests; it is asked again later"
_CLOCK = "this machine's clock and the server's differ too much; set the clock (timedatectl)"

_CREDENTIALS: Mapping[str, str] = {
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "UnrecognizedClientException": _UNKNOWN_KEY,
    "SignatureDoesNotMatch": _WRONG_SECRET,
    "InvalidSignatureException": _WRONG_SECRET,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidToken": _BAD_TOKEN,
}
_RIGHTS: Mapping[str, str] = {
    "403": "access denied, or this machine's clock is wrong; see docs/object-stores.md for the rights that it needs",
    "AccessDenied": _NO_RIGHTS,
    "AccessDeniedException": _NO_RIGHTS,
    "AllAccessDisabled": "access denied; the bucket is closed to everybody",
    "InvalidObjectState": "it lies in an archive class of the store; restore it there",
    "ObjectLocked": "the object is locked; wait until its retention ends, or choose another `after`",
    "KMS.AccessDeniedException": "access denied to the queue's key; allow kms:Decrypt on it",
}
_OTHERS: Mapping[str, str] = {
    "400": "the store calls it a bad request; see that `region` and the credentials are right",
    "RequestTimeTooSkewed": "this machine's clock and the store's differ too much; set the clock (timedatectl)",
    "RequestExpired": _CLOCK,
    "301": _REGION,
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "NoSuchBucket": "there is no such bucket; make it, or correct its name",
    "InvalidAddress": _NO_QUEUE,
    "NonExistentQueue": _NO_QUEUE,
    "QueueDoesNotExist": _NO_QUEUE,
    "503": _STORE_BUSY,
    "SlowDown": _STORE_BUSY,
    "RequestThrottled": _QUEUE_BUSY,
    "ThrottlingException": _QUEUE_BUSY,
    "OverLimit": "too many messages are on their way; make sure that other readers of the queue delete theirs",
}
_BY_MESSAGE = (
    ("expired", _CLOCK),
    ("not yet current", _CLOCK),
    ("scoped to a valid region", "the region is wrong; correct `region`"),
)
"""AWS calls these a signature that does not match."""

DENIED = frozenset(_CREDENTIALS) | frozenset(_RIGHTS)
"""Nothing but other credentials or other rights will change the answer."""
DOUBTS = frozenset(_CREDENTIALS) | {"403", "AccessDenied", "400"}
"""What a store or a queue says to credentials that have expired or were replaced; to a HEAD, only a number."""


def advice_on(code: str, message: str = "") -> str | None:
    """What an error code means, None where nobody knows; `message` is what the server says beside it."""
    advice = _CREDENTIALS.get(code) or _RIGHTS.get(code) or _OTHERS.get(code)
    if advice is _WRONG_SECRET:
        return next((better for sign, better in _BY_MESSAGE if sign in message), advice)
    return advice


def code_of(answer: Any) -> str:
    """The server's word for what is wrong, in an answer as botocore gives it; empty where nothing is."""
    return str(answer.get("Error", {}).get("Code", ""))


def boto3_failures() -> tuple[type[Exception], ...]:
    """Everything that boto3 may raise because of the world; it lets some of urllib3's slip."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    return (BotoCoreError, ClientError, ResponseParserError, HTTPError, OSError)
