"""PaddleOCR-VL: pages into blocks and markdown, by `paddleocr.PaddleOCRVL` and a server that runs the model."""

import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_inbox.errors import ModelsMissingError, VlUnavailableError
from ocr_inbox.paddle.cells import cells_of
from ocr_inbox.paddle.devices import engine_arguments, resolve_device
from ocr_inbox.paddle.figures import taken_out
from ocr_inbox.paddle.server_failures import may_pass, named
from ocr_inbox.reading import Block, Box, Engine, Page, Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LAYOUT_MODELS = {"v1": "PP-DocLayoutV2", "v1.5": "PP-DocLayoutV3", "v1.6": "PP-DocLayoutV3"}
"""The only layout models that PaddleOCR accepts, by version of the pipeline."""
SERVED_MODELS = {"v1": "PaddleOCR-VL-0.9B", "v1.5": "PaddleOCR-VL-1.5-0.9B", "v1.6": "PaddleOCR-VL-1.6-0.9B"}
"""What PaddleOCR's own server calls its model, by version of the pipeline."""
_PIPELINES = {"v1": "PaddleOCR-VL", "v1.5": "PaddleOCR-VL-1.5", "v1.6": "PaddleOCR-VL-1.6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOptions:
    """Everything that decides what PaddleOCR-VL reads.

    `version` is "v1", "v1.5" or "v1.6"; `server_url` ends in /v1; `served_model` is the server's name for its model
    where that is not the official one. With `layout` the page is read piece by piece, as the official layout model
    finds them: in the folder of its name in `models`, or fetched by PaddleOCR where that is None. Without it the page
    is read as one piece. `page_seconds` is how long the server may take for a page, with all its pieces.
    `requests` of one page are sent at once.
    """

    version: str = "v1.6"
    server_url: str = "http://127.0.0.1:8118/v1"
    served_model: str | None = None
    layout: bool = False
    models: Path | None = None
    engine: str = "onnxruntime"
    device: str = "auto"
    max_new_tokens: int = 4096
    page_seconds: float = 100.0
    requests: int = 16
    threads: int = 2

    @property
    def server_model(self) -> str:
        """The name that the server must know its model by."""
        return self.served_model or SERVED_MODELS[self.version]

    def model_names(self) -> tuple[str, ...]:
        """The models that read: the server's, and the one for layout."""
        return (self.server_model, LAYOUT_MODELS[self.version]) if self.layout else (self.server_model,)


def has_layout_model(models: Path, version: str) -> bool:
    """Whether the folder of models holds the layout model that this version of the pipeline needs."""
    return (models / LAYOUT_MODELS[version] / "inference.yml").is_file()


class _Requests:
    """Remembers for how many seconds at least one request was on its way to the server, or its answer back."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._open = 0
        self._since = 0.0

    def begin(self) -> None:
        if not self._open:
            self._since = time.monotonic()
        self._open += 1

    def end(self) -> None:
        self._open -= 1
        if not self._open:
            self.seconds += time.monotonic() - self._since


class DocumentEngine:
    """One PaddleOCR-VL pipeline, and how long it still has for its page; not thread-safe.

    It is loaded without asking the server. Raises ModelsMissingError where the layout model is not in its folder.
    """

    def __init__(self, options: DocumentOptions) -> None:
        import cv2
        import paddleocr

        cv2.setNumThreads(options.threads)
        self._options = options
        self._deadline = 0.0
        self._requests = _Requests()
        self._pipeline = paddleocr.PaddleOCRVL(**self._constructor_arguments())

    def describe(self) -> Engine:
        """What reads here; where the server computes is its own affair."""
        return Engine(
            family="vl",
            paddleocr=version("paddleocr"),
            paddlex=version("paddlex"),
            runtime=f"openai {version('openai')}",
            device="vllm-server",
            models=self._options.model_names(),
        )

    def read(self, index: int, pixels: "NDArray[np.uint8]") -> Page:
        """What stands on one page; pixels is height x width x 3, BGR, upright.

        A page that makes the server fail is tried once more. Raises VlUnavailableError where that is not the page's
        fault, ReadingTimeoutError where the server took too long, and ReadingError where it fails on this page.
        """
        height, width = pixels.shape[:2]
        self._deadline = time.monotonic() + self._options.page_seconds
        result = self._predicted(index, pixels)
        blocks = tuple(_block(block) for block in result.json["res"]["parsing_res_list"])
        markdown, figures = taken_out(result.markdown)
        return Page(
            index=index,
            width=width,
            height=height,
            tables=tuple(_table(block) for block in blocks if "<table" in block.content),
            blocks=blocks,
            markdown=markdown,
            figures=figures,
            network_seconds=self._requests.seconds,
        )

    def _predicted(self, index: int, pixels: "NDArray[np.uint8]") -> Any:
        import openai

        try:
            return self._ask(pixels)
        except openai.APIError as error:
            first = named(error, index)
            if not may_pass(error):
                raise first from error
        try:
            return self._ask(pixels)
        except openai.APIError as error:
            second = named(error, index)
            # A server that is gone after it was asked for this page was perhaps brought down by it: were that no
            # fault of the page, it would be tried for ever.
            raise first if isinstance(second, VlUnavailableError) else second from error

    def _ask(self, pixels: "NDArray[np.uint8]") -> Any:
        self._requests = _Requests()
        (result,) = self._pipeline.predict(pixels, max_new_tokens=self._options.max_new_tokens)
        return result

    def _constructor_arguments(self) -> dict[str, Any]:
        options = self._options
        arguments: dict[str, Any] = {
            "pipeline_version": options.version,
            "paddlex_config": self._paddlex_config(),
            "vl_rec_backend": "vllm-server",
            "vl_rec_server_url": options.server_url,
            # Without it PaddleOCR may ask the server for a name, which then must be there to begin with.
            "vl_rec_api_model_name": options.server_model,
            "vl_rec_max_concurrency": options.requests,
            "use_layout_detection": options.layout,
            "use_doc_orientation_classify": False,
            "use_doc_unwarping": False,
            # With queues, the threads behind them turn every failure of the server into a RuntimeError.
            "use_queues": False,
            "device": "cpu",
        }
        return arguments | self._layout_arguments() if options.layout else arguments

    def _layout_arguments(self) -> dict[str, Any]:
        options = self._options
        name = LAYOUT_MODELS[options.version]
        arguments: dict[str, Any] = {
            "layout_detection_model_name": name,
            **engine_arguments(options.engine, resolve_device(options.device, options.engine), options.threads),
        }
        if options.models is not None:
            if not has_layout_model(options.models, options.version):
                raise ModelsMissingError(
                    f"cannot load {name}: it is not in {options.models}; put the official model there, "
                    "or turn layout detection off"
                )
            arguments["layout_detection_model_dir"] = str(options.models / name)
        return arguments

    def _paddlex_config(self) -> dict[str, Any]:
        """PaddleX's own description of the pipeline, with a client for the server that keeps our time."""
        import openai
        from paddlex.inference import load_pipeline_config

        config: dict[str, Any] = load_pipeline_config(_PIPELINES[self._options.version])
        hooks = {"request": [self._begin], "response": [_end]}
        # The environment's proxy has no business between us and a server on this machine.
        client = openai.DefaultAsyncHttpxClient(trust_env=False, event_hooks=hooks)
        config["SubModules"]["VLRecognition"]["genai_config"]["client_kwargs"] = {
            "http_client": client,
            "max_retries": 0,
        }
        return config

    async def _begin(self, request: Any) -> None:
        """Replace the 600 seconds that PaddleX gives every request by what is left for the page."""
        request.extensions["requests"] = self._requests
        self._requests.begin()
        left = max(self._deadline - time.monotonic(), 0.001)
        request.extensions["timeout"] = {"connect": min(left, 5.0), "read": left, "write": left, "pool": left}


async def _end(response: Any) -> None:
    await response.aread()
    response.request.extensions["requests"].end()


def _table(block: Block) -> Table:
    return Table(html=block.content, bbox=block.bbox, cells=cells_of(block.content, []))


def _block(block: dict[str, Any]) -> Block:
    content = str(block["block_content"])
    x1, y1, x2, y2 = block["block_bbox"]
    box: Box = (float(x1), float(y1), float(x2), float(y2))
    return Block(
        label=block["block_label"],
        order_label=None,
        bbox=box,
        content=content,
        lines=len(content.splitlines()),
        index=int(block["block_id"]),
        order=None if block["block_order"] is None else int(block["block_order"]),
    )
