"""The multipart form of an upload, parsed while it arrives: its file goes to disk, its wishes are remembered."""

from dataclasses import dataclass

import anyio
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ocr_inbox.errors import TooLargeError
from ocr_inbox.model import Output
from ocr_inbox_api.refusals import FileRequiredError, InvalidParameterError, MalformedBodyError, UploadTimeoutError
from ocr_inbox_api.uploads import Upload

ENVELOPE_BYTES = 64 * 1024
"""What a body may have beside the file: boundaries, headers of parts and the other fields."""

_MOST_PARTS = 16
_MOST_HEADER_BYTES = 4096
_MOST_FIELD_BYTES = 256
_FIELDS = ("compress", "format", "output_format")
_TRUTHS = {"": False, "0": False, "false": False, "no": False, "off": False}
_TRUTHS |= {"1": True, "true": True, "yes": True, "on": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a request asks for beside its file; `compressed` says that the client made the file smaller."""

    output: Output
    compressed: bool


def boundary_of(content_type: str | None) -> bytes:
    """What divides the parts of the body; raises FileRequiredError where it is no form that could carry a file."""
    kind, parameters = parse_options_header(content_type)
    if kind.lower() != b"multipart/form-data":
        raise FileRequiredError("send it as multipart/form-data, in a part named file")
    boundary = parameters.get(b"boundary", b"")
    if not boundary:
        raise MalformedBodyError("the Content-Type header names no boundary")
    return boundary


async def receive(request: Request, upload: Upload, most_file_bytes: int, seconds: float) -> Wishes:
    """Take the whole body of a request, the file into `upload`.

    Raises FileRequiredError, TooLargeError, UnsupportedTypeError, InvalidParameterError, MalformedBodyError,
    UploadTimeoutError after `seconds`, InfrastructureError, and ClientDisconnect.
    """
    form = Form(boundary_of(request.headers.get("content-type")), upload, most_file_bytes + ENVELOPE_BYTES)
    try:
        with anyio.fail_after(seconds):
            async for piece in request.stream():
                await run_in_threadpool(form.take, piece)
    except TimeoutError as error:
        raise UploadTimeoutError(f"the file did not arrive within {seconds:g} seconds") from error
    return form.finish()


class Form:
    """Remembers where in the body we are; raises what `receive` raises."""

    def __init__(self, boundary: bytes, upload: Upload, most_bytes: int) -> None:
        self._upload = upload
        self._most_bytes = most_bytes
        self._bytes = self._parts = 0
        self._header_bytes = 0
        self._header = self._value = b""
        self._disposition = b""
        self._name = ""
        self._fields: dict[str, bytes] = {}
        self._file_seen = self._whole = False
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
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise MalformedBodyError("the boundary in the Content-Type header is too long") from error

    def take(self, piece: bytes) -> None:
        """Take the next piece of the body; blocks while the file is written."""
        self._bytes += len(piece)
        if self._bytes > self._most_bytes:
            raise TooLargeError(f"the body is over the limit of {self._most_bytes} bytes")
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise MalformedBodyError("the body is not a whole multipart form") from error

    def finish(self) -> Wishes:
        """What was wished for, now that the body is complete."""
        if not self._whole:
            raise MalformedBodyError("the body ends before its last boundary")
        if not self._file_seen:
            raise FileRequiredError("send it in a part named file")
        return Wishes(output=self._output(), compressed=self._truth("compress"))

    def _begin_part(self) -> None:
        self._parts += 1
        self._header_bytes = 0
        self._disposition = b""
        if self._parts > _MOST_PARTS:
            raise MalformedBodyError(f"the form has more than {_MOST_PARTS} parts")

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
        if self._name in _FIELDS:
            self._fields[self._name] = b""
        elif self._name == "file":
            if self._file_seen:
                raise InvalidParameterError("file: there are several; send one file a request")
            self._file_seen = True

    def _take_content(self, data: bytes, start: int, end: int) -> None:
        if self._name == "file":
            self._upload.write(data[start:end])
        elif self._name in _FIELDS:
            self._fields[self._name] += data[start:end]
            if len(self._fields[self._name]) > _MOST_FIELD_BYTES:
                raise InvalidParameterError(f"{self._name}: is over the limit of {_MOST_FIELD_BYTES} bytes")

    def _end(self) -> None:
        self._whole = True

    def _word(self, name: str) -> str:
        return self._fields.get(name, b"").decode("utf-8", "replace").strip().lower()

    def _truth(self, name: str) -> bool:
        try:
            return _TRUTHS[self._word(name)]
        except KeyError as error:
            raise InvalidParameterError(f"{name}: is neither true nor false") from error

    def _output(self) -> Output:
        names = [name for name in ("format", "output_format") if self._word(name)]
        try:
            outputs = {Output(self._word(name)) for name in names} or {Output.JSON}
        except ValueError as error:
            raise InvalidParameterError(f"{' and '.join(names)}: must be json or markdown") from error
        if len(outputs) > 1:
            raise InvalidParameterError("format and output_format: contradict each other")
        return outputs.pop()
