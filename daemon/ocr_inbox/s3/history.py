"""What a bucket held before it was watched, in the order of the store."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ocr_inbox.model import Arrival
from ocr_inbox.s3.ground import Ground
from ocr_inbox.s3.listing import listed_in
from ocr_inbox.s3.options import BucketOptions
from ocr_inbox.s3.refusals import named
from ocr_inbox.s3.store import Connection
from ocr_inbox.troubles import code_of

MOST = 1000
"""Objects at once: a store lists no more."""
_STALE = frozenset({"InvalidArgument", "InvalidToken", "NoSuchKey"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One page of a listing: the documents on it, and the store's own word for where it goes on, empty at the end.

    A key would not do instead: there are stores that leave out what lies below it.
    """

    documents: tuple[Arrival, ...]
    listed: int
    goes_on: str


def stretches(options: BucketOptions, prefix: str = "", begin: str = "", most: int = MOST) -> Iterator[Stretch]:
    """Everything below a prefix of the inbox, at most so many objects at once, from where a stretch said it goes on.

    Raises AccessDeniedError and InboxUnavailableError.
    """
    ground, client = Ground(options), Connection(options.store).client()
    wish = {"Bucket": options.bucket, "Prefix": options.prefix + prefix, "MaxKeys": most}
    goes_on = begin
    while True:
        page = _page(client, wish, goes_on)
        listed, goes_on = listed_in(page, options.bucket), page.get("NextContinuationToken", "")
        yield Stretch(documents=ground.arrivals(listed), listed=len(listed), goes_on=goes_on)
        if not goes_on:
            return


def _page(client: Any, wish: dict[str, Any], goes_on: str) -> Any:
    """A page; from the first one, where the store has forgotten what its word meant."""
    from botocore.exceptions import ClientError

    with named(f"list bucket {wish['Bucket']}"):
        if goes_on:
            try:
                return client.list_objects_v2(**wish, ContinuationToken=goes_on)
            except ClientError as error:
                if code_of(error.response) not in _STALE:
                    raise
        return client.list_objects_v2(**wish)
