"""What was built into a model folder, written inside it, so that damage is noticed before a reader loads it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ocr_inbox.paddle.catalogue import Model

MANIFEST = "manifest.json"
WEIGHTS = "inference.onnx"
CONFIG = "inference.yml"

RECIPE = 1
"""To be raised when folders are built differently, so that those built before are built anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a folder was built from, and how."""

    model: str
    wheel: str
    weights_sha256: str
    recipe: int


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of the folder; `size` is in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The content of manifest.json."""

    origin: Origin
    files: tuple[File, ...]


def origin_of(model: Model) -> Origin:
    """What a folder of this model is built from today."""
    return Origin(model=model.name, wheel=str(model.wheel), weights_sha256=model.weights.sha256, recipe=RECIPE)


def manifest_json(model: Model, folder: Path) -> str:
    """The manifest of a folder that has just been built. Raises OSError."""
    files = tuple(_as_it_is(folder / name) for name in (WEIGHTS, CONFIG))
    return json.dumps(asdict(Manifest(origin=origin_of(model), files=files)), indent=1)


def _as_it_is(path: Path) -> File:
    content = path.read_bytes()
    return File(name=path.name, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def damage_of(model: Model, folder: Path, *, thorough: bool) -> str | None:
    """What is wrong with a model's folder, in words, or None.

    Looks at names and sizes only, or, when `thorough`, at every byte.
    """
    try:
        manifest = _parse((folder / MANIFEST).read_text("utf-8"))
        return next(_complaints(manifest, model, folder, thorough=thorough), None)
    except OSError as error:
        return f"cannot read it: {error}"
    except (ValueError, TypeError, KeyError) as error:
        return f"cannot understand {MANIFEST}: {error!r}"


def _complaints(manifest: Manifest, model: Model, folder: Path, *, thorough: bool) -> Iterator[str]:
    if manifest.origin != origin_of(model):
        yield f"it was built by another version of this program, from {manifest.origin.wheel}"
    if {file.name for file in manifest.files} != {WEIGHTS, CONFIG}:
        yield f"{MANIFEST} does not list {WEIGHTS} and {CONFIG}"
    for file in manifest.files:
        size = (folder / file.name).stat().st_size
        if size != file.size:
            yield f"{file.name} has {size} bytes instead of {file.size}"
        elif thorough and _as_it_is(folder / file.name) != file:
            yield f"{file.name} has changed since it was built"


def _parse(text: str) -> Manifest:
    content = json.loads(text)
    return Manifest(origin=Origin(**content["origin"]), files=tuple(File(**file) for file in content["files"]))
