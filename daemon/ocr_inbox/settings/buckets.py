"""The object stores, and the buckets in them that are watched."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import Self

from ocr_inbox.settings.inboxes import RuleSettings
from ocr_inbox.settings.section import WEEK, Name, Section, demand_names_apart

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ELSEWHERE = re.compile(r"s3://([^/]+)(?:/(.*))?")


def split_place(place: str, bucket: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix/`, or of a `prefix/` in the same bucket."""
    elsewhere = _ELSEWHERE.fullmatch(place)
    return (elsewhere[1], elsewhere[2] or "") if elsewhere else (bucket, place)


def _a_bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise ValueError("a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens")
    return name


def _a_place(place: str) -> str:
    bucket, prefix = split_place(place, "any-bucket")
    _a_bucket(bucket)
    if prefix and not prefix.endswith("/"):
        raise ValueError("let it end in /: it is where keys are appended to")
    return place


BucketName = Annotated[str, AfterValidator(_a_bucket)]
Elsewhere = Annotated[str, AfterValidator(_a_place)]
"""What `split_place` takes apart."""


class StoreSettings(Section):
    """A server that speaks S3, and how to get in."""

    name: Name
    endpoint_url: Annotated[str, Field(pattern=r"^https?://[^/]+/?$")] | None = None
    region: str | None = None
    addressing: Literal["auto", "path", "virtual"] = "auto"
    profile: str | None = None
    access_key_file: Path | None = None
    secret_key_file: Path | None = None
    ca_file: Path | None = None
    verify_tls: bool = True

    @model_validator(mode="after")
    def _both_keys(self) -> Self:
        if (self.access_key_file is None) != (self.secret_key_file is None):
            raise ValueError("access_key_file and secret_key_file go together; set both or none")
        if self.profile and self.access_key_file:
            raise ValueError("a profile and key files exclude each other; keep one")
        return self


class BucketSettings(Section):
    """A bucket, or what lies below a prefix of one, that is watched."""

    name: Name
    store: str | None = None
    bucket: BucketName
    prefix: str = ""
    events: Literal["none", "sqs", "webhook", "minio"] = "none"
    sqs_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    reconcile_seconds: Annotated[float, Field(ge=1, le=WEEK)] = 300.0
    existing: Literal["read", "leave"] = "read"
    sidecars_to: Elsewhere | None = None
    after: Literal["leave", "tag", "archive", "delete"] = "leave"
    archive_to: Elsewhere = "archive/"
    after_failure: Literal["leave", "tag", "move"] = "leave"
    failed_to: Elsewhere = "failed/"
    rules: tuple[RuleSettings, ...] = ()

    @model_validator(mode="after")
    def _queue_is_named(self) -> Self:
        if (self.events == "sqs") != (self.sqs_url is not None):
            raise ValueError('events = "sqs" and sqs_url go together; set both or none')
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """What is moved must not arrive again; within the inbox, a place of its own is left out."""
        for key, place in self.targets().items():
            bucket, prefix = split_place(place, self.bucket)
            if bucket == self.bucket and self.prefix.startswith(prefix):
                raise ValueError(f"{key} {prefix!r} must not be the inbox or lie above it: documents would come back")
        return self

    def targets(self) -> dict[str, str]:
        """The places that this inbox moves documents to, by the keys that name them."""
        archive = {"archive_to": self.archive_to} if self.after == "archive" else {}
        failed = {"failed_to": self.failed_to} if self.after_failure == "move" else {}
        return archive | failed


def demand_stores(buckets: Sequence[BucketSettings], stores: Sequence[StoreSettings]) -> None:
    """Raises ValueError where a bucket names a store that is not there, or a document would be read twice."""
    names = [store.name for store in stores]
    demand_names_apart(names, "stores")
    with_endpoint = {store.name for store in stores if store.endpoint_url}
    for bucket in buckets:
        if bucket.events == "minio" and bucket.store not in with_endpoint:
            raise ValueError(f'bucket inbox {bucket.name}: events = "minio" needs a store with an endpoint_url')
        if bucket.store is not None and bucket.store not in names:
            raise ValueError(f"bucket inbox {bucket.name} lies in store {bucket.store}, which is none of [[stores]]")
        for other in buckets:
            if other is not bucket:
                _demand_no_overlap(bucket, other)


def _demand_no_overlap(bucket: BucketSettings, other: BucketSettings) -> None:
    if bucket.store != other.store:
        return
    if bucket.bucket == other.bucket and bucket.prefix.startswith(other.prefix):
        raise ValueError(f"inbox {bucket.name} lies inside inbox {other.name}: each document would be read twice")
    for place in bucket.targets().values():
        target, prefix = split_place(place, bucket.bucket)
        if target == other.bucket and prefix.startswith(other.prefix):
            raise ValueError(f"inbox {bucket.name} moves documents to {place}, inside inbox {other.name}: a loop")
    if _sidecar_place(bucket) == _sidecar_place(other):
        raise ValueError(
            f"inboxes {bucket.name} and {other.name} leave their sidecars at the same place: those of documents with "
            "the same key would overwrite each other"
        )


def _sidecar_place(bucket: BucketSettings) -> tuple[str, str]:
    if bucket.sidecars_to is None:
        return bucket.bucket, bucket.prefix
    return split_place(bucket.sidecars_to, bucket.bucket)
