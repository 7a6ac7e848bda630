"""The values of object stores: how to get in, what an object is called, and which version of it is meant."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

DEFAULT_REGION = "us-east-1"
"""Where neither the configuration nor a profile names one; most servers of one's own take it."""
KEY_MAX = 1024
"""Bytes of a key in every store that speaks S3."""
EVENT_MAX = 1 << 20
"""Bytes of what is told of objects at once: what a queue of AWS takes at most; one event has about 1 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A server that speaks S3, and how to get in; without `endpoint_url` it is AWS.

    Credentials are in two files, or those of `profile`, or what boto3 finds by itself: environment, instance role.
    """

    endpoint_url: str | None = None
    region: str | None = None
    addressing: Literal["auto", "path", "virtual"] = "auto"
    profile: str | None = None
    access_key_file: Path | None = field(default=None, repr=False)
    secret_key_file: Path | None = field(default=None, repr=False)
    ca_file: Path | None = None
    verify_tls: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectName:
    """An object in whatever version; the key is as the store has it."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStamp:
    """What changes when an object is written anew: `etag` without its quotes, seconds since the epoch, and bytes.

    Whole seconds, because listings tell more of the time than headers do.
    """

    etag: str
    modified: int
    size: int

    @classmethod
    def from_version(cls, version: str) -> "ObjectStamp":
        """The stamp that `version` was made from; raises ValueError for anything else."""
        etag, modified, size = version.rsplit("-", 2)
        return cls(etag=etag, modified=int(modified, 16), size=int(size, 16))

    @property
    def version(self) -> str:
        """The version that documents in buckets carry."""
        return f"{self.etag}-{self.modified:x}-{self.size:x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSource:
    """Where a reader finds the bytes of an object, if it is still the version with this `etag`; `size` is in bytes."""

    store: Store
    name: ObjectName
    etag: str
    size: int

    @property
    def fetch_seconds(self) -> float:
        """How long a reader may take to get it: half a megabyte a second is slow, and servers hesitate."""
        return 150 + self.size / 2**18
