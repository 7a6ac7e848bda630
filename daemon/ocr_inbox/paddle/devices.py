"""Which device an engine computes on."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ocr_inbox.errors import PipelineUnavailableError

_DISTRIBUTIONS = {
    "onnxruntime": ("onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime"),
    "paddle": ("paddlepaddle-gpu", "paddlepaddle"),
}


def resolve_device(device: str, engine: str) -> str:
    """The device that "auto" stands for; any other is taken by its word."""
    if device != "auto":
        return device
    return "gpu:0" if _has_gpu(engine) else "cpu"


def engine_arguments(engine: str, device: str, threads: int) -> dict[str, Any]:
    """What every constructor of PaddleOCR is told of where it computes; `device` is a resolved one."""
    arguments: dict[str, Any] = {"engine": engine, "device": device}
    if engine == "onnxruntime":
        return arguments | {"engine_config": {"intra_op_num_threads": threads, "log_severity_level": 3}}
    return arguments | {"cpu_threads": threads}


def _has_gpu(engine: str) -> bool:
    if engine == "onnxruntime":
        import onnxruntime

        return "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    try:
        import paddle
    except ImportError as error:
        raise PipelineUnavailableError(
            'cannot use the engine paddle: install paddlepaddle, or ocr-inbox[gpu], or set engine = "onnxruntime"'
        ) from error
    return bool(paddle.device.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0)


def runtime_of(engine: str) -> str:
    """The engine's installed distribution and its version, such as "onnxruntime 1.32.0"."""
    for distribution in _DISTRIBUTIONS[engine]:
        try:
            return f"{distribution} {version(distribution)}"
        except PackageNotFoundError:
            continue
    raise PipelineUnavailableError(f"cannot use the engine {engine}: it is not installed")
