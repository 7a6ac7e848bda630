"""Lines of a stream that may never end one."""

from collections.abc import Iterator


class Lines:
    """Remembers the line that has begun, without the blanks before it and without what is over `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that end in `chunk`; one that is too long comes with one byte more than `most`."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._add(end)
            line = bytes(self._begun)
            self._begun.clear()
            if line:
                yield line
        self._add(rest)

    def _add(self, piece: bytes) -> None:
        if not self._begun:
            piece = piece.lstrip()
        self._begun += piece[: self._most + 1 - len(self._begun)]
