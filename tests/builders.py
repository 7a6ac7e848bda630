"""Values for tests, each whole and plausible; a test names only what it is about."""

from collections.abc import Sequence

from ocr_inbox.figures import name_of
from ocr_inbox.model import Arrival, Assignment, Document, InboxVitals, Job, JobState, PipelineName, PipelineVitals
from ocr_inbox.reading import Cell, Engine, Figure, Page, Reading, Region, Table, Timing

NOW = 1_750_000_000.0


def a_region(text: str = "Invoice 2041", *, top: float = 10.0, score: float = 0.98) -> Region:
    left, right, bottom = 10.0, 10.0 + 9 * len(text), top + 20
    return Region(text=text, score=score, polygon=((left, top), (right, top), (right, bottom), (left, bottom)))


def a_cell(text: str = "12.50", row: int = 0, column: int = 0, *, rows: int = 1, columns: int = 1) -> Cell:
    return Cell(row=row, column=column, row_span=rows, column_span=columns, text=text, bbox=None)


def a_table(*rows: Sequence[str], cells: tuple[Cell, ...] = ()) -> Table:
    placed = [a_cell(text, down, across) for down, row in enumerate(rows) for across, text in enumerate(row)]
    return Table(html="<table></table>", bbox=(10.0, 10.0, 500.0, 200.0), cells=cells or tuple(placed))


def a_page(*lines: str, index: int = 0) -> Page:
    regions = tuple(a_region(line, top=10 + 30.0 * number) for number, line in enumerate(lines))
    return Page(index=index, width=600, height=800, regions=regions)


def a_figure(content: bytes = b"\xff\xd8photo") -> Figure:
    """Nobody decodes it."""
    return Figure(name=name_of(content), content=content)


def an_illustrated_page(*contents: bytes, index: int = 0) -> Page:
    """A page of figures, one below the other."""
    figures = tuple(a_figure(content) for content in contents)
    text = "\n\n".join(f'<img src="{figure.name}" alt="Image" width="67%" />' for figure in figures)
    return Page(index=index, width=600, height=800, markdown=text, figures=figures)


def an_engine(family: str = "ocrv5") -> Engine:
    return Engine(
        family=family,
        paddleocr="3.7.0",
        paddlex="3.7.2",
        runtime="onnxruntime 1.32.0",
        device="cpu",
        models=("PP-OCRv5_mobile_det", "PP-OCRv5_mobile_rec"),
    )


def a_reading(*lines: str, size: int = 2048, pages: tuple[Page, ...] | None = None) -> Reading:
    pages = pages or (a_page(*(lines or ("Invoice 2041", "Total 121.50"))),)
    return Reading(
        sha256="a3" * 32,
        media_type="image/png",
        size=size,
        page_total=len(pages),
        pages=pages,
        engine=an_engine(),
        timing=Timing(preprocess=0.01, inference=0.2),
    )


def a_document(key: str = "text/scan.png", *, inbox: str = "scans", version: str = "1-1-1") -> Document:
    return Document(inbox=inbox, key=key, version=version)


def an_arrival(key: str = "text/scan.png", *, inbox: str = "scans", version: str = "1-1-1") -> Arrival:
    return Arrival(document=a_document(key, inbox=inbox, version=version), size=2048)


def an_assignment(
    pipeline: PipelineName | None = PipelineName.TEXT, *, fallback: PipelineName | None = None
) -> Assignment:
    return Assignment(pipeline=pipeline, rule="text/**", fallback=fallback)


def a_job(
    state: JobState = JobState.DONE,
    *,
    document: Document | None = None,
    code: str | None = None,
    reason: str | None = None,
) -> Job:
    ended = state not in (JobState.WAITING, JobState.RUNNING)
    return Job(
        id=1,
        document=document or a_document(),
        size=2048,
        assignment=an_assignment(),
        state=state,
        attempts=1,
        attempts_allowed=3,
        not_before=NOW,
        enqueued_at=NOW,
        started_at=NOW,
        finished_at=NOW + 1.5 if ended else None,
        code=code,
        reason=reason,
    )


def some_pipeline_vitals(*, ready: bool = True, problem: str | None = None) -> PipelineVitals:
    return PipelineVitals(
        loaded=ready,
        pipeline=PipelineName.TEXT,
        family="ocrv5",
        ready=ready,
        readers=2,
        restarts=3,
        device="cpu",
        problem=problem,
    )


def some_inbox_vitals(*, problem: str | None = None) -> InboxVitals:
    return InboxVitals(name="scans", mode="events", found_by_scan=4, last_scan_at=NOW, problem=problem)
