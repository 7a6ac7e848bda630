"""What a store refuses, as failures that this product can name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ocr_inbox.errors import (
    AccessDeniedError,
    InboxAwayError,
    InboxUnavailableError,
    LockedOutError,
    SourceChangedError,
    SourceGoneError,
)

GONE = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchVersion"})
CHANGED = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})
_NO_RIGHTS = "access denied; see docs/object-stores.md for the rights that it needs"
_UNKNOWN_KEY = "the store does not know the access key; check the credentials"
_EXPIRED = "the credentials have expired; renew them, or let an instance role do so"
_TOO_MANY = "the store asks for fewer requests; it is asked again later"
_WRONG_SECRET = "the secret key is wrong; check the credentials"  # noqa: S105 - a sentence
_DENIED = {
    "403": "access denied, or this machine's clock is wrong; see docs/object-stores.md for the rights that it needs",
    "AccessDenied": _NO_RIGHTS,
    "AllAccessDisabled": "access denied; the bucket is closed to everybody",
    "InvalidAccessKeyId": _UNKNOWN_KEY,
    "SignatureDoesNotMatch": _WRONG_SECRET,
    "ExpiredToken": _EXPIRED,
    "InvalidToken": "the session token is not valid; renew the credentials",
    "InvalidObjectState": "it lies in an archive class of the store; restore it there",
    "ObjectLocked": "the object is locked; wait until its retention ends, or choose another `after`",
}
_TROUBLE = {
    "RequestTimeTooSkewed": "this machine's clock and the store's differ too much; set the clock (timedatectl)",
    "NoSuchBucket": "there is no such bucket; make it, or correct its name",
    "503": _TOO_MANY,
    "SlowDown": _TOO_MANY,
    "301": "the bucket is in another region; correct `region`",
    "PermanentRedirect": "the bucket is in another region; correct `region`",
    "AuthorizationHeaderMalformed": "the bucket is in another region; correct `region`",
    "400": "the store calls it a bad request; see that `region` and the credentials are right",
}
_AWAY = frozenset(
    {"502", "503", "504", "SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "TooManyRequests"}
    | {"RequestTimeTooSkewed", "NoSuchBucket", "301", "PermanentRedirect", "AuthorizationHeaderMalformed"}
)
"""What of it concerns every object; other refusals may be one object's alone."""
_LOCKED_OUT = frozenset({"InvalidAccessKeyId", "ExpiredToken", "InvalidToken", "AllAccessDisabled"})
DOUBTS = frozenset(
    {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "400"}
    | {"InvalidClientTokenId", "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"}
)
"""What a store or a queue says to credentials that have expired or were replaced; to a HEAD, only a number."""


def code_of(answer: Any) -> str:
    """The store's word for what is wrong, in an answer as botocore gives it; empty where nothing is."""
    return str(answer.get("Error", {}).get("Code", ""))


@contextmanager
def named(deed: str) -> Iterator[None]:
    """Every refusal inside becomes a failure with a name, "cannot `deed`: why".

    SourceGoneError and SourceChangedError for an object that is not there, or not in the version that was asked for;
    AccessDeniedError, InboxUnavailableError; LockedOutError and InboxAwayError where it concerns every object.
    """
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionClosedError,
        CredentialRetrievalError,
        NoCredentialsError,
        ReadTimeoutError,
    )
    from botocore.exceptions import ConnectionError as NoConnectionError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        raise _named(deed, error) from error
    except (NoCredentialsError, CredentialRetrievalError) as error:
        raise LockedOutError(f"cannot {deed}: {error}; set a profile, key files or an instance role") from error
    except ResponseParserError as error:
        raise InboxUnavailableError(
            f"cannot {deed}: the answer was cut short, or is none of an object store"
        ) from error
    except (NoConnectionError, ConnectionClosedError, ReadTimeoutError) as error:
        raise InboxAwayError(f"cannot {deed}: {error}") from error
    except (BotoCoreError, HTTPError, OSError) as error:  # boto3 lets some of the second kind slip
        raise InboxUnavailableError(f"cannot {deed}: {error}") from error


def _named(deed: str, error: Any) -> Exception:
    code = code_of(error.response)
    if code in GONE:
        return SourceGoneError(f"cannot {deed}: it is no longer there")
    if code in CHANGED:
        return SourceChangedError(f"cannot {deed}: it was replaced by another version")
    if code in _DENIED:
        denied = LockedOutError if code in _LOCKED_OUT else AccessDeniedError
        return denied(f"cannot {deed}: {_DENIED[code]}")
    trouble = InboxAwayError if code in _AWAY else InboxUnavailableError
    return trouble(f"cannot {deed}: {_TROUBLE.get(code) or error}")


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
