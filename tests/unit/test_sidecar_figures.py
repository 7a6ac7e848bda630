"""The markdown of a document comes with its figures, each once, and refers to them where they will be."""

from dataclasses import replace

from builders import a_figure, a_job, a_reading, an_illustrated_page
from ocr_inbox.model import Job, Output
from ocr_inbox.reading import Deliverable, Page
from ocr_inbox.sidecar import Provenance, render

PHOTO, CHART = b"\xff\xd8photo", b"\xff\xd8chart"
PROVENANCE = Provenance(uri="file:///a.png", config_digest="d", now=2.0, figures="a%20b.png.ocr.figures")


def _job(*outputs: Output) -> Job:
    job = a_job()
    return replace(job, assignment=replace(job.assignment, outputs=(Output.JSON, *outputs)))


def _markdown(*pages: Page) -> Deliverable:
    markdown, _ = render(_job(Output.MARKDOWN), a_reading(pages=pages), PROVENANCE)
    return markdown


def test_figures_of_all_pages_are_linked_and_delivered_once() -> None:
    markdown = _markdown(an_illustrated_page(PHOTO, CHART), an_illustrated_page(PHOTO, index=1))
    assert markdown.figures == (a_figure(PHOTO), a_figure(CHART))
    assert markdown.content.count(f'"a%20b.png.ocr.figures/{a_figure(PHOTO).name}"'.encode()) == 2
    assert markdown.content.count(b"<img src=") == 3


def test_a_figure_that_was_not_brought_along_is_said_to_be_left_out() -> None:
    """It was too large, or one too many."""
    markdown = _markdown(replace(an_illustrated_page(PHOTO), figures=()))
    assert (markdown.content, markdown.figures) == (b"(figure left out)\n", ())


def test_only_markdown_brings_figures() -> None:
    deliverables = render(_job(Output.HOCR), a_reading(pages=(an_illustrated_page(PHOTO),)), PROVENANCE)
    assert [deliverable.figures for deliverable in deliverables] == [(), ()]
