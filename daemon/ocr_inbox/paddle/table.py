"""PP-StructureV3: pages into layout, tables and markdown, by `paddleocr.PPStructureV3`."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_inbox.paddle.cells import cells_of
from ocr_inbox.paddle.devices import engine_arguments, resolve_device, runtime_of
from ocr_inbox.paddle.figures import taken_out
from ocr_inbox.paddle.models import model_folder
from ocr_inbox.reading import Block, Box, Engine, Formula, LayoutBox, Page, Point, Region, Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LAYOUT_MODEL = "PicoDet_layout_1x"
STRUCTURE_MODEL = "SLANet_plus"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """Everything that decides what PP-StructureV3 reads.

    With `models`, the folder of bundled models, it is the small pipeline that they make up: layout, lines, tables.
    Without, PaddleOCR fetches the official models, and `regions`, `formulas`, `seals` and `charts` choose its parts.
    """

    family: str = "PP-OCRv5"
    size: str = "mobile"
    engine: str = "onnxruntime"
    device: str = "auto"
    models: Path | None = None
    formulas: bool = False
    seals: bool = False
    charts: bool = False
    regions: bool = False
    threads: int = 2

    def model_names(self) -> tuple[str, ...]:
        """The bundled models that these options need; none where PaddleOCR chooses."""
        if self.models is None:
            return ()
        return (LAYOUT_MODEL, STRUCTURE_MODEL, f"{self.family}_{self.size}_det", f"{self.family}_{self.size}_rec")


class TableEngine:
    """One PP-StructureV3 pipeline; not thread-safe, so it lives alone in a process.

    Raises ModelsMissingError where a bundled model is not in its folder.
    """

    def __init__(self, options: TableOptions) -> None:
        import cv2
        import paddleocr

        cv2.setNumThreads(options.threads)
        self._options = options
        self._device = resolve_device(options.device, options.engine)
        self._pipeline = paddleocr.PPStructureV3(**self._constructor_arguments())

    def describe(self) -> Engine:
        """What reads here."""
        return Engine(
            family="structure",
            paddleocr=version("paddleocr"),
            paddlex=version("paddlex"),
            runtime=runtime_of(self._options.engine),
            device=self._device,
            models=self._options.model_names() or ("official",),
        )

    def read(self, index: int, pixels: "NDArray[np.uint8]") -> Page:
        """What stands on one page; pixels is height x width x 3, BGR, upright."""
        height, width = pixels.shape[:2]
        bundled = self._options.models is not None
        # SLANet_plus gives whole rows of cells: reading each cell by itself, and turning tables, need other models.
        simple = {"use_table_orientation_classify": False, "use_ocr_results_with_table_cells": False} if bundled else {}
        (result,) = self._pipeline.predict(pixels, **simple)
        markdown, figures = taken_out(result.markdown)
        return Page(
            index=index,
            width=width,
            height=height,
            regions=_regions(result["overall_ocr_res"]),
            layout=tuple(_layout_box(box) for box in result["layout_det_res"]["boxes"]),
            tables=tuple(_table(table, result) for table in result["table_res_list"]),
            formulas=tuple(_formula(formula) for formula in result["formula_res_list"]),
            blocks=tuple(_block(block) for block in result["parsing_res_list"]),
            markdown=markdown,
            figures=figures,
        )

    def _constructor_arguments(self) -> dict[str, Any]:
        options = self._options
        arguments: dict[str, Any] = {
            **engine_arguments(options.engine, self._device, options.threads),
            "use_doc_orientation_classify": False,
            "use_doc_unwarping": False,
            "use_textline_orientation": False,
            # The page as it is, as PP-OCR takes it; enlarged, a small one has specks one pixel high that count as
            # lines, and PaddleX fails to put such into their order.
            "text_det_limit_side_len": 64,
            "text_det_limit_type": "min",
            "use_table_recognition": True,
            "use_formula_recognition": options.formulas,
            "use_seal_recognition": options.seals,
            "use_chart_recognition": options.charts,
            "use_region_detection": options.regions,
        }
        if options.models is not None:
            arguments["paddlex_config"] = _bundled_pipeline(options, options.models)
        return arguments


def _bundled_pipeline(options: TableOptions, cache: Path) -> dict[str, Any]:
    """PaddleX's own description of the pipeline, with the bundled models in their places."""
    from paddlex.inference import load_pipeline_config

    def module(kind: str, name: str) -> dict[str, Any]:
        return {"module_name": kind, "model_name": name, "model_dir": str(model_folder(cache, name))}

    layout, structure, detection, recognition = options.model_names()
    config: dict[str, Any] = load_pipeline_config("PP-StructureV3")
    modules, pipelines = config["SubModules"], config["SubPipelines"]
    # One image at a time, and none of the thresholds by class: they are numbered for another layout model.
    modules["LayoutDetection"] = module("layout_detection", layout) | {"batch_size": 1, "threshold": 0.5}
    lines = pipelines["GeneralOCR"]
    lines["use_textline_orientation"] = False
    lines["SubModules"]["TextDetection"] |= module("text_detection", detection)
    lines["SubModules"]["TextRecognition"] |= module("text_recognition", recognition)
    pipelines["TableRecognition"] = {
        "pipeline_name": "table_recognition",
        "use_layout_detection": False,
        "use_doc_preprocessor": False,
        "use_ocr_model": False,
        "SubModules": {"TableStructureRecognition": module("table_structure_recognition", structure)},
        "SubPipelines": {"GeneralOCR": lines},
    }
    return config


def _regions(lines: dict[str, Any]) -> tuple[Region, ...]:
    return tuple(
        Region(text=text, score=round(float(score), 4), polygon=_corners(polygon))
        for text, score, polygon in zip(lines["rec_texts"], lines["rec_scores"], lines["rec_polys"], strict=True)
    )


def _corners(polygon: Sequence[Sequence[float]]) -> tuple[Point, Point, Point, Point]:
    first, second, third, fourth = ((float(x), float(y)) for x, y in polygon)
    return first, second, third, fourth


def _layout_box(box: dict[str, Any]) -> LayoutBox:
    return LayoutBox(label=box["label"], score=round(float(box["score"]), 4), bbox=_bbox(box["coordinate"]))


def _table(table: dict[str, Any], result: dict[str, Any]) -> Table:
    html = table["pred_html"]
    boxes = [_bbox(box) for box in table["cell_box_list"]]
    around = next((_bbox(block.bbox) for block in result["parsing_res_list"] if block.content == html), None)
    return Table(html=html, bbox=around or _around(boxes), cells=cells_of(html, boxes))


def _formula(formula: dict[str, Any]) -> Formula:
    return Formula(latex=formula["rec_formula"], bbox=_bbox(formula["dt_polys"]))


def _block(block: Any) -> Block:
    return Block(
        label=block.label,
        order_label=block.order_label,
        bbox=_bbox(block.bbox),
        content=block.content,
        lines=int(block.num_of_lines),
        index=int(block.index),
        order=None if block.order_index is None else int(block.order_index),
    )


def _bbox(coordinates: Any) -> Box:
    x1, y1, x2, y2 = (round(float(value), 1) for value in coordinates)
    return x1, y1, x2, y2


def _around(boxes: list[Box]) -> Box:
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)
