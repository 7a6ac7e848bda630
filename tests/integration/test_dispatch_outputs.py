"""Everything that a rule can ask for is left beside the document, and none of it is ever read."""

import threading
from dataclasses import replace

import pytest

from builders import a_reading, a_table
from folders import put, tree
from lanes import Site, read_as_told
from ocr_inbox.model import JobState, Output
from ocr_inbox.ports import Outcome
from ocr_inbox.reading import Bound, Page, Reading, Window
from ocr_inbox.sidecar import SUFFIXES

pytestmark = pytest.mark.timeout(30)

ALL = tuple(Output)


def _a_table(window: Window) -> Outcome:
    reading = read_as_told(window)
    assert isinstance(reading, Reading)
    pages = (Page(index=0, width=600, height=800, tables=(a_table(["Rope", "84.00"]),)),)
    return replace(a_reading(pages=pages), sha256=reading.sha256)


def test_every_output_that_is_asked_for_is_delivered(site: Site) -> None:
    site.drop("a.png", outputs=ALL)
    (job,) = site.serve()
    assert job.state is JobState.DONE
    assert tree(site.root).keys() == {"a.png", *("a.png" + suffix for suffix in SUFFIXES.values())}


def test_no_output_is_ever_taken_for_a_document(site: Site) -> None:
    site.drop("a.png", outputs=ALL)
    site.serve()
    put(site.root, "b.png")
    keys: list[str] = []
    for batch in site.inbox.arrivals(threading.Event()):
        keys += [arrival.document.key for arrival in batch]
        if "b.png" in keys:
            break
    assert sorted(keys) == ["a.png", "b.png"]


def test_the_pdf_is_made_by_a_reader_from_what_was_read(site: Site) -> None:
    site.drop("a.png", content=b"9 pages", outputs=(Output.JSON, Output.PDF))
    site.serve()
    assert tree(site.root)["a.png.ocr.pdf"] == b"%PDF-1.7"
    assert [page.index for page in site.readers.asked[-1].text] == list(range(9))
    assert site.sidecar("a.png")["warnings"] == []


def test_a_document_that_changes_before_its_pdf_is_made_is_let_go(site: Site) -> None:
    def rewritten(_: Window) -> Outcome:
        return Bound(sha256="0" * 64, pdf=b"%PDF-1.7")

    site.readers.script["a.png"] = [read_as_told, rewritten]
    site.drop("a.png", outputs=(Output.JSON, Output.PDF))
    (job,) = site.serve()
    assert (job.state, job.code) == (JobState.SKIPPED, "superseded")
    assert tree(site.root).keys() == {"a.png"}


def test_a_rule_that_asks_for_tables_where_there_are_none_gets_a_warning(site: Site) -> None:
    site.drop("a.png", outputs=(Output.JSON, Output.CSV, Output.XLSX))
    (job,) = site.serve()
    assert job.state is JobState.DONE
    assert tree(site.root)["a.png.ocr.csv"] == b""
    assert site.sidecar("a.png")["warnings"] == [
        "the csv is empty: no table was found",
        "the xlsx is empty: no table was found",
    ]


def test_the_tables_of_a_version_before_do_not_outlive_it(site: Site) -> None:
    site.readers.script["a.png"] = [_a_table]
    site.drop("a.png", outputs=(Output.JSON, Output.CSV))
    site.serve()
    assert tree(site.root)["a.png.ocr.csv"].endswith(b"Rope,84.00\r\n")
    assert site.sidecar("a.png")["warnings"] == []
    site.drop("a.png", content=b"only text", outputs=(Output.JSON, Output.CSV))
    site.serve()
    assert tree(site.root)["a.png.ocr.csv"] == b""
