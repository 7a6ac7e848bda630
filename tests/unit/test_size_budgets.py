"""What is read in one sitting stays readable: no module over 300 lines, no function over 40."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_IN_A_MODULE = 300
MOST_IN_A_FUNCTION = 40


def _modules() -> list[Path]:
    return sorted(path for folder in ("daemon", "api", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """The functions of a module with their lines, from the first decorator to the last statement."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.name, (node.end_lineno or first) - first + 1


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_and_function_keeps_within_its_budget(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_IN_A_MODULE
    assert {name: lines for name, lines in _functions(path) if lines > MOST_IN_A_FUNCTION} == {}
