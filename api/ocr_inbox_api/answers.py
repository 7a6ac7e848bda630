"""What a job left behind, as an answer: the sidecar's JSON, with what only this request knows."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

from fastapi.responses import JSONResponse

from ocr_inbox.errors import JobNotFinishedError
from ocr_inbox.model import Job, JobState, Output
from ocr_inbox.sidecar import finite
from ocr_inbox_api.problems import Failure, failure_of_job
from ocr_inbox_api.refusals import ResultNotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a request adds to the metrics of its result; seconds since its first byte."""

    upload_time: float
    total_time: float
    compressed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A success: the sidecar's JSON, which other libraries gave no types."""

    content: Mapping[str, Any]

    @property
    def family(self) -> str:
        """What the wire calls the pipeline that read it."""
        return str(self.content["pipeline"])

    @property
    def inference_time(self) -> float:
        """Seconds inside the engine."""
        return float(self.content["metrics"]["inference_time"])

    @property
    def size_kb(self) -> float:
        """How large the file was."""
        return float(self.content["metrics"]["image_size_kb"])

    def measured(self, measured: Measured) -> "Result":
        """The same result for the request that was measured."""
        metrics = {
            **self.content["metrics"],
            "total_time": round(measured.total_time, 4),
            "upload_time": round(measured.upload_time, 4),
            "compressed": measured.compressed,
        }
        return replace(self, content={**self.content, "metrics": metrics})

    def response(self) -> JSONResponse:
        """The result as it goes over the wire, without NaN."""
        return JSONResponse(finite(dict(self.content)))


def result_of(job: Job, output: Output, fetch: Callable[[Job, Output], bytes | None]) -> Result | Failure:
    """What a job that ended left, good or bad.

    Raises JobNotFinishedError, ResultNotFoundError where nothing of the kind lies there, and InboxUnavailableError.
    """
    if job.state in (JobState.WAITING, JobState.RUNNING):
        raise JobNotFinishedError(f"job {job.id} is {job.state.value}")
    content = _content(fetch(job, Output.JSON))
    if job.state is not JobState.DONE:
        return failure_of_job(job, content if content.get("success") is False else {})
    if content.get("success") is not True:
        raise ResultNotFoundError(f"the result of job {job.id} was taken away or replaced")
    if output is Output.JSON:
        return Result(content=content)
    markdown = fetch(job, Output.MARKDOWN)
    if markdown is None:
        raise ResultNotFoundError(f"job {job.id} left no markdown; ask for format=json")
    kept = {name: content["result"][name] for name in ("elements_count", "pages") if name in content["result"]}
    return Result(content={**content, "result": {"markdown": markdown.decode(), "format": "markdown", **kept}})


def _content(sidecar: bytes | None) -> dict[str, Any]:
    """The sidecar's JSON; what is damaged counts as not there."""
    try:
        content = json.loads(sidecar or b"{}")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def success_schema() -> dict[str, Any]:
    """The JSON Schema of every success: the published one of sidecars, less its failures, without references."""
    schema = json.loads(files("ocr_inbox").joinpath("sidecar.schema.json").read_text(encoding="utf-8"))
    definitions = schema["$defs"]

    def inlined(node: Any) -> Any:
        if isinstance(node, list):
            return [inlined(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return inlined(definitions[node["$ref"].rpartition("/")[2]])
        return {key: inlined(value) for key, value in node.items()}

    success = definitions["success"]
    return {
        "title": "Success",
        "type": "object",
        "required": schema["required"] + success["required"],
        "properties": inlined({**schema["properties"], **success["properties"]}),
    }
