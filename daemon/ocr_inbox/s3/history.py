"""What a bucket held before it was watched, in the order of its keys."""

from collections.abc import Iterator
from dataclasses import dataclass

from ocr_inbox.model import Arrival
from ocr_inbox.s3.ground import Ground
from ocr_inbox.s3.listing import pages_of
from ocr_inbox.s3.options import BucketOptions
from ocr_inbox.s3.store import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Up to 1,000 objects of a listing: the documents among them, and the last key, below the inbox's prefix."""

    documents: tuple[Arrival, ...]
    listed: int
    last_key: str


def stretches(options: BucketOptions, prefix: str = "", after: str = "") -> Iterator[Stretch]:
    """Everything below a prefix of the inbox, later than the key `after`; both count from the inbox's own prefix.

    Raises AccessDeniedError and InboxUnavailableError.
    """
    ground, client = Ground(options), Connection(options.store).client()
    begin = options.prefix + after if after else ""
    for page in pages_of(client, options.bucket, options.prefix + prefix, begin):
        if page:
            last_key = page[-1].name.key.removeprefix(options.prefix)
            yield Stretch(documents=ground.arrivals(page), listed=len(page), last_key=last_key)
