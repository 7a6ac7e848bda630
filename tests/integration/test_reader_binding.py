"""A reader makes the searchable PDF of pages that were read before, and its engine has no part in it."""

import hashlib
from pathlib import Path

import pypdfium2 as pdfium

from builders import a_page, an_engine
from ocr_inbox.model import Signature
from ocr_inbox.reader import LoadedReader
from ocr_inbox.reading import Bound, Engine, FileSource, Limits, Page, Window
from pages import encoded, render_page


class _IdleEngine:
    def describe(self) -> Engine:
        return an_engine()

    def read(self, index: int, pixels: object) -> Page:
        raise AssertionError((index, pixels))


def test_pages_that_were_read_become_a_pdf_with_their_text(tmp_path: Path) -> None:
    content = encoded(render_page(["Invoice"]))
    (tmp_path / "a.png").write_bytes(content)
    source = FileSource(root=str(tmp_path), path="a.png", signature=Signature.of((tmp_path / "a.png").stat()))
    window = Window(source=source, first_page=0, page_count=1, text=(a_page("Größe 日本"),))
    (bound,) = LoadedReader(engine=_IdleEngine(), limits=Limits()).read([window])
    assert isinstance(bound, Bound)
    assert bound.sha256 == hashlib.sha256(content).hexdigest()
    with pdfium.PdfDocument(bound.pdf) as document:
        assert document[0].get_textpage().get_text_bounded() == "Größe 日本"
