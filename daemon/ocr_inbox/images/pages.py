"""The limits that a document must keep, and what it turns into: pages of upright pixels."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a document a reader takes on.

    `max_bytes`: an A3 colour scan at 600 dpi has 209 MB uncompressed, and a file is held in memory whole.
    `max_pixels` of one page: the same scan has 70 million; 100 million take 700 MB while they are decoded,
    4 bytes each inside Pillow and 3 in the result, and twice that in the rare TIFF of floating-point numbers.
    `max_pages`: far above any letter or report, far below what would hold a queue up for hours.
    `pdf_dpi`: at 200 dots per inch 6-point print is 17 pixels high; the text models read lines of 48 pixels
    and detect them down to about 10. Scans in a PDF carry no more detail than they were made with.
    """

    max_bytes: int = 256 * 2**20
    max_pixels: int = 100_000_000
    max_pages: int = 2_000
    pdf_dpi: int = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PageImage:
    """One page; `index` counts from 0, `pixels` are height x width x 3, BGR, upright, C-contiguous, writable."""

    index: int
    pixels: NDArray[np.uint8]

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
