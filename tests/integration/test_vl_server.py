"""The stand-in for the PaddleOCR-VL server is as strict as the real one, and as troublesome as it is told to be."""

import base64
import time
from typing import Any

import httpx
import pytest
from PIL import Image

from pages import encoded, render_line
from vl_server.troubles import Trouble
from vl_stand_in import StandIn

MODEL = "PaddleOCR-VL-1.6-0.9B"


def data_url(image: Image.Image, form: str = "jpeg") -> str:
    return f"data:image/{form};base64,{base64.b64encode(encoded(image, form.upper())).decode()}"


def a_request(words: str = "Total 121.50", **changes: Any) -> dict[str, Any]:
    """As PaddleOCR asks."""
    content = [image_part(data_url(render_line(words))), {"type": "text", "text": "OCR:"}]
    return {
        "model": MODEL,
        "messages": [{"role": "user", "content": content}],
        "temperature": 0,
        "max_completion_tokens": 4096,
        "skip_special_tokens": True,
        "mm_processor_kwargs": {"min_pixels": 112896, "max_pixels": 1003520},
        **changes,
    }


def image_part(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def asking(*content: dict[str, Any], role: str = "user") -> list[dict[str, Any]]:
    return [{"role": role, "content": list(content)}]


def ask(server: StandIn, request: dict[str, Any], timeout: float = 10) -> httpx.Response:
    return httpx.post(f"{server.url}/chat/completions", json=request, timeout=timeout, trust_env=False)


LINE = image_part(data_url(render_line("Total 121.50")))
OCR = {"type": "text", "text": "OCR:"}
REFUSALS: dict[str, dict[str, Any]] = {
    "streaming": {"stream": True},
    "an unknown parameter": {"max_new_tokens": 5},
    "an unknown parameter of the image": {"mm_processor_kwargs": {"max_pixel": 1003520}},
    "pixel limits in the wrong order": {"mm_processor_kwargs": {"min_pixels": 5000, "max_pixels": 4000}},
    "no limit on the answer": {"max_completion_tokens": None},
    "an answer of no length": {"max_completion_tokens": 0},
    "a number as text": {"max_completion_tokens": "4096"},
    "more tokens than the context has": {"max_completion_tokens": 16384},
    "a temperature below zero": {"temperature": -1},
    "an impossible top_p": {"top_p": 0},
    "no message": {"messages": []},
    "a conversation": {"messages": asking(LINE, OCR) * 2},
    "another role": {"messages": asking(LINE, OCR, role="system")},
    "no image": {"messages": asking(OCR)},
    "no prompt": {"messages": asking(LINE)},
    "two images": {"messages": asking(LINE, LINE, OCR)},
    "an unknown prompt": {"messages": asking(LINE, {"type": "text", "text": "Read this, please."})},
    "an unknown part": {"messages": asking(LINE, OCR, {"type": "input_audio"})},
    "an image to be fetched": {"messages": asking(image_part("http://127.0.0.1/page.jpg"), OCR)},
    "another form of image": {"messages": asking(image_part(data_url(render_line("x"), "png")), OCR)},
    "another form of image by a false name": {
        "messages": asking(image_part(data_url(render_line("x"), "png").replace("png", "jpeg")), OCR)
    },
    "broken base64": {"messages": asking(image_part("data:image/jpeg;base64,%%%"), OCR)},
    "half an image": {"messages": asking(image_part(data_url(render_line("x"))[:600]), OCR)},
    "a thread of an image": {"messages": asking(image_part(data_url(Image.new("RGB", (2010, 10)))), OCR)},
}


def test_a_page_is_read_truly_and_answered_in_the_shape_of_vllm(vl_server: StandIn) -> None:
    answer = ask(vl_server, a_request())
    assert answer.status_code == 200
    (choice,) = answer.json()["choices"]
    assert choice["message"]["content"] == "Total 121.50"
    assert choice["finish_reason"] == "stop"
    assert answer.json()["usage"]["completion_tokens"] > 0
    (entry,) = vl_server.requests()
    assert (entry.page, entry.text, entry.outcome) == (1, "Total 121.50", "answered")


def test_an_answer_ends_where_its_tokens_do(vl_server: StandIn) -> None:
    (choice,) = ask(vl_server, a_request(max_completion_tokens=2)).json()["choices"]
    assert choice["finish_reason"] == "length"
    assert "Total 121.50".startswith(choice["message"]["content"])


def test_it_names_its_model_and_its_context(vl_server: StandIn) -> None:
    (model,) = httpx.get(f"{vl_server.url}/models", trust_env=False).json()["data"]
    assert (model["id"], model["max_model_len"]) == (MODEL, 16384)


@pytest.mark.parametrize("change", REFUSALS.values(), ids=REFUSALS.keys())
def test_it_refuses(vl_server: StandIn, change: dict[str, Any]) -> None:
    answer = ask(vl_server, a_request(**change))
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "BadRequestError"
    assert vl_server.outcomes() == ["refused"]


def test_another_model_does_not_exist(vl_server: StandIn) -> None:
    answer = ask(vl_server, a_request(model="PaddleOCR-VL-0.9B"))
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "The model `PaddleOCR-VL-0.9B` does not exist."


def test_it_fails_on_the_second_page_whenever_it_is_asked_for_it_and_on_no_other(vl_server: StandIn) -> None:
    vl_server.tell(Trouble(kind="fail", pages=[2]))
    statuses = [ask(vl_server, a_request(words)).status_code for words in ("one", "two", "three", "two", "one")]
    assert statuses == [200, 500, 200, 500, 200]
    assert [entry.page for entry in vl_server.requests()] == [1, 2, 3, 2, 1]


def test_a_trouble_may_be_over_after_a_while(vl_server: StandIn) -> None:
    vl_server.tell(Trouble(kind="fail", times=1))
    assert [ask(vl_server, a_request()).status_code for _ in range(2)] == [500, 200]


def test_a_trouble_may_be_with_certain_words(vl_server: StandIn) -> None:
    vl_server.tell(Trouble(kind="fail", words="two"))
    assert [ask(vl_server, a_request(words)).status_code for words in ("one", "two")] == [200, 500]


def test_it_breaks_a_connection_off(vl_server: StandIn) -> None:
    vl_server.tell(Trouble(kind="drop"))
    with pytest.raises(httpx.RemoteProtocolError):
        ask(vl_server, a_request())
    assert vl_server.outcomes() == ["dropped"]


def test_it_hangs_and_says_that_it_is_well(vl_server: StandIn) -> None:
    vl_server.tell(Trouble(kind="hang"))
    with pytest.raises(httpx.ReadTimeout):
        ask(vl_server, a_request(), timeout=0.5)
    assert httpx.get(f"{vl_server.root}/health", trust_env=False).status_code == 200
    assert vl_server.outcomes() == ["hung"]


def test_it_is_slow(vl_server: StandIn) -> None:
    ask(vl_server, a_request())
    vl_server.tell(slow_seconds=0.5)
    began = time.monotonic()
    assert ask(vl_server, a_request()).status_code == 200
    assert time.monotonic() - began >= 0.5


def test_it_is_unhealthy_and_reads_nothing(vl_server: StandIn) -> None:
    vl_server.tell(healthy=False)
    assert httpx.get(f"{vl_server.root}/health", trust_env=False).status_code == 503
    assert ask(vl_server, a_request()).status_code == 503
    assert vl_server.outcomes() == ["unhealthy"]


def test_it_is_told_nothing_that_it_does_not_understand(vl_server: StandIn) -> None:
    answer = httpx.put(f"{vl_server.root}/control", json={"sleepy": True}, trust_env=False)
    assert answer.status_code == 422
