"""Python loads this into every process of a daemon under test: it counts readings, and dies where it is told to.

`DIE_AT=module:Class.function:before` (or `after`) kills the process by SIGKILL when that function is called, or when
it has returned anything but an empty list; with `:16` behind it, the sixteenth time. `CRASH_AT_WIDTH=64` is an engine
that segfaults on pages so many pixels wide. `COUNT_READINGS_IN=FILE` gets a line with the number of each page that an
engine is given.
"""

import functools
import itertools
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_Change = Callable[[ModuleType], None]


class _Changes(MetaPathFinder):
    """Changes modules right after they were imported."""

    def __init__(self) -> None:
        self.of_module: dict[str, list[_Change]] = {}

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        changes = self.of_module.get(name)
        if changes is None:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            raise ImportError(f"cannot change {name}: there is no such module")
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            for change in changes:
                change(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign] # this one import only
        return spec


def _wrap(module: ModuleType, name: str, wrapping: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Fails where there is nothing of this name, so that no test passes because of a renamed function."""
    *owners, last = name.split(".")
    owner: Any = functools.reduce(getattr, owners, module)
    setattr(owner, last, wrapping(getattr(owner, last)))


def _dying(moment: str, time: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    times = itertools.count(1)

    def wrapping(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def dies(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs) if moment == "after" else None
            if result != [] and next(times) == time:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return dies

    return wrapping


def _watching_pages(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def watched(engine: Any, index: int, image: Any) -> Any:
        if counter := os.environ.get("COUNT_READINGS_IN"):
            descriptor = os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(descriptor, b"%d\n" % index)
            os.close(descriptor)
        if image.pixels.shape[1] == int(os.environ.get("CRASH_AT_WIDTH", "0")):
            os.kill(os.getpid(), signal.SIGSEGV)
        return function(engine, index, image)

    return watched


def _begin() -> None:
    changes = _Changes()
    changes.of_module["ocr_inbox.reader"] = [lambda module: _wrap(module, "_read_page", _watching_pages)]
    if place := os.environ.get("DIE_AT"):
        name, function, moment, *time = place.split(":")
        dying = _dying(moment, int(time[0]) if time else 1)
        changes.of_module.setdefault(name, []).append(lambda module: _wrap(module, function, dying))
    sys.meta_path.insert(0, changes)


_begin()
