"""The multipart form of an upload, parsed while it arrives: its files go to disk, its fields are remembered."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ocr_inbox.errors import TooLargeError
from ocr_inbox_api.refusals import FileRequiredError, InvalidParameterError, MalformedBodyError, UploadTimeoutError
from ocr_inbox_api.wishes import NAMES, Field

_ENVELOPE_BYTES = 64 * 1024
"""What a body may have beside its files: boundaries, headers of parts and the other fields."""

_MOST_OTHER_PARTS = 14
_PARTS_A_FILE = 2
"""Itself, and a field that is about it."""
_MOST_HEADER_BYTES = 4096
_MOST_FIELD_BYTES = 256

Write = Callable[[bytes], None]
"""Takes the next piece of a file."""
OpenFile = Callable[[], Write]
"""Called when another file begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a form may carry: so many files, in parts of these names, of so many bytes together."""

    file_bytes: int
    files: int = 1
    names: tuple[str, ...] = ("file",)

    @property
    def bytes(self) -> int:
        """The most of a whole body."""
        return self.file_bytes + _ENVELOPE_BYTES

    @property
    def parts(self) -> int:
        """The most parts of any name."""
        return _MOST_OTHER_PARTS + _PARTS_A_FILE * self.files

    def demand_fitting(self, request: Request) -> None:
        """Raises TooLargeError where a request declares more than it may carry."""
        declared = request.headers.get("content-length", "0")
        if int(declared) > self.bytes:
            raise TooLargeError(f"the body has {declared} bytes; {self.file_bytes} may be sent in one request")


def boundary_of(content_type: str | None) -> bytes:
    """What divides the parts of the body; raises FileRequiredError where it is no form that could carry a file."""
    kind, parameters = parse_options_header(content_type)
    if kind.lower() != b"multipart/form-data":
        raise FileRequiredError("send it as multipart/form-data, in a part named file")
    boundary = parameters.get(b"boundary", b"")
    if not boundary:
        raise MalformedBodyError("the Content-Type header names no boundary")
    return boundary


async def receive(request: Request, open_file: OpenFile, allowance: Allowance, seconds: float) -> tuple[Field, ...]:
    """Take the whole body of a request, its files through `open_file`, whose failures are passed on.

    Raises FileRequiredError, TooLargeError, InvalidParameterError, MalformedBodyError, UploadTimeoutError after
    `seconds`, and ClientDisconnect.
    """
    form = Form(boundary_of(request.headers.get("content-type")), open_file, allowance)
    try:
        with anyio.fail_after(seconds):
            async for piece in request.stream():
                await run_in_threadpool(form.take, piece)
    except TimeoutError as error:
        raise UploadTimeoutError(f"the body did not arrive within {seconds:g} seconds") from error
    return form.finish()


class Form:
    """Remembers where in the body we are; raises what `receive` raises."""

    def __init__(self, boundary: bytes, open_file: OpenFile, allowance: Allowance) -> None:
        self._open_file = open_file
        self._allowance = allowance
        self._bytes = self._parts = self._files = self._header_bytes = 0
        self._header = self._value = self._disposition = b""
        self._name = ""
        self._content = b""
        self._write: Write | None = None
        self._fields: list[Field] = []
        self._whole = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._take_header,
                    "on_header_value": self._take_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_content,
                    "on_part_data": self._take_content,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise MalformedBodyError("the boundary in the Content-Type header is too long") from error

    def take(self, piece: bytes) -> None:
        """Take the next piece of the body; blocks while a file is written."""
        self._bytes += len(piece)
        if self._bytes > self._allowance.bytes:
            raise TooLargeError(f"the body is over the limit of {self._allowance.bytes} bytes")
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise MalformedBodyError("the body is not a whole multipart form") from error

    def finish(self) -> tuple[Field, ...]:
        """The fields in order, now that the body is complete."""
        if not self._whole:
            raise MalformedBodyError("the body ends before its last boundary")
        if not self._files:
            raise FileRequiredError(f"send it in a part named {self._allowance.names[0]}")
        return tuple(self._fields)

    def _begin_part(self) -> None:
        self._parts += 1
        self._header_bytes = 0
        self._disposition = self._content = b""
        self._write = None
        if self._parts > self._allowance.parts:
            raise MalformedBodyError(f"the form has more than {self._allowance.parts} parts")

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._header += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._count_header(end - start)
        self._value += data[start:end]

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise MalformedBodyError(f"a part of the form has more than {_MOST_HEADER_BYTES} bytes of headers")

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _begin_content(self) -> None:
        _, parameters = parse_options_header(self._disposition)
        self._name = parameters.get(b"name", b"").decode("latin-1")
        if self._name in self._allowance.names:
            self._files += 1
            if self._files > self._allowance.files:
                most = "one file" if self._allowance.files == 1 else f"{self._allowance.files} files"
                raise InvalidParameterError(f"{self._name}: there are too many; send at most {most} a request")
            self._write = self._open_file()

    def _take_content(self, data: bytes, start: int, end: int) -> None:
        if self._write:
            self._write(data[start:end])
        elif self._name in NAMES:
            self._content += data[start:end]
            if len(self._content) > _MOST_FIELD_BYTES:
                raise InvalidParameterError(f"{self._name}: is over the limit of {_MOST_FIELD_BYTES} bytes")

    def _end_part(self) -> None:
        if self._name in NAMES:
            self._fields.append(Field(name=self._name, value=self._content))

    def _end(self) -> None:
        self._whole = True
