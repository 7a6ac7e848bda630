"""What a store refuses, as failures that this product can name."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ocr_inbox.errors import AccessDeniedError, InboxUnavailableError, SourceChangedError, SourceGoneError

GONE = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchVersion"})
CHANGED = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})
_DENIED = {
    "403": "access denied; see docs/object-stores.md for the rights that it needs",
    "AccessDenied": "access denied; see docs/object-stores.md for the rights that it needs",
    "AllAccessDisabled": "access denied; the bucket is closed to everybody",
    "InvalidAccessKeyId": "the store does not know the access key; check the credentials",
    "SignatureDoesNotMatch": "the secret key is wrong; check the credentials",
    "ExpiredToken": "the credentials have expired; renew them, or let an instance role do so",
    "InvalidToken": "the session token is not valid; renew the credentials",
    "ObjectLocked": "the object is locked; wait until its retention ends, or choose another `after`",
}
_TROUBLE = {
    "RequestTimeTooSkewed": "this machine's clock and the store's differ too much; set the clock (timedatectl)",
    "NoSuchBucket": "there is no such bucket; make it, or correct its name",
    "SlowDown": "the store asks for fewer requests; it is asked again later",
    "PermanentRedirect": "the bucket is in another region; correct `region`",
    "AuthorizationHeaderMalformed": "the bucket is in another region; correct `region`",
}


def code_of(error: Any) -> str:
    """The store's word for a botocore ClientError."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def named(deed: str) -> Iterator[None]:
    """Every refusal inside becomes a failure with a name, "cannot `deed`: why".

    SourceGoneError and SourceChangedError for an object that is not there, or not in the version that was asked for;
    AccessDeniedError, InboxUnavailableError.
    """
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        CredentialRetrievalError,
        HTTPClientError,
        NoCredentialsError,
    )

    try:
        yield
    except ClientError as error:
        raise _named(deed, error) from error
    except (NoCredentialsError, CredentialRetrievalError) as error:
        raise AccessDeniedError(f"cannot {deed}: {error}; set a profile, key files or an instance role") from error
    except (BotoCoreError, HTTPClientError, OSError) as error:
        raise InboxUnavailableError(f"cannot {deed}: {error}") from error


def _named(deed: str, error: Any) -> Exception:
    code = code_of(error)
    if code in GONE:
        return SourceGoneError(f"cannot {deed}: it is no longer there")
    if code in CHANGED:
        return SourceChangedError(f"cannot {deed}: it was replaced by another version")
    if code in _DENIED:
        return AccessDeniedError(f"cannot {deed}: {_DENIED[code]}")
    return InboxUnavailableError(f"cannot {deed}: {_TROUBLE.get(code) or error}")
