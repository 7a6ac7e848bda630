"""What a document turns into: pages of upright pixels."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_inbox.reading import Page


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PageImage:
    """One page; `index` counts from 0, `pixels` are height x width x 3, BGR, upright, C-contiguous, writable.

    `resolution` is what the file says of itself, believed or not: dots per inch across and down the upright page.
    """

    index: int
    pixels: NDArray[np.uint8]
    resolution: tuple[float, float] | None = None

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])


class Pages(Protocol):
    """An open document: each page is decoded afresh, so that a broken one costs only itself."""

    @property
    def media_type(self) -> str:
        """The type by content, such as "image/tiff"."""

    @property
    def page_total(self) -> int:
        """How many pages the document says it has, at least 1."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know about the pages decoded so far, a sentence each."""

    def decode(self, index: int) -> PageImage:
        """Decode the page that `index` counts from 0.

        Raises TooLargeError where the page has too many pixels and UnreadableDocumentError where it is damaged;
        the other pages are none the worse for it. IndexError beyond `page_total`.
        """

    def embedded(self, index: int) -> Page | None:
        """The page as the text that it carries says; None where that is not wanted or not to be had.

        Then the page has to be decoded and read. IndexError beyond `page_total`.
        """
