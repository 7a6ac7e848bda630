"""Real object stores on this machine for tests, and what a test does with a bucket of one."""

import secrets
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from ocr_inbox.objects import Store as StoreSettings

REGION = "us-east-1"
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A bucket of a server that speaks S3, and who may use it."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = REGION
    bucket: str

    def client(self, service: str = "s3", *, attempts: int = _ATTEMPTS) -> Any:
        """A boto3 client, the same for all who ask; threads may share it."""
        return _client(replace(self, bucket=""), service, attempts)

    def fresh(self) -> "Store":
        """Another bucket of the same server, empty and of a name nobody has used."""
        other = replace(self, bucket=f"bucket-{secrets.token_hex(6)}")
        other.client().create_bucket(Bucket=other.bucket)
        return other

    def by_way_of(self, other: "Store") -> "Store":
        """The same bucket, reached where the other one is: through a proxy."""
        return replace(self, endpoint=other.endpoint)

    def settings(self, folder: Path) -> StoreSettings:
        """What the daemon is told of it; the keys are in files of this folder."""
        access, secret = folder / "access-key", folder / "secret-key"
        access.write_text(self.access_key, encoding="ascii")
        secret.write_text(self.secret_key, encoding="ascii")
        return StoreSettings(
            endpoint_url=self.endpoint,
            region=self.region,
            addressing="path",
            access_key_file=access,
            secret_key_file=secret,
        )

    def put(self, key: str, content: bytes, **more: object) -> str:
        """Upload; the ETag as the server quotes it, nothing where it says none."""
        return str(self.client().put_object(Bucket=self.bucket, Key=key, Body=content, **more).get("ETag", ""))

    def get(self, key: str) -> bytes:
        """The content; raises NoSuchKey of the client where there is none."""
        return bytes(self.client().get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def keys(self, prefix: str = "") -> list[str]:
        """All of them, in the server's order."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def delete(self, key: str) -> None:
        self.client().delete_object(Bucket=self.bucket, Key=key)


@cache
def _client(store: Store, service: str, attempts: int) -> Any:
    return boto3.session.Session(store.access_key, store.secret_key, region_name=store.region).client(
        service,
        endpoint_url=store.endpoint,
        config=Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": attempts},
            s3={"addressing_style": "path"},
            proxies={},  # the environment's are for the world outside
        ),
    )
