"""Markdown refers to its figures where they are, and never to one that is not there."""

import base64

import pytest

from ocr_inbox.figures import is_name, linked, name_of, self_contained

PHOTO, CHART = b"\xff\xd8photo", b"\xff\xd8chart"
PHOTO_NAME, CHART_NAME = name_of(PHOTO), name_of(CHART)
FORMS = (
    '<div style="text-align: center;"><img src="{}" alt="Image" width="67%" /></div>',
    '<td><img src="{}" alt="Image"" /></td>',
    "![]({})",
)


def test_a_name_says_what_is_in_the_figure() -> None:
    assert name_of(PHOTO) == name_of(bytes(PHOTO))
    assert name_of(PHOTO) != name_of(CHART)
    assert is_name(PHOTO_NAME)


@pytest.mark.parametrize(
    "name", ["", "a.jpg", "../" + PHOTO_NAME, PHOTO_NAME + "\n", PHOTO_NAME.upper(), "x" + PHOTO_NAME]
)
def test_nothing_else_is_the_name_of_a_figure(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("folder", ["", "./", "scan%201.pdf.ocr.figures/"])
def test_a_reference_is_moved_to_where_its_figure_is(form: str, folder: str) -> None:
    text = f"before {form.format(folder + PHOTO_NAME)} after"
    assert linked(text, lambda name: f"there/{name}") == f"before {form.format('there/' + PHOTO_NAME)} after"


@pytest.mark.parametrize("form", FORMS)
def test_a_figure_that_is_nowhere_is_said_to_be_left_out(form: str) -> None:
    text = linked(f"before {form.format(PHOTO_NAME)} after", lambda _: None)
    assert "(figure left out)" in text
    assert PHOTO_NAME not in text
    assert (text.startswith("before "), text.endswith(" after")) == (True, True)


def test_text_that_only_speaks_of_a_figure_is_left_alone() -> None:
    text = f'{PHOTO_NAME}, ![a]({PHOTO_NAME}), ![](http://example.org/a.jpg), <img src="b.jpg">'
    assert linked(text, lambda _: None) == text


def test_figures_can_be_put_inside() -> None:
    figures = {PHOTO_NAME: PHOTO, CHART_NAME: CHART}
    text = self_contained(f"![](f/{PHOTO_NAME}) ![](f/{CHART_NAME})".encode(), figures.get, 100).decode()
    addresses = [part.partition(")")[0] for part in text.split("](data:image/jpeg;base64,")[1:]]
    assert [base64.b64decode(address) for address in addresses] == [PHOTO, CHART]


def test_figures_that_would_be_too_much_are_left_out_and_smaller_ones_are_not() -> None:
    small = b"\xff\xd8"
    figures = {PHOTO_NAME: PHOTO, CHART_NAME: CHART, name_of(small): small}
    text = self_contained("".join(f"![]({name})" for name in figures).encode(), figures.get, len(PHOTO) + len(small))
    assert text.count(b"data:image/jpeg") == 2
    assert text.count(b"(figure left out)") == 1


def test_markdown_of_somebody_else_keeps_its_bytes() -> None:
    assert self_contained(b"caf\xe9 \xff\n", lambda _: None, 100) == b"caf\xe9 \xff\n"
