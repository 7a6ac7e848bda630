"""Bucket inboxes keep the promises of all inboxes, with and without the conditions that some stores obey."""

from pathlib import Path

import pytest

from buckets import BucketPlace
from contract.inbox_promises import InboxPromises
from stores import Store


class TestBucketPromises(InboxPromises):
    @pytest.fixture
    def place(self, tmp_path: Path, bucket: Store) -> BucketPlace:
        return BucketPlace(bucket, tmp_path)


class TestBucketWithoutConditionsPromises(InboxPromises):
    @pytest.fixture
    def place(self, tmp_path: Path, minio_bucket: Store) -> BucketPlace:
        return BucketPlace(minio_bucket, tmp_path)
