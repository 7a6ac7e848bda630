"""What a bucket held before it was watched is noted at leisure, once, and from where it stopped."""

from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from ledgers import Clock
from ocr_inbox.backfill import Backfill, Tally
from ocr_inbox.bookmarks import Bookmarks
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import PipelineName, Priority
from ocr_inbox.routing import Rule
from ocr_inbox.s3 import BucketOptions, Place
from stores import Store

RULES = (Rule(match="*.png", pipeline=PipelineName.TEXT),)
KEYS = ["a.png", "a.png.ocr.json", "b", "b/c.png", "d.png", "e.png", "f.txt"]


@pytest.fixture
def old(bucket: Store) -> Store:
    for key in KEYS:
        bucket.put(f"in/{key}", b"pixels")
    return bucket


@pytest.fixture
def a_backfill(old: Store, tmp_path: Path, database: Database, ledger: Ledger, clock: Clock) -> Any:
    def make(store: Store = old, **more: Any) -> Backfill:
        options = BucketOptions(
            name="scans",
            store=store.settings(tmp_path),
            bucket=store.bucket,
            prefix="in/",
            archive=Place(bucket=store.bucket, prefix="archive/"),
            failed=Place(bucket=store.bucket, prefix="failed/"),
        )
        bookmarks = Bookmarks(database, clock)
        return Backfill(options=options, rules=RULES, ledger=ledger, bookmarks=bookmarks, page_size=2, **more)

    return make


def last(run: Backfill) -> Tally:
    return list(run.run())[-1]


def test_every_document_that_a_rule_takes_is_noted_behind_what_is_fresh(a_backfill: Any, chronicle: Chronicle) -> None:
    tally = last(a_backfill())
    assert (tally.listed, tally.new, tally.known, tally.unruled) == (len(KEYS), 3, 0, 3)
    jobs = chronicle.jobs(Selection())
    assert {job.document.key for job in jobs} == {"a.png", "d.png", "e.png"}
    assert {job.assignment.priority for job in jobs} == {Priority.BACKFILL}


def test_what_is_known_is_left_as_it_is(a_backfill: Any) -> None:
    last(a_backfill())
    assert last(a_backfill()).known == 3


@pytest.mark.parametrize("steps", range(1, 8))
def test_stopped_anywhere_it_goes_on_and_leaves_nothing_out(a_backfill: Any, chronicle: Chronicle, steps: int) -> None:
    list(islice(a_backfill().run(), steps))
    last(a_backfill())
    assert {job.document.key for job in chronicle.jobs(Selection())} == {"a.png", "d.png", "e.png"}


def test_it_goes_on_behind_what_was_listed_before(a_backfill: Any) -> None:
    run = a_backfill().run()
    while next(run).listed < 4:
        pass
    next(run)
    run.close()
    assert last(a_backfill()).listed < len(KEYS)


def test_a_word_that_the_store_refuses_begins_anew(
    a_backfill: Any, minio_bucket: Store, database: Database, clock: Clock
) -> None:
    minio_bucket.put("in/a.png", b"pixels")
    Bookmarks(database, clock).note_backfill("scans", "", "what was that again?")
    assert last(a_backfill(minio_bucket)).new == 1


def test_a_dry_run_counts_and_notes_nothing(a_backfill: Any, chronicle: Chronicle) -> None:
    assert last(a_backfill(dry=True)).new == 3
    assert chronicle.jobs(Selection()) == []


def test_no_more_are_noted_than_the_rate_allows(a_backfill: Any) -> None:
    pauses: list[float] = []
    last(a_backfill(rate=0.5, sleep=pauses.append))
    assert sum(pauses) == pytest.approx(3 / 0.5)
