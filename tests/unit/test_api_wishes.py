"""Which pipeline reads which file of a batch."""

import pytest

from ocr_inbox.model import PipelineName
from ocr_inbox_api.refusals import InvalidParameterError
from ocr_inbox_api.wishes import Field, pipelines_of

TEXT, TABLE, DOCUMENT = PipelineName


def named(*words: bytes) -> list[Field]:
    return [Field(name="format", value=b"json"), *(Field(name="pipeline", value=word) for word in words)]


@pytest.mark.parametrize(
    ("words", "pipelines"),
    [
        ([], (TEXT, TEXT, TEXT)),
        ([b"table"], (TABLE, TABLE, TABLE)),
        ([b"Document ", b"text", b"table"], (DOCUMENT, TEXT, TABLE)),
    ],
)
def test_one_pipeline_is_for_all_and_several_are_one_for_each(
    words: list[bytes], pipelines: tuple[PipelineName, ...]
) -> None:
    assert pipelines_of(named(*words), files=3) == pipelines


@pytest.mark.parametrize(
    ("words", "said"),
    [([b"text", b"text"], "comes 2 times for 3 files"), ([b"ocr"], "text, table, document"), ([b""], "must be")],
)
def test_what_names_no_pipeline_for_each_file_is_refused(words: list[bytes], said: str) -> None:
    with pytest.raises(InvalidParameterError, match=said):
        pipelines_of(named(*words), files=3)
