"""Safe decoding of hostile documents, inside a reader process: bytes in, upright pages out, one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from ocr_inbox.errors import TooLargeError, UnreadableDocumentError, UnsupportedTypeError
from ocr_inbox.images.pages import PageImage, Pages
from ocr_inbox.images.pdf import open_pdf
from ocr_inbox.images.raster import open_raster
from ocr_inbox.media import HEAD_BYTES, media_type
from ocr_inbox.reading import Limits

__all__ = ["PageImage", "Pages", "open_pages"]


@contextmanager
def open_pages(data: bytes, limits: Limits, pdf_text: str = "ocr") -> Iterator[Pages]:
    """Open a whole document for as long as the `with` block lasts; not for use by two threads at once.

    `pdf_text` says of which pages of a PDF the embedded text is wanted: "ocr" none, "embedded" all that carry any,
    "auto" those on which a person would read the same.

    What is raised here concerns the document, what `Pages.decode` raises that page alone.

    Raises UnsupportedTypeError, TooLargeError (bytes, pages), EncryptedDocumentError, UnreadableDocumentError,
    and for a document of a single image also what its header says against it.
    """
    kind = _acceptable_type(data, limits)
    if kind == "application/pdf":
        with open_pdf(data, limits, pdf_text) as pages:
            yield pages
    else:
        yield open_raster(data, kind, limits)


def _acceptable_type(data: bytes, limits: Limits) -> str:
    if not data:
        raise UnreadableDocumentError("cannot read the document: it is empty; store it again")
    if len(data) > limits.max_bytes:
        raise TooLargeError(
            f"cannot read the document: it has {len(data)} bytes and {limits.max_bytes} are allowed;"
            " split it or raise the limit",
        )
    kind = media_type(data[:HEAD_BYTES])
    if kind is None:
        raise UnsupportedTypeError(
            "cannot read the document: its content is none of JPEG, PNG, BMP, TIFF, WebP, GIF and PDF;"
            " convert it to one of these",
        )
    return kind
