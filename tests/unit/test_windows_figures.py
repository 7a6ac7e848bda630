"""However many figures a document has, only so many of them are held in memory."""

from builders import a_reading, an_illustrated_page
from ocr_inbox.windows import FigureRoom


def test_pages_for_whose_figures_there_is_no_room_come_without_them_and_later_smaller_ones_with() -> None:
    pages = tuple(an_illustrated_page(bytes([index]) * size, index=index) for index, size in enumerate((6, 6, 4)))
    room = FigureRoom(left=10)
    reading = room.fitting(a_reading(pages=pages))
    assert [len(page.figures) for page in reading.pages] == [1, 0, 1]
    assert [page.markdown for page in reading.pages] == [page.markdown for page in pages]
    assert reading.warnings == ("figures were left out: this document has more than 128 MiB of them",)
    assert room.fitting(a_reading(pages=pages)).pages[2].figures == ()


def test_what_fits_comes_as_it_is() -> None:
    reading = a_reading(pages=(an_illustrated_page(b"photo"),))
    assert FigureRoom().fitting(reading) is reading
