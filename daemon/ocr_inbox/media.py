"""What kind of file these bytes are, by content and never by name."""

HEAD_BYTES = 1024
"""How much of a file `media_type` wants to see; a PDF may begin that late (ISO 32000-1, note 13 of annex H)."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
"""The sizes of information header that BMP has had; "BM" alone also begins many a text file."""


def media_type(head: bytes) -> str | None:
    """The media type of a file that begins with `head`, or None where no pipeline reads it."""
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    if b"%PDF-" in head[:HEAD_BYTES]:
        return "application/pdf"
    return None


_EXTENSIONS = (".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".pdf")


def named_like_a_document(key: str) -> bool:
    """Whether whoever named the file meant it to be read; only this decides who hears of unreadable content."""
    return key.lower().endswith(_EXTENSIONS)
