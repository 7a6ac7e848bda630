"""The real PaddleOCR-VL pipeline against a server that answers as the real one does."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ocr_inbox.errors import ModelsMissingError, ReadingError, ReadingTimeoutError, VlUnavailableError
from ocr_inbox.paddle.document import SERVED_MODELS, DocumentEngine, DocumentOptions, has_layout_model
from pages import LINES, render_line, render_page
from running import free_port
from vl_server.troubles import Trouble
from vl_stand_in import StandIn

SERVED = SERVED_MODELS["v1.6"]


@pytest.fixture(scope="module", autouse=True)
def _offline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
        yield


def pixels_of(page: Image.Image) -> NDArray[np.uint8]:
    """Height x width x 3, BGR, as PaddleOCR wants it."""
    return np.ascontiguousarray(np.asarray(page)[:, :, ::-1])


PAGE = pixels_of(render_line("Total 121.50"))


@pytest.fixture
def engine(vl_server: StandIn) -> DocumentEngine:
    return DocumentEngine(DocumentOptions(server_url=vl_server.url))


def test_a_page_without_layout_is_one_block_with_all_its_lines(vl_server: StandIn, engine: DocumentEngine) -> None:
    page = engine.read(3, pixels_of(render_page(LINES, dpi=110)))
    (block,) = page.blocks
    assert block.content.splitlines() == list(LINES)
    assert (block.label, block.lines, block.index, block.order) == ("ocr", len(LINES), 0, 1)
    assert block.bbox == (0.0, 0.0, page.width, page.height)
    assert (page.index, page.width, page.height) == (3, 910, 1286)
    assert page.markdown == "\n\n".join(LINES)
    assert vl_server.outcomes() == ["answered"]


@pytest.mark.parametrize("version", SERVED_MODELS)
def test_every_version_of_the_pipeline_reads(vl_server: StandIn, version: str) -> None:
    engine = DocumentEngine(DocumentOptions(version=version, server_url=vl_server.url, served_model=SERVED))
    assert engine.read(0, PAGE).blocks[0].content == "Total 121.50"


def test_it_says_what_reads() -> None:
    engine = DocumentEngine(DocumentOptions(version="v1")).describe()
    assert engine.family == "vl"
    assert engine.models == ("PaddleOCR-VL-0.9B",)
    assert engine.runtime.startswith("openai ")


def test_a_blank_page_has_a_block_without_text(engine: DocumentEngine) -> None:
    page = engine.read(0, np.full((200, 300, 3), 255, np.uint8))
    assert [(block.content, block.lines) for block in page.blocks] == [("", 0)]
    assert page.markdown == ""


def test_a_page_knows_how_long_its_server_was_at_work(vl_server: StandIn, engine: DocumentEngine) -> None:
    began = time.monotonic()
    quick = engine.read(0, PAGE)
    vl_server.tell(slow_seconds=0.5)
    slow = engine.read(1, PAGE)
    assert 0 < quick.network_seconds < time.monotonic() - began - 0.5
    assert 0.5 <= slow.network_seconds < time.monotonic() - began


def test_a_server_that_is_not_there_is_no_fault_of_the_page() -> None:
    engine = DocumentEngine(DocumentOptions(server_url=f"http://127.0.0.1:{free_port()}/v1"))
    with pytest.raises(VlUnavailableError, match="cannot be reached"):
        engine.read(0, PAGE)


def test_nor_is_one_whose_engine_has_died(vl_server: StandIn, engine: DocumentEngine) -> None:
    vl_server.tell(healthy=False)
    with pytest.raises(VlUnavailableError, match="status 503"):
        engine.read(0, PAGE)


def test_nor_is_one_with_another_model(vl_server: StandIn) -> None:
    engine = DocumentEngine(DocumentOptions(version="v1", server_url=vl_server.url))
    with pytest.raises(VlUnavailableError, match=r"The model `PaddleOCR-VL-0.9B` does not exist"):
        engine.read(0, PAGE)


@pytest.mark.parametrize("kind", ["fail", "drop"])
def test_a_failure_that_passes_costs_nothing(vl_server: StandIn, engine: DocumentEngine, kind: str) -> None:
    vl_server.tell(Trouble.model_validate({"kind": kind, "times": 1}))
    assert engine.read(0, PAGE).blocks[0].content == "Total 121.50"
    assert len(vl_server.requests()) == 2


@pytest.mark.parametrize(
    ("kind", "outcome", "reason"), [("fail", "failed", "status 500"), ("drop", "dropped", "broke off")]
)
def test_a_page_that_makes_the_server_fail_is_tried_twice_and_harms_no_other(
    vl_server: StandIn, engine: DocumentEngine, kind: str, outcome: str, reason: str
) -> None:
    vl_server.tell(Trouble.model_validate({"kind": kind, "words": "Rope"}))
    with pytest.raises(ReadingError, match=rf"cannot read page 1: .*{reason}"):
        engine.read(1, pixels_of(render_line("Rope")))
    assert engine.read(2, PAGE).blocks[0].content == "Total 121.50"
    assert vl_server.outcomes() == [outcome, outcome, "answered"]


@contextmanager
def dying() -> Iterator[str]:
    """The address of a server that ends as soon as it is asked for a page."""

    def live(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        listener.close()
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=live, args=(listener,))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        thread.join()


def test_a_page_that_may_have_brought_the_server_down_is_not_held_innocent() -> None:
    """Innocent pages use up no attempt: this one would bring the server down for ever."""
    with dying() as url:
        engine = DocumentEngine(DocumentOptions(server_url=url))
        with pytest.raises(ReadingError, match="broke off"):
            engine.read(0, PAGE)
        with pytest.raises(VlUnavailableError):
            engine.read(1, PAGE)


def test_what_the_server_refuses_is_asked_for_once(vl_server: StandIn) -> None:
    engine = DocumentEngine(DocumentOptions(server_url=vl_server.url, max_new_tokens=16384))
    with pytest.raises(ReadingError, match=r"status 400: .*maximum context length is 16384"):
        engine.read(0, PAGE)
    assert vl_server.outcomes() == ["refused"]


def test_a_server_that_hangs_is_left_at_our_deadline_and_not_asked_again(vl_server: StandIn) -> None:
    vl_server.tell(Trouble(kind="hang", times=1))
    engine = DocumentEngine(DocumentOptions(server_url=vl_server.url, page_seconds=0.7))
    began = time.monotonic()
    with pytest.raises(ReadingTimeoutError, match="took too long"):
        engine.read(0, PAGE)
    assert time.monotonic() - began < 3
    assert vl_server.outcomes() == ["hung"]
    assert engine.read(0, PAGE).blocks[0].content == "Total 121.50"


def test_a_second_try_has_only_what_is_left_of_the_pages_time(vl_server: StandIn) -> None:
    vl_server.tell(Trouble(kind="fail", times=1), Trouble(kind="hang"), slow_seconds=1)
    engine = DocumentEngine(DocumentOptions(server_url=vl_server.url, page_seconds=1.5))
    began = time.monotonic()
    with pytest.raises(ReadingTimeoutError):
        engine.read(0, PAGE)
    assert time.monotonic() - began < 2.4  # a time of its own would end after 2.5


def test_the_proxy_of_the_environment_is_not_asked(vl_server: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    engine = DocumentEngine(DocumentOptions(server_url=vl_server.url))
    assert engine.read(0, PAGE).blocks[0].content == "Total 121.50"


def test_layout_without_its_model_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    assert not has_layout_model(tmp_path, "v1.6")
    with pytest.raises(ModelsMissingError, match="PP-DocLayoutV3"):
        DocumentEngine(DocumentOptions(layout=True, models=tmp_path))
