"""What a bucket inbox is told when it is made."""

from dataclasses import dataclass
from typing import Literal

from ocr_inbox.objects import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where objects go: the key below the inbox's prefix is appended to this one, which ends in / or is empty."""

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketOptions:
    """How one bucket is watched and what becomes of its documents.

    `sidecars` is None where they lie beside their documents. What lies at `archive` and `failed` is never taken for a
    document, whether they are used or not. What was last written before `not_before` is left alone; seconds since the
    epoch. With `hears`, somebody tells of new objects (`BucketInbox.hear`).
    """

    name: str
    store: Store
    bucket: str
    prefix: str = ""
    reconcile_seconds: float = 300.0
    not_before: float = 0.0
    hears: bool = False
    sidecars: Place | None = None
    after: Literal["leave", "tag", "archive", "delete"] = "leave"
    archive: Place
    after_failure: Literal["leave", "tag", "move"] = "leave"
    failed: Place

    @property
    def own(self) -> Place:
        """Where the documents themselves lie."""
        return Place(bucket=self.bucket, prefix=self.prefix)

    @property
    def sidecar_place(self) -> Place:
        """Where sidecars go, and all that lies beside them."""
        return self.sidecars or self.own

    def elsewhere(self) -> tuple[str, ...]:
        """The beginnings of keys in this bucket that are not part of the inbox."""
        places = [self.archive, self.failed, *([self.sidecars] if self.sidecars else [])]
        return tuple(
            place.prefix
            for place in places
            if place.bucket == self.bucket and place.prefix.startswith(self.prefix) and place.prefix != self.prefix
        )
