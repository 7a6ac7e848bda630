"""Requests made up from the API's own description: whatever they say, all three pipelines answer as it promises."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import response_schema_conformance
from schemathesis.transport.serialization import Binary

from pages import encoded, pdf_of, render_line, truncated
from running import PATIENCE, Daemon

EXAMPLES = 50
OPERATIONS = [
    *(("POST", f"/api/v1/ocr/{name}") for name in ("text", "table", "document", "batch")),
    ("GET", "/api/v1/jobs"),
    ("GET", "/api/v1/jobs/{job_id}"),
    ("GET", "/api/v1/jobs/{job_id}/result"),
    ("POST", "/api/v1/jobs/{job_id}/retry"),
]
_BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

PAGE = render_line("Rope, 50 m", width=160)
FILES = (encoded(PAGE), pdf_of([PAGE, PAGE]), truncated(encoded(PAGE)), b"", b"words")

schemathesis.openapi.format("binary", st.sampled_from(FILES).map(Binary))


@pytest.fixture(scope="module")
def described(complete: Daemon) -> BaseSchema:
    assert complete.post(FILES[0]).status_code == 200  # so that there is a job to ask about
    schema: BaseSchema = schemathesis.openapi.from_url(f"{complete.url}/openapi.json")
    return schema


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_a_promised_one(described: BaseSchema, method: str, path: str, mode: GenerationMode) -> None:
    operation = described[path][method]
    # The description has a default answer too, which no request should ever need.
    promised = {int(status) for status in operation.definition.raw["responses"] if status.isdecimal()}

    @_BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        response = case.call_and_validate(checks=[response_schema_conformance], timeout=2 * PATIENCE)
        assert response.status_code in promised
        assert response.status_code != 500

    ask()
