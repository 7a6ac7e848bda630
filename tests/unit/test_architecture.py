"""The page on the architecture says what import-linter checks."""

import sys
from itertools import pairwise
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
LINES_A_PAGE = 110


def drawn(page: str) -> list[str]:
    """The modules of the page's layers, first to last."""
    _, _, layers = page.partition("## Layers\n")
    lines = [line.strip().removeprefix("· ") for line in layers.splitlines() if line.startswith("    ")]
    return [name for line in lines for name in line.partition("  ")[0].split(" · ")]


def test_the_page_draws_the_layers_that_are_checked() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = content["tool"]["importlinter"]["contracts"][0]["layers"]
    layer_of = {name: number for number, layer in enumerate(contract) for name in layer.split(" | ")}
    names = drawn(page)
    assert sorted(names) == sorted(layer_of)
    assert all(layer_of[above] <= layer_of[below] for above, below in pairwise(names)), "as in pyproject.toml"
    assert len(page.splitlines()) <= LINES_A_PAGE, "it is one page"
