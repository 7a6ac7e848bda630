"""Figures go the way of the document that they are in, and what is left of it never refers to one that is not there."""

import re
from dataclasses import replace

import pytest

from builders import a_figure, a_reading, an_illustrated_page
from folders import tree
from lanes import BOTH, Site, read_as_told
from ocr_inbox.errors import PipelineUnavailableError, ReaderCrashedError
from ocr_inbox.model import JobState, Output
from ocr_inbox.ports import Outcome
from ocr_inbox.reading import Reading, Window

pytestmark = pytest.mark.timeout(30)

LOGO = b"\xff\xd8logo"


def _illustrated(window: Window) -> Outcome:
    """What `read_as_told` reads, with the logo and another picture on each page."""
    reading = read_as_told(window)
    if not isinstance(reading, Reading):
        return reading
    pages = tuple(an_illustrated_page(LOGO, _picture(page.index), index=page.index) for page in reading.pages)
    return replace(a_reading(pages=pages), sha256=reading.sha256, page_total=reading.page_total)


def _picture(page: int) -> bytes:
    return b"\xff\xd8picture on page %d, with bytes that are no text: \xfe\x00" % page


def _shown(site: Site, key: str) -> dict[str, bytes]:
    """What the markdown refers to, by where that is; it refers to nothing that is not there."""
    addresses = re.findall(r'<img src="([^"]*)"', (site.root / f"{key}.ocr.md").read_text(encoding="utf-8"))
    return {address: (site.root / address).read_bytes() for address in addresses}


def _expected(key: str, *contents: bytes) -> dict[str, bytes]:
    return {f"{key}.ocr.figures/{a_figure(content).name}": content for content in contents}


def test_the_figures_of_all_pages_lie_in_a_folder_beside_the_markdown(site: Site) -> None:
    site.readers.script["a.pdf"] = [_illustrated] * 3
    site.drop("a.pdf", content=b"9 pages", outputs=BOTH)
    (job,) = site.serve()
    assert job.state is JobState.DONE
    shown = _shown(site, "a.pdf")
    assert shown == _expected("a.pdf", LOGO, *map(_picture, range(9)))
    assert tree(site.root).keys() == {"a.pdf", "a.pdf.ocr.json", "a.pdf.ocr.md", *shown}


def test_figures_are_asked_for_only_where_markdown_is_wanted(site: Site) -> None:
    site.drop("a.pdf", content=b"9 pages", outputs=BOTH)
    site.drop("b.pdf", content=b"9 pages", outputs=(Output.JSON, Output.HOCR))
    site.serve(outcomes=2)
    assert {(window.source.path, window.figures) for window in site.readers.asked} == {
        ("a.pdf", True),
        ("b.pdf", False),
    }


def test_figures_of_windows_that_were_read_before_a_failure_are_kept(site: Site) -> None:
    away = PipelineUnavailableError("cannot read it now")
    site.readers.script["a.pdf"] = [_illustrated, _illustrated, away, _illustrated]
    site.drop("a.pdf", content=b"9 pages", outputs=BOTH)
    assert site.serve()[0].state is JobState.WAITING
    site.clock.now += 60
    assert site.serve()[0].state is JobState.DONE
    assert [window.first_page for window in site.readers.asked] == [0, 1, 5, 5]
    assert _shown(site, "a.pdf") == _expected("a.pdf", LOGO, *map(_picture, range(9)))


def test_a_new_version_has_its_own_figures_and_no_others(site: Site) -> None:
    site.readers.script["a.pdf"] = [_illustrated] * 3
    site.drop("a.pdf", content=b"9 pages", outputs=BOTH)
    site.serve()
    site.readers.script["a.pdf"] = [_illustrated]
    site.drop("a.pdf", content=b"1 pages", outputs=BOTH)
    site.serve()
    assert _shown(site, "a.pdf") == _expected("a.pdf", LOGO, _picture(0))
    site.drop("a.pdf", content=b"only text", outputs=BOTH)
    site.serve()
    assert tree(site.root).keys() == {"a.pdf", "a.pdf.ocr.json", "a.pdf.ocr.md"}


def test_the_searchable_pdf_is_made_without_the_figures(site: Site) -> None:
    site.readers.script["a.pdf"] = [_illustrated]
    site.drop("a.pdf", content=b"1 pages", outputs=(*BOTH, Output.PDF))
    site.serve()
    assert [page.figures for page in site.readers.asked[-1].text] == [()]


def test_a_version_that_is_given_up_does_not_part_the_one_before_from_its_figures(site: Site) -> None:
    """Its markdown stays, as it always did."""
    site.archiving()
    site.readers.script["a.pdf"] = [_illustrated, *[ReaderCrashedError("cannot read it: its reader died")] * 3]
    site.drop("a.pdf", content=b"1 pages", outputs=BOTH)
    site.serve()
    site.drop("a.pdf", content=b"2 pages", outputs=BOTH)
    for _ in range(3):
        (job,) = site.serve()
        site.clock.now += 600
    assert job.state is JobState.BURIED
    assert _shown(site, "a.pdf") == _expected("a.pdf", LOGO, _picture(0))
    assert tree(site.root.parent / "failed").keys() == {"a.pdf", "a.pdf.ocr.json"}
