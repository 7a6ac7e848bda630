"""Bucket inboxes keep the promises of all inboxes."""

import os
import secrets
from pathlib import Path
from typing import Any, Literal

import pytest

from buckets import a_bucket_inbox
from contract.inbox_promises import InboxPromises
from ocr_inbox.objects import Store
from ocr_inbox.ports import Inbox
from ocr_inbox.s3 import Connection


class BucketPlace:
    """A bucket that people upload into."""

    def __init__(self, store: Store, bucket: str) -> None:
        self.store = store
        self.bucket = bucket
        self.client: Any = Connection(store).client()

    def inbox(
        self,
        *,
        after: Literal["leave", "archive", "delete"] = "leave",
        after_failure: Literal["leave", "move"] = "leave",
    ) -> Inbox:
        return a_bucket_inbox(self.store, self.bucket, after=after, after_failure=after_failure, reconcile_seconds=0.2)

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=f"in/{key}", Body=content)

    def remove(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=f"in/{key}")

    def content(self, key: str) -> bytes | None:
        return self.below("in/").get(key)

    def archived(self) -> dict[str, bytes]:
        return self.below("in/archive/")

    def failed(self) -> dict[str, bytes]:
        return self.below("in/failed/")

    def below(self, prefix: str) -> dict[str, bytes]:
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", ())
        return {
            it["Key"].removeprefix(prefix): self.client.get_object(Bucket=self.bucket, Key=it["Key"])["Body"].read()
            for it in listed
        }


class TestBucketPromises(InboxPromises):
    @pytest.fixture
    def place(self, tmp_path: Path) -> BucketPlace:
        os.environ.update(AWS_ACCESS_KEY_ID="A", AWS_SECRET_ACCESS_KEY="S")
        bucket = f"t-{secrets.token_hex(6)}"
        place = BucketPlace(Store(endpoint_url="http://127.0.0.1:18334", addressing="path"), bucket)
        place.client.create_bucket(Bucket=bucket)
        return place
