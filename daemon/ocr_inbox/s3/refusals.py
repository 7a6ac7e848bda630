"""What a store refuses, as failures that this product can name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ocr_inbox.certificates import advised
from ocr_inbox.errors import (
    AccessDeniedError,
    InboxAwayError,
    InboxUnavailableError,
    LockedOutError,
    SourceChangedError,
    SourceGoneError,
)
from ocr_inbox.troubles import DENIED, advice_on, boto3_failures, code_of

_GONE = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchVersion"})
_CHANGED = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})
_AWAY = frozenset(
    {"502", "503", "504", "SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "TooManyRequests"}
    | {"RequestTimeTooSkewed", "NoSuchBucket", "301", "PermanentRedirect", "AuthorizationHeaderMalformed"}
)
"""What concerns every object; other refusals may be one object's alone."""
_LOCKED_OUT = frozenset({"InvalidAccessKeyId", "ExpiredToken", "InvalidToken", "AllAccessDisabled"})
_OWN_WORDS = {"InvalidAccessKeyId": "the store does not know the access key; check the credentials"}
"""Where what all services mean by it can be said more plainly of a store."""


@contextmanager
def named(deed: str) -> Iterator[None]:
    """Every refusal inside becomes a failure with a name, "cannot `deed`: why".

    SourceGoneError and SourceChangedError for an object that is not there, or not in the version that was asked for;
    AccessDeniedError, InboxUnavailableError; LockedOutError and InboxAwayError where it concerns every object.
    """
    try:
        yield
    except boto3_failures() as error:
        raise _named(deed, error) from error


def _named(deed: str, error: Exception) -> Exception:
    from botocore.exceptions import (
        ClientError,
        ConnectionClosedError,
        CredentialRetrievalError,
        NoCredentialsError,
        ReadTimeoutError,
        SSLError,
    )
    from botocore.exceptions import ConnectionError as NoConnectionError
    from botocore.parsers import ResponseParserError

    if isinstance(error, ClientError):
        return _refused(deed, error)
    if isinstance(error, NoCredentialsError | CredentialRetrievalError):
        return LockedOutError(f"cannot {deed}: {error}; set a profile, key files or an instance role")
    if isinstance(error, ResponseParserError):
        return InboxUnavailableError(f"cannot {deed}: the answer was cut short, or is none of an object store")
    if isinstance(error, SSLError):
        return InboxAwayError(f"cannot {deed}: {advised(str(error))}")
    away = isinstance(error, NoConnectionError | ConnectionClosedError | ReadTimeoutError)
    return (InboxAwayError if away else InboxUnavailableError)(f"cannot {deed}: {error}")


def _refused(deed: str, error: Any) -> Exception:
    code = code_of(error.response)
    if code in _GONE:
        return SourceGoneError(f"cannot {deed}: it is no longer there")
    if code in _CHANGED:
        return SourceChangedError(f"cannot {deed}: it was replaced by another version")
    if code in DENIED:
        failure: type[Exception] = LockedOutError if code in _LOCKED_OUT else AccessDeniedError
    else:
        failure = InboxAwayError if code in _AWAY else InboxUnavailableError
    return failure(f"cannot {deed}: {_OWN_WORDS.get(code) or advice_on(code) or error}")


@contextmanager
def common() -> Iterator[None]:
    """What is refused inside would be refused to every object: LockedOutError or InboxAwayError."""
    try:
        yield
    except InboxAwayError:
        raise
    except AccessDeniedError as error:
        raise LockedOutError(str(error)) from error
    except InboxUnavailableError as error:
        raise InboxAwayError(str(error)) from error
