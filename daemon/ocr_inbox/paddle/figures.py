"""Figures as PaddleX cuts them out of a page: encoded, named after their content, and referred to by that name."""

import io
from typing import TYPE_CHECKING, Any

from ocr_inbox.figures import name_of
from ocr_inbox.reading import Figure

if TYPE_CHECKING:
    from PIL import Image

_MOST_BYTES = 16 << 20
"""Of the figures of one page: a photo over a whole A4 page at 300 dpi takes about 2.5 MB."""
_QUALITY = 85
"""JPEG as PaddleX and others save figures; a PNG of a photo is eight times as large."""
_LONGEST_SIDE = 65_500
"""Pixels that libjpeg can encode."""


def taken_out(markdown: dict[str, Any]) -> tuple[str, tuple[Figure, ...]]:
    """The text of a page's markdown, which refers to its figures by their names, and the figures.

    One that cannot be encoded, or no longer fits, is referred to without being there.
    """
    text: str = markdown["markdown_texts"].strip()
    figures: dict[str, Figure] = {}
    room = _MOST_BYTES
    for path, image in markdown["markdown_images"].items():
        quoted, in_brackets = f'src="{path}"', f"]({path})"
        if quoted not in text and in_brackets not in text:
            continue
        content = _encoded(image)
        name = name_of(content)
        text = text.replace(quoted, f'src="{name}"').replace(in_brackets, f"]({name})")
        if content and name not in figures and len(content) <= room:
            figures[name] = Figure(name=name, content=content)
            room -= len(content)
    return text, tuple(figures.values())


def _encoded(image: "Image.Image") -> bytes:
    if not 0 < min(image.size) <= max(image.size) <= _LONGEST_SIDE:
        return b""
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
