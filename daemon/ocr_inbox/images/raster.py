"""Documents that Pillow decodes: an image, or a TIFF with a page in every frame."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

# Naming these two spares the first reading the import of all of Pillow's other formats.
from PIL import Image, ImageFile, TiffImagePlugin, WebPImagePlugin

from ocr_inbox.errors import TooLargeError, UnreadableDocumentError
from ocr_inbox.images.directories import beginning_with, claimed_bytes, frame_offsets
from ocr_inbox.images.pages import PageImage
from ocr_inbox.images.pixels import upright_bgr, upright_resolution
from ocr_inbox.reading import Limits

_TIFF = "image/tiff"
_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/bmp": "BMP",
    "image/gif": "GIF",
    _TIFF: TiffImagePlugin.TiffImageFile.format,
    "image/webp": WebPImagePlugin.WebPImageFile.format,
}
_DIRECTORY_BYTES = 64 * 2**20
"""What the values of one TIFF directory may take: what Pillow allows the text in a PNG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterPages:
    """The pages of an image file; `frames` says where in a TIFF each page has its directory."""

    data: bytes
    media_type: str
    limits: Limits
    frames: tuple[int, ...] = (0,)
    warnings: tuple[str, ...] = ()

    @property
    def page_total(self) -> int:
        """How many frames a TIFF has; any other image is one page."""
        return len(self.frames)

    def decode(self, index: int) -> PageImage:
        """As `Pages.decode` promises."""
        if not 0 <= index < self.page_total:
            raise IndexError(index)
        with _opened(self, index) as image:
            resolution = upright_resolution(image)
            return PageImage(index=index, pixels=upright_bgr(image), resolution=resolution)

    def embedded(self, index: int) -> None:
        """As `Pages.embedded` promises: an image carries no text."""
        if not 0 <= index < self.page_total:
            raise IndexError(index)


def open_raster(data: bytes, media_type: str, limits: Limits) -> RasterPages:
    """Look at an image file as far as its header; `open_pages` says what is raised."""
    pages = RasterPages(data=data, media_type=media_type, limits=limits)
    if media_type == _TIFF:
        pages = replace(pages, frames=_frames(data, limits.max_pages))
    if pages.page_total > 1:
        return pages
    with _opened(pages, 0) as image:
        # The further images in an MPO are other views of the first, and no reader of JPEG shows them.
        animated = image.format != "MPO" and getattr(image, "is_animated", False)
    return replace(pages, warnings=("only the first frame of the animation was read",)) if animated else pages


def _frames(data: bytes, max_pages: int) -> tuple[int, ...]:
    frames = frame_offsets(data, max_pages + 1)
    if len(frames) > max_pages:
        raise TooLargeError(
            f"cannot read the document: it has more than {max_pages} frames; split it or raise the limit",
        )
    if not frames:
        raise UnreadableDocumentError("cannot read the document: this TIFF has no frame; save it again")
    return frames


@contextmanager
def _opened(pages: RasterPages, index: int) -> Iterator[Image.Image]:
    """The image of one page, its header read and found acceptable, its pixels not yet decoded."""
    data = pages.data
    subject = "the image" if pages.page_total == 1 else f"page {index + 1} of {pages.page_total}"
    with _failures_named(subject, pages), _pillow_limited(pages.limits):
        if pages.media_type == _TIFF:
            if claimed_bytes(data, pages.frames[index]) > max(_DIRECTORY_BYTES, 2 * len(data)):
                raise ValueError("the directory claims more than a file of this size can hold")
            # Were Pillow to seek, it would load the directories of all the pages before, for every page again.
            data = beginning_with(data, pages.frames[index])
        with Image.open(io.BytesIO(data), formats=[_FORMATS[pages.media_type]]) as image:
            yield image


@contextmanager
def _failures_named(subject: str, pages: RasterPages) -> Iterator[None]:
    try:
        yield
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise TooLargeError(
            f"cannot read {subject}: it has more than {pages.limits.max_pixels} pixels;"
            " scan it at a lower resolution or raise the limit",
        ) from error
    except MemoryError as error:
        raise TooLargeError(
            f"cannot read {subject}: decoding it takes more memory than there is; scan it at a lower resolution",
        ) from error
    # Pillow keeps no list of what it raises on hostile bytes: struct.error, KeyError, SyntaxError, RuntimeError …
    except Exception as error:
        raise UnreadableDocumentError(
            f"cannot read {subject}: its {pages.media_type} data are damaged, cut off or of a rare kind;"
            " open it in another program and save it again",
        ) from error


@contextmanager
def _pillow_limited(limits: Limits) -> Iterator[None]:
    """Pillow's process-wide switches, for as long as it works on this document.

    It compares the size in the header with its limit before it allocates anything; its warning, at the limit, is
    turned into an error, because its own error comes at twice the limit only.
    """
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = limits.max_pixels, False
    try:
        with warnings.catch_warnings():
            # What else it warns of, such as odd EXIF values, tells a person nothing about the page.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before
