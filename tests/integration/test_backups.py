"""A folder of copies of the ledger."""

import os
from pathlib import Path

import pytest

from ledgers import enqueued
from ocr_inbox.backups import add_backup
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.database import Database
from ocr_inbox.ledger import Ledger

DAY = 86400.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


def test_a_copy_holds_what_the_ledger_held(ledger: Ledger, folder: Path) -> None:
    enqueued(ledger, "a", "b")
    copy = add_backup(ledger.database, folder, keep=3, now=0.0)
    assert copy.name == "ledger-19700101T000000Z.sqlite"
    with Database(copy) as database:
        assert len(Chronicle(database).jobs(Selection())) == 2


def test_the_newest_are_kept_and_nothing_else_is_touched(ledger: Ledger, folder: Path) -> None:
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    copies = [add_backup(ledger.database, folder, keep=2, now=day * DAY) for day in range(4)]
    assert sorted(folder.iterdir()) == [*copies[2:], folder / "notes.txt"]


def test_what_a_killed_copy_left_is_removed_and_one_that_is_being_made_is_not(ledger: Ledger, folder: Path) -> None:
    killed, in_the_making = folder / ".ab.unfinished", folder / ".cd.unfinished"
    for half, written in (killed, 0.0), (in_the_making, 2 * DAY):
        half.write_bytes(b"half")
        os.utime(half, (written, written))
    copy = add_backup(ledger.database, folder, keep=1, now=2 * DAY)
    assert sorted(folder.iterdir()) == [in_the_making, copy]


def test_a_copy_is_for_those_whom_the_ledger_is_for_and_the_umask_allows(ledger: Ledger, folder: Path) -> None:
    ledger.database.path.chmod(0o660)
    before = os.umask(0o027)
    try:
        copy = add_backup(ledger.database, folder, keep=1, now=0.0)
    finally:
        os.umask(before)
    assert copy.stat().st_mode & 0o777 == 0o640
