"""TIFF directories, which TIFF files and EXIF blocks share, read within bounds and trusted in nothing."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_ORIENTATION = 0x0112
_SHORT = 3
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How a file writes its directories: `first` is where the offset of the first one stands."""

    first: int
    offset: struct.Struct
    count: struct.Struct
    entry: struct.Struct


def _layout(data: bytes) -> _Layout:
    order = "<" if data[:2] == b"II" else ">"
    if data[2:4] in (b"+\x00", b"\x00+"):
        return _Layout(
            first=8,
            offset=struct.Struct(order + "Q"),
            count=struct.Struct(order + "Q"),
            entry=struct.Struct(order + "HHQ8s"),
        )
    return _Layout(
        first=4,
        offset=struct.Struct(order + "L"),
        count=struct.Struct(order + "H"),
        entry=struct.Struct(order + "HHL4s"),
    )


def frame_offsets(data: bytes, most: int) -> tuple[int, ...]:
    """Where each frame of a TIFF file has its directory, at most `most` of them.

    The last one may lie beyond the end: in a file that was cut off, that frame is known to be missing.
    """
    layout = _layout(data)
    found: dict[int, None] = {}
    offset = _number(layout.offset, data, layout.first)
    # Pillow, too, takes a directory that comes round again for the end.
    while offset and offset not in found and len(found) < most:
        found[offset] = None
        entries = _number(layout.count, data, offset)
        offset = _number(layout.offset, data, offset + layout.count.size + entries * layout.entry.size)
    return tuple(found)


def beginning_with(data: bytes, offset: int) -> bytes:
    """The same TIFF file, but with the directory at `offset` as its first."""
    layout = _layout(data)
    pointer = layout.offset.pack(offset)
    if data[layout.first : layout.first + len(pointer)] == pointer:
        return data
    return b"".join((data[: layout.first], pointer, data[layout.first + len(pointer) :]))


def claimed_bytes(data: bytes, offset: int) -> int:
    """How much memory the values of the directory at `offset` would take, were they all loaded."""
    claimed = 0
    for _, kind, count, value in _entries(data, _layout(data), offset):
        size = count * _TYPE_BYTES.get(kind, 0)
        if size > len(value):
            claimed += min(size, len(data))
    return claimed


def orientation(exif: bytes) -> int:
    """The EXIF orientation, 1 to 8; 1, upright as stored, where the block has none or is damaged."""
    block = exif.removeprefix(b"Exif\x00\x00")
    layout = _layout(block)
    for offset in frame_offsets(block, 1):
        for tag, kind, _, value in _entries(block, layout, offset):
            if (tag, kind) == (_ORIENTATION, _SHORT):
                (turn,) = struct.unpack_from(layout.entry.format[0] + "H", value)
                return turn if turn in range(1, 9) else 1
    return 1


def _entries(data: bytes, layout: _Layout, offset: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Tag, type, count and value field of each entry that the data hold."""
    begin = offset + layout.count.size
    whole = min(_number(layout.count, data, offset), max(0, len(data) - begin) // layout.entry.size)
    yield from layout.entry.iter_unpack(data[begin : begin + whole * layout.entry.size])


def _number(field: struct.Struct, data: bytes, place: int) -> int:
    """What `field` reads at `place`; 0, which ends a chain and counts nothing, where the data end before it."""
    number = data[place : place + field.size]
    return int(field.unpack(number)[0]) if len(number) == field.size else 0
