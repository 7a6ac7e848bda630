"""The object stores, and the buckets in them that are watched."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from typing_extensions import Self

from ocr_inbox.settings.inboxes import RuleSettings, demand_plain_name
from ocr_inbox.settings.section import WEEK, Section

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ELSEWHERE = re.compile(r"s3://([^/]+)(?:/(.*))?")


class StoreSettings(Section):
    """A server that speaks S3, and how to get in."""

    name: str
    endpoint_url: Annotated[str, Field(pattern=r"^https?://[^/]+/?$")] | None = None
    region: str | None = None
    addressing: Literal["auto", "path", "virtual"] = "auto"
    profile: str | None = None
    access_key_file: Path | None = None
    secret_key_file: Path | None = None
    ca_file: Path | None = None
    verify_tls: bool = True

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        return demand_plain_name(name)

    @model_validator(mode="after")
    def _both_keys(self) -> Self:
        if (self.access_key_file is None) != (self.secret_key_file is None):
            raise ValueError("access_key_file and secret_key_file go together; set both or none")
        if self.profile and self.access_key_file:
            raise ValueError("a profile and key files exclude each other; keep one")
        return self


class BucketSettings(Section):
    """A bucket, or what lies below a prefix of one, that is watched."""

    name: str
    store: str | None = None
    bucket: str
    prefix: str = ""
    events: Literal["none", "sqs", "webhook", "minio"] = "none"
    sqs_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    reconcile_seconds: Annotated[float, Field(ge=1, le=WEEK)] = 300.0
    existing: Literal["read", "leave"] = "read"
    sidecars_to: str | None = None
    after: Literal["leave", "tag", "archive", "delete"] = "leave"
    archive_to: str = "archive/"
    after_failure: Literal["leave", "tag", "move"] = "leave"
    failed_to: str = "failed/"
    rules: tuple[RuleSettings, ...] = ()

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        return demand_plain_name(name)

    @field_validator("bucket")
    @classmethod
    def _a_bucket(cls, bucket: str) -> str:
        return _demand_bucket(bucket)

    @field_validator("sidecars_to", "archive_to", "failed_to")
    @classmethod
    def _a_place(cls, place: str | None) -> str | None:
        if place is not None:
            bucket, prefix = split_place(place, "any-bucket")
            _demand_bucket(bucket)
            if prefix and not prefix.endswith("/"):
                raise ValueError("let it end in /: it is where keys are appended to")
        return place

    @model_validator(mode="after")
    def _queue_is_named(self) -> Self:
        if (self.events == "sqs") != (self.sqs_url is not None):
            raise ValueError('events = "sqs" and sqs_url go together; set both or none')
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """What is moved must not arrive again; within the inbox, a place of its own is left out."""
        for key, used in (("archive_to", self.after == "archive"), ("failed_to", self.after_failure == "move")):
            bucket, prefix = split_place(getattr(self, key), self.bucket)
            if used and bucket == self.bucket and self.prefix.startswith(prefix):
                raise ValueError(f"{key} {prefix!r} must not be the inbox or lie above it: documents would come back")
        return self


def split_place(place: str, bucket: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix/`, or of a `prefix/` in the same bucket."""
    elsewhere = _ELSEWHERE.fullmatch(place)
    return (elsewhere[1], elsewhere[2] or "") if elsewhere else (bucket, place)


def demand_stores(buckets: Sequence[BucketSettings], stores: Sequence[StoreSettings]) -> None:
    """Raises ValueError where a bucket names a store that is not there, or a document would be read twice."""
    names = [store.name for store in stores]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two stores have the name {name}")
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
    moves = [(bucket.archive_to, bucket.after == "archive"), (bucket.failed_to, bucket.after_failure == "move")]
    for place, used in moves:
        target, prefix = split_place(place, bucket.bucket)
        if used and target == other.bucket and prefix.startswith(other.prefix):
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


def _demand_bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise ValueError("a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens")
    return name
