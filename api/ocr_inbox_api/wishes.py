"""What a request asks for beside its files: the fields of its form, understood."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocr_inbox.model import Output, PipelineName
from ocr_inbox_api.refusals import InvalidParameterError

NAMES = ("compress", "format", "output_format", "pipeline")
_TRUTHS = {"": False, "0": False, "false": False, "no": False, "off": False}
_TRUTHS |= {"1": True, "true": True, "yes": True, "on": True}
_FORMATS = {"json": Output.JSON, "markdown": Output.MARKDOWN}
"""What goes over the wire; the other outputs are files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a form, as it came; `name` is one of NAMES, and may come more than once."""

    name: str
    value: bytes

    @property
    def word(self) -> str:
        """The value as people meant it."""
        return self.value.decode("utf-8", "replace").strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is wished for every file of a request; `compressed` says that the client made them smaller."""

    output: Output
    compressed: bool


def wishes_of(fields: Sequence[Field]) -> Wishes:
    """What the fields say, where the last one of a name counts; raises InvalidParameterError."""
    return Wishes(output=_output(fields), compressed=_truth(fields, "compress"))


def pipelines_of(fields: Sequence[Field], files: int) -> tuple[PipelineName, ...]:
    """The pipeline of each of so many files: of all the one that is named, or each its own; text unless one is named.

    Raises InvalidParameterError.
    """
    words = _words(fields, "pipeline") or [PipelineName.TEXT]
    if len(words) not in (1, files):
        raise InvalidParameterError(f"pipeline: comes {len(words)} times for {files} files; send one, or one for each")
    try:
        named = [PipelineName(word) for word in words]
    except ValueError as error:
        raise InvalidParameterError(f"pipeline: must be {', '.join(PipelineName)}") from error
    return tuple(named) if len(named) == files else (named[0],) * files


def _words(fields: Sequence[Field], name: str) -> list[str]:
    return [field.word for field in fields if field.name == name]


def _last_word(fields: Sequence[Field], name: str) -> str:
    return (_words(fields, name) or [""])[-1]


def _truth(fields: Sequence[Field], name: str) -> bool:
    try:
        return _TRUTHS[_last_word(fields, name)]
    except KeyError as error:
        raise InvalidParameterError(f"{name}: is neither true nor false") from error


def _output(fields: Sequence[Field]) -> Output:
    said = {name: word for name in ("format", "output_format") if (word := _last_word(fields, name))}
    if not set(said.values()) <= set(_FORMATS):
        raise InvalidParameterError(f"{' and '.join(said)}: must be json or markdown")
    if len(set(said.values())) > 1:
        raise InvalidParameterError("format and output_format: contradict each other")
    return next((_FORMATS[word] for word in said.values()), Output.JSON)
