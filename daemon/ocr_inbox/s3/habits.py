"""What a store can do, found out by trying: the same conditional write is obeyed, refused or silently ignored."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ocr_inbox.s3.options import Place
from ocr_inbox.s3.refusals import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """Which conditions the store obeys: PUT only where nothing is, PUT and DELETE only of a known version."""

    put_new: bool
    put_over: bool
    delete_known: bool


def probe(client: Any, place: Place) -> Abilities:
    """Write an object of a name that is never a document, try, and take it away again.

    Raises AccessDeniedError and InboxUnavailableError, as the first delivery would.
    """
    target = {"Bucket": place.bucket, "Key": f"{place.prefix}.ocr-inbox-probe-{secrets.token_hex(8)}"}
    with named(f"write into bucket {place.bucket}"):
        etag = client.put_object(**target, Body=b"1")["ETag"]
    try:
        return Abilities(
            put_new=not _done(client.put_object, **target, Body=b"2", IfNoneMatch="*"),
            put_over=not _done(client.put_object, **target, Body=b"3", IfMatch='"0"')
            and _done(client.put_object, **target, Body=b"1", IfMatch=etag),
            delete_known=not _done(client.delete_object, **target, IfMatch='"0"')  # some say no, and yet delete
            and _done(client.head_object, **target),
        )
    finally:
        with named(f"delete what it wrote into bucket {place.bucket}"):
            client.delete_object(**target)


def _done(deed: Any, **arguments: object) -> bool:
    from botocore.exceptions import ClientError

    with suppress(ClientError):
        deed(**arguments)
        return True
    return False
