"""The HTTP contract against a daemon with all three pipelines: what its clients send, and what they rely on."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import httpx
import pytest
from PIL import Image

from api_client import SIDECARS
from pages import encoded, pdf_of, render_line, render_table, truncated
from running import PATIENCE, Daemon

TEXT, TABLE, DOCUMENT, BATCH = (f"/api/v1/ocr/{name}" for name in ("text", "table", "document", "batch"))
FAMILIES = {
    TEXT: "ocrv5",
    TABLE: "structure",
    "/api/v1/ocr/document/structure_model": "structure",
    DOCUMENT: "vl",
    "/api/v1/ocr/document/vl_model": "vl",
}
RESULTS = {
    "ocrv5": {"text", "regions", "detected_lines"},
    "structure": {"layout", "tables", "formulas", "parsing_res", "format"},
    "vl": {"text", "layout", "elements_count", "pages"},
}
PLACED = {"ocrv5": ["regions"], "structure": ["layout", "tables", "parsing_res"], "vl": ["layout"]}
"""The parts of a result that stand somewhere on a page."""
COUNTS = {"vl": {"elements_count", "pages"}}
"""What a result keeps where it is markdown."""
LINE = "Rope, 50 metres"
STRIP = encoded(render_line(LINE))
SHEET = render_table([("Article", "Pieces"), ("Rope", "2")], dpi=75)
TEN_MEGABYTES = 10 * 2**20
ORIGIN = "https://your-frontend-domain.com"


@pytest.fixture
def client(complete: Daemon) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=complete.url, timeout=2 * PATIENCE, trust_env=False) as client:
        yield client


def success(client: httpx.Client, path: str, content: bytes, **form: str) -> Any:
    response = client.post(path, files={"file": ("scan.bin", content)}, data=form)
    body = response.json()
    assert (response.status_code, body["success"]) == (200, True), body
    return body


def demand_finite(node: Any) -> None:
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        demand_finite(item)
    assert not isinstance(node, float) or math.isfinite(node)


@pytest.mark.parametrize("path", FAMILIES)
def test_each_door_and_its_alias_answer_with_the_result_of_their_pipeline(client: httpx.Client, path: str) -> None:
    body, family = success(client, path, encoded(SHEET)), FAMILIES[path]
    SIDECARS.validate(body)
    demand_finite(body)
    assert (body["pipeline"], set(body["result"])) == (family, RESULTS[family])
    metrics, image_kb = body["metrics"], len(encoded(SHEET)) / 1024
    times = [metrics[f"{name}_time"] for name in ("total", "inference", "upload", "preprocess")]
    assert all(isinstance(seconds, float) for seconds in times)
    assert 0 <= metrics.get("network_time", 0.0) <= metrics["inference_time"] < metrics["total_time"]
    assert (metrics.get("network_time", 0.0) > 0) is (family == "vl")
    assert metrics["image_size_kb"] == pytest.approx(image_kb, abs=0.01)
    assert (metrics["compressed"], metrics["source"]) == (False, "docker" if family == "vl" else "local")


@pytest.mark.parametrize("path", FAMILIES)
@pytest.mark.parametrize("name", ["format", "output_format"])
def test_markdown_is_to_be_had_everywhere_by_either_name(client: httpx.Client, path: str, name: str) -> None:
    body = success(client, path, STRIP, **{name: "markdown", "compress": "true"})
    SIDECARS.validate(body)
    assert set(body["result"]) == {"markdown", "format", *COUNTS.get(FAMILIES[path], ())}
    assert LINE in body["result"]["markdown"]
    assert (body["result"]["format"], body["metrics"]["compressed"]) == ("markdown", True)


@pytest.mark.parametrize("path", [TEXT, TABLE, DOCUMENT])
def test_every_part_of_a_document_of_pages_says_on_which_it_stands(client: httpx.Client, path: str) -> None:
    body = success(client, path, pdf_of([SHEET, SHEET], dpi=75))
    for part in PLACED[FAMILIES[path]]:
        assert {item["page"] for item in body["result"][part]} == {0, 1}
    assert body["source"]["pages"] == 2


def test_coordinates_are_pixels_of_the_page_as_given(client: httpx.Client) -> None:
    inside, outside = success(client, TEXT, STRIP), success(client, TEXT, encoded(render_line(LINE, width=640)))
    (left, top, right, bottom), other = inside["result"]["regions"][0]["bbox"], outside["result"]["regions"][0]["bbox"]
    assert 10 < left < 20 < right < 320
    assert 10 < top < 30 < bottom < 50
    assert other == pytest.approx((left, top, right, bottom), abs=3)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "TIFF", "WEBP", "PDF"])
def test_every_format_is_read_whatever_the_file_is_called(client: httpx.Client, form: str) -> None:
    content = pdf_of([render_line(LINE)]) if form == "PDF" else encoded(render_line(LINE), form)
    assert success(client, TEXT, content)["result"]["text"] == LINE


@pytest.mark.parametrize(
    ("content", "form", "error"),
    [
        (b"", {}, "File is required"),
        (b"These are words.", {}, "Invalid file format"),
        (STRIP + bytes(TEN_MEGABYTES), {}, "File size exceeds limit"),
        (STRIP, {"format": "docx"}, "Invalid parameter"),
        (STRIP, {"compress": "perhaps"}, "Invalid parameter"),
        (truncated(STRIP), {}, "Unreadable file"),
        (encoded(Image.new("1", (12_000, 12_000))), {}, "File size exceeds limit"),
    ],
)
@pytest.mark.parametrize("path", [TEXT, TABLE, DOCUMENT])
def test_what_is_wrong_with_a_request_is_said_with_400(
    client: httpx.Client, path: str, content: bytes, form: Mapping[str, str], error: str
) -> None:
    response = client.post(path, files={"file": ("scan.png", content)}, data=form)
    body = response.json()
    assert (response.status_code, body["success"], body["error"], body["code"]) == (400, False, error, 400)
    assert body["detail"]


def test_ten_megabytes_are_not_too_many(client: httpx.Client) -> None:
    assert success(client, TEXT, STRIP + bytes(TEN_MEGABYTES - len(STRIP)))["result"]["text"] == LINE


def test_a_batch_may_go_to_a_pipeline_for_each_of_its_files(client: httpx.Client) -> None:
    files = [("files", ("scan.png", content)) for content in (STRIP, STRIP, b"words", STRIP)]
    response = client.post(BATCH, files=files, data={"pipeline": ["text", "table", "text", "document"]})
    body = response.json()
    assert (response.status_code, body["success"]) == (200, False)
    assert [line.get("pipeline") for line in body["results"]] == ["ocrv5", "structure", None, "vl"]
    assert body["results"][2]["error"] == "Invalid file format"


def test_a_batch_that_is_not_waited_for_names_its_jobs(client: httpx.Client) -> None:
    files = [("files", ("scan.png", STRIP))] * 2
    response = client.post(BATCH, files=files, data={"pipeline": "document"}, headers={"Prefer": "respond-async"})
    assert response.status_code == 202
    assert [line["job"]["pipeline"] for line in response.json()["results"]] == ["document"] * 2


def test_health_tells_of_the_three_pipelines_and_of_the_machine(client: httpx.Client) -> None:
    for path in (TEXT, TABLE, DOCUMENT):
        success(client, path, STRIP)
    body = client.get("/api/v1/health").json()
    assert body["status"] == "healthy"
    assert datetime.fromisoformat(body["timestamp"]).tzinfo
    assert list(body["pipelines"]) == ["ocrv5", "structure", "vl"]
    for vitals in body["pipelines"].values():
        assert (vitals["status"], vitals["model_loaded"], vitals["gpu_available"]) == ("ready", True, False)
        assert datetime.fromisoformat(vitals["last_inference"]) <= datetime.fromisoformat(body["timestamp"])
    server = body["pipelines"]["vl"]
    assert (server["docker_status"], server["health_check"], server["error"]) == ("running", "passed", None)
    assert server["api_url"].endswith("/v1")
    assert set(body["system"]) == {"gpu_memory_used", "gpu_memory_total", "cpu_usage", "uptime"}
    assert (body["system"]["gpu_memory_used"] is None) is (body["system"]["gpu_memory_total"] is None)
    assert 0 <= body["system"]["cpu_usage"] <= 100
    assert body["system"]["uptime"] > 0


def counts(client: httpx.Client) -> Counter[str]:
    """What the statistics count, by its path."""
    body = client.get("/api/v1/metrics").json()
    nested = {name: body[name] for name in ("requests_by_pipeline", "compression_stats", "errors")}
    nested["errors"] |= nested["errors"].pop("by_type")
    flat = {f"{name}.{key}": value for name, values in nested.items() for key, value in values.items()}
    return Counter({"total_requests": body["total_requests"], **flat})


def test_the_statistics_tell_pipelines_and_compression_and_errors_apart(client: httpx.Client) -> None:
    before = counts(client)
    for path in FAMILIES:
        success(client, path, STRIP, compress="1" if path == TABLE else "0")
    client.post(TEXT, files={"file": b"words"})

    asked = {"requests_by_pipeline.ocrv5": 2, "requests_by_pipeline.structure": 2, "requests_by_pipeline.vl": 2}
    errors = {"errors.total": 1, "errors.unsupported_type": 1}
    compressed = {"compression_stats.total_compressed": 1, "compression_stats.total_uncompressed": 4}
    more = {name: value for name, value in (counts(client) - before).items() if ".avg_" not in name}
    assert more == {"total_requests": 6, **asked, **errors, **compressed}


def test_the_statistics_have_averages_of_times_and_sizes(client: httpx.Client) -> None:
    for path in (TEXT, TABLE, DOCUMENT):
        success(client, path, STRIP, compress="1")
        success(client, path, STRIP)
    body = client.get("/api/v1/metrics").json()
    assert set(body["average_times"]) == set(RESULTS)
    assert all(0 < times["inference_time"] < times["total_time"] for times in body["average_times"].values())
    for how in ("compressed", "uncompressed"):
        assert body["compression_stats"][f"avg_size_{how}_kb"] > 0
        assert body["compression_stats"][f"avg_time_{how}"] > 0


def test_pages_of_the_configured_origin_may_ask_and_see_the_answer_to_whatever_they_ask(client: httpx.Client) -> None:
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://elsewhere.example", None)):
        for response in (
            client.options(TEXT, headers={"Origin": origin, "Access-Control-Request-Method": "POST"}),
            client.get("/api/v1/health", headers={"Origin": origin}),
            client.post(TEXT, files={"file": b"words"}, headers={"Origin": origin}),
        ):
            assert response.headers.get("Access-Control-Allow-Origin") == allowed


def test_nobody_needs_a_key_unless_one_is_configured(client: httpx.Client) -> None:
    for path in ("/", "/docs", "/api/v1/health", "/api/v1/metrics", "/metrics", "/api/v1/jobs"):
        assert client.get(path).status_code == 200
