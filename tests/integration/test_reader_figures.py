"""A reader brings the figures of its pages only where somebody wants them."""

from pathlib import Path

import pytest

from builders import an_engine, an_illustrated_page
from ocr_inbox.model import Signature
from ocr_inbox.reader import LoadedReader
from ocr_inbox.reading import Engine, FileSource, Limits, Page, Reading, Window
from pages import encoded, render_line


class _IllustratedEngine:
    def describe(self) -> Engine:
        return an_engine()

    def read(self, index: int, _: object) -> Page:
        return an_illustrated_page(b"\xff\xd8photo", index=index)


@pytest.mark.parametrize("wanted", [True, False])
def test_figures_come_where_they_are_asked_for(tmp_path: Path, *, wanted: bool) -> None:
    (tmp_path / "a.png").write_bytes(encoded(render_line("Invoice")))
    source = FileSource(root=str(tmp_path), path="a.png", signature=Signature.of((tmp_path / "a.png").stat()))
    window = Window(source=source, first_page=0, page_count=1, figures=wanted)
    (reading,) = LoadedReader(engine=_IllustratedEngine(), limits=Limits()).read([window])
    assert isinstance(reading, Reading)
    assert [len(page.figures) for page in reading.pages] == [int(wanted)]
