"""Figures in PaddleOCR-VL's own results, as it makes them where the official layout model found some."""

from PIL import Image

from ocr_inbox.figures import linked
from ocr_inbox.paddle.figures import taken_out
from pages import render_photo


def test_figures_in_the_text_and_in_tables_are_referred_to_by_name() -> None:
    from paddlex.inference.pipelines.paddleocr_vl.result import (  # noqa: PLC0415 - seconds, which only this test costs
        PaddleOCRVLBlock,
        PaddleOCRVLResult,
    )

    def path(number: int) -> str:
        return f"imgs/img_in_image_box_{number}_0_400_300.jpg"

    def image(number: int) -> Image.Image:
        return render_photo(120, 90, seed=number)

    photo = PaddleOCRVLBlock("image", [0, 0, 400, 300])
    photo.image = {"path": path(0), "img": image(0)}
    table = PaddleOCRVLBlock(
        "table", [0, 300, 400, 600], f'<table><tr><td><img src="{path(1)}" alt="Image"" /></td><td>1</td></tr></table>'
    )
    text = PaddleOCRVLBlock("text", [0, 600, 400, 700], "Figure 1. The harbour in spring.")
    result = PaddleOCRVLResult(
        {
            "input_path": None,
            "page_index": None,
            "width": 800,
            "height": 1000,
            "model_settings": {"use_layout_detection": True, "use_doc_preprocessor": False},
            "parsing_res_list": [photo, table, text],
            "imgs_in_doc": [{"path": path(number), "img": image(number)} for number in range(3)],
        }
    )
    markdown, figures = taken_out(result.markdown)
    asked: list[str] = []
    linked(markdown, lambda name: asked.append(name) or name)  # type: ignore[func-returns-value] # that is the point
    assert asked == [figure.name for figure in figures]
    assert len(figures) == 2
    assert "imgs/" not in markdown
    assert "Figure 1. The harbour in spring." in markdown
