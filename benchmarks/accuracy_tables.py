"""How alike thirty rendered tables and what is read of them are, as trees of rows and cells (TEDS: 1 is the same).

The daemon stands against a bare PPStructureV3, and the structures that it finds also against SLANet_plus alone,
which is spared the finding: it is given each table cut out.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from figures import Against, bare_engine, daemon, encoded, report, workplace
from PIL import Image
from pylopdf_fonts_zh_cn import sans_path
from table_recognition_metric import TEDS
from turns import Turn, in_turns

from ocr_inbox.pipelines import table_options
from ocr_inbox.reading import Box
from table_pages import table_page
from true_tables import KINDS, RULINGS, TrueTable, true_tables

_ONLY_TABLES = """
pipelines.text.enabled = false
pipelines.document.enabled = false
pipelines.table.preload = true
pipelines.table.readers = 1
"""
_AROUND = 8
"""Pixels of the page that stay around a table that is cut out."""
_MARKUP = ("thead", "tbody", "b", "i")
"""What says nothing of where a cell stands."""
_CONTENT = TEDS(ignore_nodes=_MARKUP)
_STRUCTURE = TEDS(ignore_nodes=_MARKUP, structure_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """A table, the page that both read, and the HTML that the structure model makes of the table alone."""

    table: TrueTable
    turn: Turn
    alone: str

    @property
    def ours(self) -> str:
        return _largest([table["html"] for table in self.turn.result["tables"]])

    @property
    def bare(self) -> str:
        return _largest(self.turn.bare)


def _largest(tables: Sequence[str]) -> str:
    """There is one table on a page; what is found besides counts as nothing, and so does a page without."""
    return max(tables, key=len, default="")


def _results() -> list[_Result]:
    tables = list(true_tables())
    pages = [table_page(table, sans_path()) for table in tables]
    names = [f"{number:02}-{table.kind}.png" for number, table in enumerate(tables)]
    with ExitStack() as running:
        bare = running.enter_context(bare_engine("structure", table_options, more=_ONLY_TABLES))
        alone = running.enter_context(bare_engine("slanet", table_options, more=_ONLY_TABLES))
        it = running.enter_context(daemon(more=_ONLY_TABLES))
        folder = running.enter_context(workplace())
        files = {name: encoded(page) for name, (page, _) in zip(names, pages, strict=True)}
        turns = in_turns(it, bare, "table", files, "tables")
        cuts = [_cut(page, box, folder / name) for name, (page, box) in zip(names, pages, strict=True)]
        structures = alone.ask([str(cut) for cut in cuts])
    return [
        _Result(table=table, turn=turns[name], alone=structure)
        for table, name, (_, structure) in zip(tables, names, structures, strict=True)
    ]


def _cut(page: Image.Image, box: Box, path: Path) -> Path:
    left, top, right, bottom = box
    page.crop((left - _AROUND, top - _AROUND, right + _AROUND, bottom + _AROUND)).save(path)
    return path


def _report(group: str, results: Sequence[_Result]) -> None:
    def scores(score: Callable[[str, str], float], read: Callable[[_Result], str]) -> list[float]:
        return [score(read(result), result.table.html) for result in results]

    def figure(name: str, score: Callable[[str, str], float], read: Callable[[_Result], str], against: str) -> None:
        other = Against(name=against, samples=scores(score, read))
        report(f"table_{name}_{group}", "of 1", scores(score, lambda result: result.ours), other, fmean)

    figure("found", lambda html, _: float(bool(html)), lambda result: result.bare, "bare_ppstructurev3")
    figure("teds", _CONTENT, lambda result: result.bare, "bare_ppstructurev3")
    figure("teds_structure", _STRUCTURE, lambda result: result.alone, "bare_slanet_plus_on_the_table_cut_out")


def main() -> None:
    """By kind, by ruling, and all of them."""
    results = _results()
    for kind in KINDS:
        _report(kind, [result for result in results if result.table.kind == kind])
    for ruling in RULINGS:
        _report(ruling, [result for result in results if result.table.ruling == ruling])
    _report("all", results)
    bare = Against(name="bare_ppstructurev3", samples=[result.turn.bare_seconds for result in results])
    report("table_page_seconds", "s", [result.turn.seconds for result in results], bare)


if __name__ == "__main__":
    main()
