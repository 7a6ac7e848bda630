"""Figures are taken out of PaddleX's markdown as it really is: images by path, and text that refers to some of them."""

import io
from typing import Any

import pytest
from PIL import Image

from ocr_inbox.figures import linked
from ocr_inbox.paddle import figures as module
from ocr_inbox.paddle.figures import taken_out
from pages import render_photo

PATH = "imgs/img_in_image_box_1_2_3_4.jpg"
OTHER = "imgs/img_in_image_box_1_2_3_40.jpg"


def _markdown(text: str, **images: Image.Image) -> dict[str, Any]:
    return {"markdown_texts": text, "markdown_images": {f"imgs/{name}.jpg": image for name, image in images.items()}}


def _both(photo: Image.Image, other: Image.Image) -> dict[str, Any]:
    text = (
        f'<img src="{PATH}" alt="Image" width="40%" />\n\n![]({OTHER})\n\n<td><img src="{PATH}" alt="Image"" /></td>\n'
    )
    return {"markdown_texts": text, "markdown_images": {PATH: photo, OTHER: other}}


def test_every_reference_to_a_figure_is_by_its_name() -> None:
    text, (photo, other) = taken_out(_both(render_photo(64, 48), render_photo(64, 48, seed=1)))
    assert "imgs/" not in text
    seen: list[str] = []
    linked(text, lambda name: seen.append(name) or name)
    assert seen == [photo.name, other.name, photo.name]
    with Image.open(io.BytesIO(photo.content)) as image:
        assert (image.format, image.size) == ("JPEG", (64, 48))


def test_the_same_picture_is_the_same_bytes_and_one_figure() -> None:
    first = taken_out(_both(render_photo(64, 48), render_photo(64, 48)))
    again = taken_out(_both(render_photo(64, 48), render_photo(64, 48)))
    assert first == again
    assert len(first[1]) == 1


def test_pictures_that_no_text_refers_to_are_not_taken() -> None:
    assert taken_out(_markdown(" only text\n", seal=render_photo(64, 48))) == ("only text", ())


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (66_000, 1)])
def test_a_picture_that_jpeg_cannot_hold_harms_nobody(size: tuple[int, int]) -> None:
    text, figures = taken_out(_markdown("![](imgs/wide.jpg)", wide=Image.new("RGB", size)))
    assert figures == ()
    assert linked(text, lambda _: None) == "(figure left out)"


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1"])
def test_a_picture_may_have_any_mode(mode: str) -> None:
    _, (figure,) = taken_out(_markdown("![](imgs/a.jpg)", a=render_photo(64, 48).convert(mode)))
    assert figure.content.startswith(b"\xff\xd8")


def test_the_figures_of_a_page_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, small = render_photo(256, 256), render_photo(16, 16)
    markdown = _markdown("![](imgs/photo.jpg) ![](imgs/small.jpg)", photo=photo, small=small)
    _, whole = taken_out(markdown)
    monkeypatch.setattr(module, "_MOST_BYTES", len(whole[0].content) - 1)
    text, figures = taken_out(markdown)
    assert figures == whole[1:]
    assert (
        linked(text, lambda name: name if name == whole[1].name else None) == f"(figure left out) ![]({whole[1].name})"
    )
