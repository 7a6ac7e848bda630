"""A reader takes the text that pages carry where that is wanted, and its engine sees the other pages only."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from pydantic import TypeAdapter

from builders import NOW, a_job, a_page, an_engine
from ocr_inbox.errors import UnreadableDocumentError
from ocr_inbox.images.searchable import searchable_pdf, with_text
from ocr_inbox.model import Signature
from ocr_inbox.reader import LoadedReader
from ocr_inbox.reading import Engine, FileSource, Limits, Page, Reading, Window
from ocr_inbox.sidecar import Provenance, render
from pages import LINES, pdf_of, render_page, text_pdf, tiff_of

MORE = ("And this is the second page of it", "which has another two lines")
SHORT = ("17",)


@dataclass
class _Engine:
    """Says of each page that it was seen."""

    seen: list[int] = field(default_factory=list)

    def describe(self) -> Engine:
        return an_engine()

    def read(self, index: int, pixels: object) -> Page:
        assert pixels is not None
        self.seen.append(index)
        return a_page(f"seen {index}", index=index)


def _read(folder: Path, content: bytes, pdf_text: str, page_count: int = 9) -> tuple[Reading, list[int]]:
    (folder / "a").write_bytes(content)
    source = FileSource(root=str(folder), path="a", signature=Signature.of((folder / "a").stat()))
    engine = _Engine()
    reader = LoadedReader(engine=engine, limits=Limits(pdf_dpi=72), pdf_text=pdf_text)
    (reading,) = reader.read([Window(source=source, first_page=0, page_count=page_count)])
    assert isinstance(reading, Reading), reading
    return reading, engine.seen


def _texts(reading: Reading) -> list[list[str]]:
    return [[region.text for region in page.regions] for page in reading.pages]


def _lines_in(pdf: bytes) -> list[list[str]]:
    with pdfium.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_bounded().split("\r\n") for page in document]


@pytest.mark.parametrize(
    ("pdf_text", "texts", "seen"),
    [
        ("ocr", [["seen 0"], ["seen 1"], ["seen 2"]], [0, 1, 2]),
        ("auto", [list(LINES), ["seen 1"], list(MORE)], [1]),
        ("embedded", [list(LINES), list(SHORT), list(MORE)], []),
    ],
)
def test_the_engine_sees_only_pages_whose_text_is_not_taken(
    tmp_path: Path, pdf_text: str, texts: Sequence[Sequence[str]], seen: Sequence[int]
) -> None:
    reading, asked = _read(tmp_path, text_pdf([LINES, SHORT, MORE]), pdf_text)
    assert (_texts(reading), asked) == (texts, seen)
    assert [page.index for page in reading.pages if not page.embedded] == seen
    assert [(page.width, page.height) for page in reading.pages if page.embedded] == [(595, 842)] * (3 - len(seen))
    assert (reading.failed, reading.warnings) == ((), ())


def test_pages_that_carry_no_text_are_read_and_where_it_was_asked_for_that_is_said(tmp_path: Path) -> None:
    scan = pdf_of([render_page(LINES, dpi=50)] * 2)
    assert _read(tmp_path, scan, "auto")[0].warnings == ()
    reading, seen = _read(tmp_path, scan, "embedded")
    assert seen == [0, 1]
    assert reading.warnings == (
        "page 1 of 2 has no embedded text: it was left to OCR",
        "page 2 of 2 has no embedded text: it was left to OCR",
    )


@pytest.mark.parametrize("pdf_text", ["auto", "embedded"])
def test_images_are_read_as_ever(tmp_path: Path, pdf_text: str) -> None:
    reading, seen = _read(tmp_path, tiff_of([render_page(LINES, dpi=50)] * 2), pdf_text)
    assert (seen, reading.warnings) == ([0, 1], ())


def test_the_sidecar_names_the_pages_and_a_checkpoint_remembers_them(tmp_path: Path) -> None:
    reading, _ = _read(tmp_path, text_pdf([LINES, SHORT, MORE]), "auto")
    adapter = TypeAdapter(Reading)
    assert adapter.validate_json(adapter.dump_json(reading)) == reading
    provenance = Provenance(uri="file:///srv/a", config_digest="c0ffee", now=NOW)
    (sidecar,) = render(a_job(), reading, provenance)
    content = json.loads(sidecar.content)
    assert (content["embedded_pages"], content["failed_pages"]) == ([0, 2], [])
    assert content["result"]["text"] == "\n".join([*LINES, "seen 1", *MORE])


def test_a_searchable_pdf_has_each_text_once(tmp_path: Path) -> None:
    original = text_pdf([LINES, SHORT])
    reading, _ = _read(tmp_path, original, "auto")
    assert _lines_in(searchable_pdf(original, Limits(), reading.pages)) == [list(LINES), [*SHORT, "seen 1"]]


def test_a_pdf_that_nothing_can_be_added_to_is_drawn_with_the_text_that_it_had(tmp_path: Path) -> None:
    original = text_pdf([LINES, SHORT]).replace(b"/Contents 7 0 R", b"/CropBox [1 2]")
    reading, _ = _read(tmp_path, original, "auto")
    with pytest.raises(UnreadableDocumentError):
        with_text(original, reading.pages)
    assert _lines_in(searchable_pdf(original, Limits(pdf_dpi=72), reading.pages)) == [list(LINES), ["seen 1"]]
