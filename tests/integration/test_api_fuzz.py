"""Requests made up from the API's own description: whatever they say, the answer is one that it promises."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import response_schema_conformance
from schemathesis.transport.serialization import Binary

from api_client import upload
from api_daemon import PNG, serving
from ocr_inbox_api.parts import ApiOptions

EXAMPLES = 40
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

schemathesis.openapi.format("binary", st.sampled_from([PNG, b"", b"words"]).map(Binary))


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    with serving(tmp_path_factory.mktemp("fuzzed"), ApiOptions(timeout_seconds=5)) as daemon:
        assert upload(daemon.client).status_code == 200  # so that there is a job to ask about
        yield schemathesis.openapi.from_url(f"{daemon.client.base_url}/openapi.json")


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_a_promised_one(described: BaseSchema, method: str, path: str, mode: GenerationMode) -> None:
    operation = described[path][method]
    # The description has a default answer too, which no request should ever need.
    promised = {int(status) for status in operation.definition.raw["responses"] if status.isdecimal()}

    @_BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        response = case.call_and_validate(checks=[response_schema_conformance], timeout=20)
        assert response.status_code in promised
        assert response.status_code != 500

    ask()
