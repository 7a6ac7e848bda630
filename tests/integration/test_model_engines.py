from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from model_cache import ready_models
from ocr_inbox.paddle.catalogue import BY_DEFAULT
from ocr_inbox.paddle.models import ModelState, verify
from pages import LINES, render_page, render_table

ORIENTATION = ("PP-LCNet_x1_0_textline_ori", "PP-LCNet_x1_0_doc_ori")
ON_ONNX = {"engine": "onnxruntime", "device": "cpu", "engine_config": {"log_severity_level": 3}}


@pytest.fixture(scope="module", autouse=True)
def _offline() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
        patch.setenv("ORT_DISABLE_TELEMETRY", "1")
        yield


def pixels_of(page: Image.Image) -> NDArray[np.uint8]:
    """Height x width x 3, BGR, as PaddleOCR wants it."""
    return np.ascontiguousarray(np.asarray(page)[:, :, ::-1])


def text_pipeline(family: str) -> Any:
    import paddleocr  # noqa: PLC0415 - seconds, which only these tests should cost

    detection, recognition = f"{family}_det", f"{family}_rec"
    cache = ready_models(detection, recognition, *ORIENTATION)
    return paddleocr.PaddleOCR(
        **ON_ONNX,
        text_detection_model_name=detection,
        text_detection_model_dir=str(cache / detection),
        text_recognition_model_name=recognition,
        text_recognition_model_dir=str(cache / recognition),
        textline_orientation_model_name=ORIENTATION[0],
        textline_orientation_model_dir=str(cache / ORIENTATION[0]),
        doc_orientation_classify_model_name=ORIENTATION[1],
        doc_orientation_classify_model_dir=str(cache / ORIENTATION[1]),
        use_textline_orientation=True,
        use_doc_orientation_classify=True,
        use_doc_unwarping=False,
    )


def single_model(name: str) -> Any:
    import paddlex  # noqa: PLC0415 - seconds, which only these tests should cost

    return paddlex.create_model(model_name=name, model_dir=str(ready_models(name) / name), **ON_ONNX)


def test_the_shared_cache_is_what_was_built_byte_by_byte() -> None:
    cache = ready_models(*BY_DEFAULT)
    assert {status.state for status in verify(cache, BY_DEFAULT)} == {ModelState.READY}


@pytest.mark.parametrize("family", ["PP-OCRv5_mobile", "PP-OCRv6_small"])
def test_every_line_of_a_page_is_read_upright_and_upside_down(family: str) -> None:
    pipeline, page = text_pipeline(family), render_page(LINES, dpi=110)
    for turned in (0, 180):
        (result,) = pipeline.predict(pixels_of(page.rotate(turned)))
        assert result["rec_texts"] == list(LINES)
        assert result["doc_preprocessor_res"]["angle"] == turned


def test_the_layout_model_finds_title_text_and_table_where_they_are() -> None:
    page = render_table([[f"Row {row}, {column}" for column in "ABCD"] for row in range(6)])
    page = page.transform(page.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -900), fillcolor="white")
    draw = ImageDraw.Draw(page)
    draw.text((380, 90), "Annual Report", font=ImageFont.load_default(56), fill="black")
    for line in range(14):
        draw.text(
            (120, 240 + 36 * line),
            "The harvest was good and the barns are full, said the miller to the baker.",
            font=ImageFont.load_default(26),
            fill="black",
        )
    (result,) = single_model("PicoDet_layout_1x").predict(pixels_of(page))
    found = {box["label"]: [round(float(side)) for side in box["coordinate"]] for box in result["boxes"]}
    assert set(found) == {"paragraph_title", "text", "table"}
    assert 80 < found["paragraph_title"][1] < found["paragraph_title"][3] < 170
    assert 220 < found["text"][1] < found["text"][3] < 780
    assert 980 < found["table"][1] < found["table"][3] < 1420


def test_the_table_model_finds_every_cell() -> None:
    rows, columns = 5, 4
    page = render_table([[f"{row}{column}" for column in range(columns)] for row in range(rows)])
    table = page.crop((100, 100, page.width - 100, 460))
    (result,) = single_model("SLANet_plus").predict(pixels_of(table))
    assert "".join(result["structure"]).count("<tr>") == rows
    assert len(result["bbox"]) == rows * columns
