"""PP-OCR: pages into lines of text, by `paddleocr.PaddleOCR`."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ocr_inbox.paddle.devices import engine_arguments, resolve_device, runtime_of
from ocr_inbox.paddle.models import model_folder
from ocr_inbox.reading import Engine, Page, Point, Region

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """Everything that decides what PP-OCR reads, and what it does not: `pdf_text` is for `images.open_pages`.

    `family` is "PP-OCRv5" or "PP-OCRv6", `size` one of its sizes ("mobile", "server"; "tiny", "small", "medium").
    `models` is the folder of bundled models; None leaves finding and fetching to PaddleOCR.
    Detection works on the page scaled so that its `detection_limit` side ("min" or "max") has
    `detection_side` pixels; None leaves PaddleOCR's own default (the full page up to 4000 pixels).
    """

    family: str = "PP-OCRv5"
    size: str = "mobile"
    engine: str = "onnxruntime"
    device: str = "auto"
    models: "Path | None" = None
    language: str | None = None
    pdf_text: str = "ocr"
    line_orientation: bool = True
    page_orientation: bool = False
    unwarping: bool = False
    detection_side: int | None = None
    detection_limit: str | None = None
    least_score: float = 0.0
    threads: int = 2

    def model_names(self) -> tuple[str, ...]:
        """The models that these options need, detection and recognition first."""
        names = [f"{self.family}_{self.size}_det", f"{self.family}_{self.size}_rec"]
        if self.line_orientation:
            names.append("PP-LCNet_x1_0_textline_ori")
        if self.page_orientation:
            names.append("PP-LCNet_x1_0_doc_ori")
        if self.unwarping:
            names.append("UVDoc")
        return tuple(names)


class TextEngine:
    """One PP-OCR pipeline; not thread-safe, so it lives alone in a process.

    Raises ModelsMissingError where a bundled model is not in its folder.
    """

    def __init__(self, options: TextOptions) -> None:
        import cv2
        import paddleocr

        cv2.setNumThreads(options.threads)
        self._options = options
        self._device = resolve_device(options.device, options.engine)
        self._pipeline = paddleocr.PaddleOCR(**self._constructor_arguments())

    def describe(self) -> Engine:
        """What reads here."""
        return Engine(
            family="ocr" + self._options.family.removeprefix("PP-OCR"),
            paddleocr=version("paddleocr"),
            paddlex=version("paddlex"),
            runtime=runtime_of(self._options.engine),
            device=self._device,
            models=self._options.model_names(),
        )

    def read(self, index: int, pixels: "NDArray[np.uint8]") -> Page:
        """The lines on one page; pixels is height x width x 3, BGR, upright."""
        height, width = pixels.shape[:2]
        (result,) = self._pipeline.predict(pixels)
        turned = (result.get("doc_preprocessor_res") or {}).get("angle", 0)
        regions = tuple(
            Region(text=text, score=round(float(score), 4), polygon=_polygon(corners, turned, width, height))
            for text, score, corners in zip(result["rec_texts"], result["rec_scores"], result["rec_polys"], strict=True)
        )
        return Page(index=index, width=width, height=height, regions=regions)

    def _constructor_arguments(self) -> dict[str, Any]:
        options = self._options
        arguments: dict[str, Any] = {
            **engine_arguments(options.engine, self._device, options.threads),
            "use_textline_orientation": options.line_orientation,
            "use_doc_orientation_classify": options.page_orientation,
            "use_doc_unwarping": options.unwarping,
            "text_det_limit_side_len": options.detection_side,
            "text_det_limit_type": options.detection_limit,
            "text_rec_score_thresh": options.least_score,
        }
        return arguments | self._model_arguments()

    def _model_arguments(self) -> dict[str, Any]:
        options = self._options
        if options.language is not None:
            return {"lang": options.language, "ocr_version": options.family}
        arguments: dict[str, Any] = {}
        for role, name in zip(_roles(options), options.model_names(), strict=True):
            arguments[f"{role}_model_name"] = name
            if options.models is not None:
                arguments[f"{role}_model_dir"] = str(model_folder(options.models, name))
        return arguments


def _roles(options: TextOptions) -> list[str]:
    roles = ["text_detection", "text_recognition"]
    if options.line_orientation:
        roles.append("textline_orientation")
    if options.page_orientation:
        roles.append("doc_orientation_classify")
    if options.unwarping:
        roles.append("doc_unwarping")
    return roles


def _polygon(
    corners: Sequence[Sequence[float]], turned: int, width: int, height: int
) -> tuple[Point, Point, Point, Point]:
    """The corners on the page as given: the engine saw it turned counter-clockwise by so many degrees."""
    first, second, third, fourth = (_turned_back((float(x), float(y)), turned, width, height) for x, y in corners)
    return first, second, third, fourth


def _turned_back(point: Point, turned: int, width: int, height: int) -> Point:
    x, y = point
    match turned:
        case 90:
            return width - y, x
        case 180:
            return width - x, height - y
        case 270:
            return y, height - x
        case _:
            return point
