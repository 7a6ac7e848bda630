"""Buckets that would be read twice, or whose results would overwrite each other, are refused before anything starts."""

from pathlib import Path

import pytest

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.settings import Settings, load_settings

STORES = 'state_dir = "state"\n[[stores]]\nname = "near"\nendpoint_url = "http://127.0.0.1:9000"\n'


def loaded(folder: Path, *buckets: str) -> Settings:
    path = folder / "ocr-inbox.toml"
    path.write_text(STORES + "".join(buckets), encoding="utf-8")
    return load_settings(path)


def refusal(folder: Path, *buckets: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder, *buckets)
    return str(caught.value)


def a_bucket(name: str, bucket: str, prefix: str = "", more: str = "") -> str:
    return f'[[buckets]]\nname = "{name}"\nstore = "near"\nbucket = "{bucket}"\nprefix = "{prefix}"\n{more}\n'


def test_several_parts_of_a_bucket_and_several_buckets_may_be_watched(tmp_path: Path) -> None:
    parts = [a_bucket("one", "scans", "one/"), a_bucket("other", "scans", "other/"), a_bucket("third", "results")]
    assert len(loaded(tmp_path, *parts).buckets) == 3


def test_a_part_of_a_bucket_that_is_watched_already_is_refused(tmp_path: Path) -> None:
    assert "inner lies inside inbox outer" in refusal(
        tmp_path, a_bucket("inner", "scans", "in/deep/"), a_bucket("outer", "scans", "in/")
    )


@pytest.mark.parametrize(
    "use",
    ['after = "archive"\narchive_to = "s3://other-scans/"', 'after_failure = "move"\nfailed_to = "s3://other-scans/"'],
)
def test_documents_are_not_moved_into_another_inbox(tmp_path: Path, use: str) -> None:
    assert "inside inbox other: a loop" in refusal(
        tmp_path, a_bucket("one", "scans", more=use), a_bucket("other", "other-scans")
    )


def test_documents_are_not_moved_to_where_they_come_from(tmp_path: Path) -> None:
    archive = 'after = "archive"\narchive_to = "in/"'
    assert "must not be the inbox or lie above it" in refusal(tmp_path, a_bucket("one", "scans", "in/", archive))


@pytest.mark.parametrize("other", ["scans", "other-scans"])
def test_sidecars_of_two_inboxes_do_not_go_to_the_same_place(tmp_path: Path, other: str) -> None:
    """a.png of one would have the sidecar of a.png of the other."""
    elsewhere = 'sidecars_to = "s3://results/of/"'
    one, two = a_bucket("one", "scans", "one/", elsewhere), a_bucket("two", other, "two/", elsewhere)
    assert "inboxes one and two leave their sidecars at the same place" in refusal(tmp_path, one, two)
    apart = a_bucket("two", other, "two/", 'sidecars_to = "s3://results/of/two/"')
    assert len(loaded(tmp_path, one, apart).buckets) == 2


def test_sidecars_do_not_go_among_the_documents_of_another_inbox(tmp_path: Path) -> None:
    """Which has sidecars of its own there."""
    one = a_bucket("one", "scans", more='sidecars_to = "s3://other-scans/"')
    assert "inboxes one and other leave their sidecars at the same place" in refusal(
        tmp_path, one, a_bucket("other", "other-scans")
    )


def test_a_fallback_needs_the_pipeline_that_it_names(tmp_path: Path) -> None:
    rule = 'rules = [{match = "**", pipeline = "document", fallback = "table"}]'
    bucket = a_bucket("one", "scans", more=rule)
    assert len(loaded(tmp_path, bucket).buckets) == 1
    reason = refusal(tmp_path, bucket, "[pipelines.table]\nenabled = false\n")
    assert 'inbox one, rule **: fallback = "table" needs the table pipeline' in reason


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ('sidecars_to = "s3://results/of"', "let it end in /"),
        ('archive_to = "s3://UPPER/"', "lower-case letters"),
        ('events = "sqs"', "go together"),
        ('sqs_url = "https://sqs.example/1/scans"', "go together"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, wrong: str, reason: str) -> None:
    assert reason in refusal(tmp_path, a_bucket("one", "scans", more=wrong))
