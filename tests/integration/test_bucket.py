"""Bucket inboxes keep the promises of all inboxes, with and without the conditions that some stores obey."""

from pathlib import Path
from typing import Literal

import pytest

from buckets import a_bucket_inbox
from contract.inbox_promises import InboxPromises
from ocr_inbox.ports import Inbox
from stores import Store


class BucketPlace:
    """A bucket that people upload into."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.settings = store.settings(folder)

    def inbox(
        self,
        *,
        after: Literal["leave", "archive", "delete"] = "leave",
        after_failure: Literal["leave", "move"] = "leave",
    ) -> Inbox:
        return a_bucket_inbox(
            self.settings, self.store.bucket, after=after, after_failure=after_failure, reconcile_seconds=0.2
        )

    def put(self, key: str, content: bytes) -> None:
        self.store.put(f"in/{key}", content)

    def remove(self, key: str) -> None:
        self.store.delete(f"in/{key}")

    def content(self, key: str) -> bytes | None:
        return self.below("in/").get(key)

    def archived(self) -> dict[str, bytes]:
        return self.below("in/archive/")

    def failed(self) -> dict[str, bytes]:
        return self.below("in/failed/")

    def below(self, prefix: str) -> dict[str, bytes]:
        return {key.removeprefix(prefix): self.store.get(key) for key in self.store.keys(prefix)}


class TestBucketPromises(InboxPromises):
    @pytest.fixture
    def place(self, tmp_path: Path, bucket: Store) -> BucketPlace:
        return BucketPlace(bucket, tmp_path)


class TestBucketWithoutConditionsPromises(InboxPromises):
    @pytest.fixture
    def place(self, tmp_path: Path, minio_bucket: Store) -> BucketPlace:
        return BucketPlace(minio_bucket, tmp_path)
