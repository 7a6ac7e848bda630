"""What a store can do, found out by trying: the same conditional write is obeyed, refused or silently ignored."""

import hashlib
import platform
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ocr_inbox.errors import AccessDeniedError
from ocr_inbox.s3.listing import etag_of, only_if
from ocr_inbox.s3.options import Place
from ocr_inbox.s3.refusals import named

_OBEYED, _NOT_KNOWN = frozenset({404, 409, 412}), frozenset({400, 405, 501})
"""What servers answer where a condition does not hold, and where they do not know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """Which conditions the store obeys: PUT only where nothing is, PUT and DELETE only of a known version."""

    put_new: bool
    put_over: bool
    delete_known: bool


def probe(client: Any, place: Place, whose: str = "doctor") -> Abilities:
    """Write an object of a name that is never a document, try, and take it away again.

    The name is always the same for `whose` on this machine: where nobody may delete, one stays and not one a start.
    Raises AccessDeniedError and InboxUnavailableError, as the first delivery would.
    """
    mark = hashlib.sha256(f"{platform.node()} {whose}".encode()).hexdigest()[:16]
    target = {"Bucket": place.bucket, "Key": f"{place.prefix}.ocr-inbox-probe-{mark}"}
    deed = f"write into bucket {place.bucket}"
    with named(deed):
        known = only_if(etag_of(client.put_object(**target, Body=b"1")))
    try:
        return Abilities(
            put_new=_refused(deed, client.put_object, **target, Body=b"2", IfNoneMatch="*"),
            put_over=_refused(deed, client.put_object, **target, Body=b"3", IfMatch='"0"')
            and not _refused(deed, client.put_object, **target, Body=b"1", **known),
            delete_known=_obeys_on_delete(client, target),
        )
    finally:
        with suppress(AccessDeniedError), named(f"delete what was tried in bucket {place.bucket}"):
            client.delete_object(**target)


def _obeys_on_delete(client: Any, target: dict[str, str]) -> bool:
    """There are servers that say no, and yet delete."""
    deed = f"try to delete in bucket {target['Bucket']}"
    try:
        return _refused(deed, client.delete_object, **target, IfMatch='"0"') and not _refused(
            deed, client.head_object, **target
        )
    except AccessDeniedError:
        return False


def _refused(deed: str, request: Any, **arguments: object) -> bool:
    """Whether the condition was obeyed; one that is not known there is not, and other refusals say nothing of it."""
    from botocore.exceptions import ClientError

    with named(deed):
        try:
            request(**arguments)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status not in _OBEYED | _NOT_KNOWN:
                raise
            return status in _OBEYED
    return False
