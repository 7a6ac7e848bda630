"""Python loads this into every process of a daemon under test: it counts readings, and dies where it is told to.

`DIE_AT=module:Class.function:before` (or `after`) kills the process by SIGKILL when that function is called, or when
it has returned anything but an empty list; with `:16` behind it, the sixteenth time. `CRASH_AT_WIDTH=64` is an engine
that segfaults on pages so many pixels wide. `COUNT_READINGS_IN=FILE` gets a line with the number of each page that an
engine is given. `HANG_AT=module:Class.function` hangs whenever that function is called, with `HANG_WHILE=FILE` for as
long as that file is there. `SET="module:NAME=value …"` gives constants other values, so that no test waits as long as
the world does.
"""

import functools
import itertools
import os
import signal
import sys
import time
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
            if moment == "before" and next(times) == time:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **kwargs)
            if moment == "after" and result != [] and next(times) == time:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return dies

    return wrapping


def _hanging(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def hangs(*args: Any, **kwargs: Any) -> Any:
        release = os.environ.get("HANG_WHILE")
        while release is None or os.path.exists(release):  # noqa: PTH110 - this is in every Python process
            time.sleep(0.02)
        return function(*args, **kwargs)

    return hangs


def _setting(name: str, value: str) -> _Change:
    def change(module: ModuleType) -> None:
        kind = type(getattr(module, name))
        setattr(module, name, kind(value))

    return change


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
    if place := os.environ.get("HANG_AT"):
        name, hanging = place.split(":")
        changes.of_module.setdefault(name, []).append(lambda module: _wrap(module, hanging, _hanging))
    for setting in os.environ.get("SET", "").split():
        name, _, constant = setting.partition(":")
        changes.of_module.setdefault(name, []).append(_setting(*constant.split("=")))
    sys.meta_path.insert(0, changes)


_begin()
