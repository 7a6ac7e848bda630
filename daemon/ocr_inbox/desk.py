"""Reading files for a person who waits, with readers but without ledger and inboxes."""

import json
import stat
import sys
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ocr_inbox.errors import OcrInboxError, UnreadableDocumentError
from ocr_inbox.figures import self_contained
from ocr_inbox.model import Assignment, Document, Job, JobState, Output, PipelineName, Signature
from ocr_inbox.pipelines import Plan
from ocr_inbox.ports import Readers
from ocr_inbox.reading import Deliverable, FileSource, Reading, Window
from ocr_inbox.sidecar import Provenance, render, render_failure
from ocr_inbox.windows import FIRST_PAGES, Beginning, demand_reading, with_rest


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskResult:
    """What became of one file: the sidecar's text always, `text` and `markdown` where it could be read.

    The markdown has its figures in itself: on stdout they have no place beside it.
    """

    path: Path
    success: bool
    sidecar: str
    text: str = ""
    markdown: str = ""
    problem: str = ""


def read_files(plan: Plan, paths: Sequence[Path], outputs: tuple[Output, ...]) -> Generator[DeskResult, None, None]:
    """The results in the order of `paths`; raises PipelineUnavailableError where no reader can start.

    Closed early, it ends the readers, so that no lane goes on to the end of its document.
    """
    count = min(plan.readers, len(paths))
    with ThreadPoolExecutor(count) as lanes, plan.process_readers(count) as readers:
        readers.open()
        desk = _Desk(plan=plan, readers=readers, outputs=outputs)
        yield from lanes.map(desk.read, range(1, len(paths) + 1), paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    plan: Plan
    readers: Readers
    outputs: tuple[Output, ...]

    def read(self, number: int, path: Path) -> DeskResult:
        job = _job(number, path, self.plan.pipeline, self.outputs)
        digest = self.plan.habits.digest(self.outputs)
        try:
            source = _source(path)
            reading = self._reading(source)
            uri = path.absolute().as_uri()
            files = render(job, reading, Provenance(uri=uri, config_digest=digest, now=time.time()))
        except OcrInboxError as error:
            provenance = Provenance(uri=str(path), config_digest=digest, now=time.time())
            (failure,) = render_failure(job, error, provenance)
            return DeskResult(path=path, success=False, sidecar=failure.content.decode(), problem=str(error))
        return _result(path, files)

    def _reading(self, source: FileSource) -> Reading:
        figures = Output.MARKDOWN in self.outputs
        window = Window(source=source, first_page=0, page_count=FIRST_PAGES, figures=figures)
        first, begun = demand_reading(self.readers.read([window])[0]), Beginning(window=window, kept={})
        return with_rest(first, begun, readers=self.readers, pace=self.plan.habits.pace, keep=lambda *_: None)


def _result(path: Path, files: Sequence[Deliverable]) -> DeskResult:
    content = {file.output: _alone(file).decode() for file in files}
    return DeskResult(
        path=path,
        success=True,
        sidecar=content[Output.JSON],
        text=json.loads(content[Output.JSON])["result"].get("text", "") + "\n",
        markdown=content.get(Output.MARKDOWN, ""),
    )


def _alone(file: Deliverable) -> bytes:
    if file.output is not Output.MARKDOWN:
        return file.content
    figures = {figure.name: figure.content for figure in file.figures}
    return self_contained(file.content, figures.get, sys.maxsize)


def _source(path: Path) -> FileSource:
    try:
        status = path.stat()
    except OSError as error:
        raise UnreadableDocumentError(f"cannot read it: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableDocumentError("cannot read it: it is not a regular file")
    where = path.resolve()
    return FileSource(root=str(where.parent), path=where.name, signature=Signature.of(status))


def _job(number: int, path: Path, pipeline: PipelineName, outputs: tuple[Output, ...]) -> Job:
    now = time.time()
    return Job(
        id=number,
        document=Document(inbox="read", key=path.name, version=""),
        size=0,
        assignment=Assignment(pipeline=pipeline, rule="read", outputs=outputs),
        state=JobState.RUNNING,
        attempts=1,
        attempts_allowed=1,
        not_before=now,
        enqueued_at=now,
        started_at=now,
    )
