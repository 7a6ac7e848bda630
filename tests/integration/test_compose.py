"""What the daemon's parts do together for those who ask over HTTP."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import a_figure, a_job
from configurations import write_configuration
from contract.inbox_promises import JSON, illustrated
from folders import put, tree
from ocr_inbox.compose import Daemon, assembled
from ocr_inbox.launch import Launch
from ocr_inbox.model import Document, Job, Output, Signature
from ocr_inbox.settings import load_settings
from ocr_inbox_api.uploads import remove_upload

PHOTO = a_figure(b"\xff\xd8photo")
KEY = "ab12.upload"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Everything that runs, before anything does."""
    write_configuration(tmp_path / "ocr-inbox.toml", 0, inboxes=[{}])
    settings = load_settings(tmp_path / "ocr-inbox.toml")
    launch = Launch(settings=settings, reread=lambda: settings, change_level=lambda _: None)
    with assembled(launch) as daemon:
        yield daemon


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    return tmp_path / "state/uploads"


@pytest.fixture
def job(daemon: Daemon, uploads: Path) -> Job:
    """An upload of which markdown with a photo was left."""
    version = Signature.of(put(uploads, KEY).stat()).version
    document = Document(inbox="uploads", key=KEY, version=version)
    daemon.uploads.deliver(document, [illustrated(daemon.uploads, document, PHOTO), JSON])
    return a_job(document=document)


def test_markdown_is_answered_with_its_figures_inside(daemon: Daemon, job: Job) -> None:
    encoded = base64.b64encode(PHOTO.content).decode()
    assert daemon.fetch(job, Output.MARKDOWN) == f"![](data:image/jpeg;base64,{encoded})".encode()
    assert daemon.fetch(job, Output.JSON) == JSON.content


def test_a_figure_that_was_taken_away_is_said_to_be_left_out(daemon: Daemon, job: Job, uploads: Path) -> None:
    (uploads / f"{KEY}.ocr.figures" / PHOTO.name).unlink()
    assert daemon.fetch(job, Output.MARKDOWN) == b"(figure left out)"


def test_an_answer_does_not_grow_beyond_measure(daemon: Daemon, job: Job) -> None:
    large = [a_figure(bytes([number]) * (3 << 20)) for number in range(2)]
    daemon.uploads.deliver(job.document, [illustrated(daemon.uploads, job.document, *large, PHOTO), JSON])
    answer = daemon.fetch(job, Output.MARKDOWN) or b""
    assert (answer.count(b"data:image/jpeg"), answer.count(b"(figure left out)")) == (2, 1)
    assert len(answer) < 6 << 20


def test_an_upload_is_forgotten_with_its_figures(job: Job, uploads: Path) -> None:
    other = put(uploads, "cd34.upload")
    assert tree(uploads).keys() > {KEY, f"{KEY}.ocr.json", f"{KEY}.ocr.figures/{PHOTO.name}"}
    for _ in range(2):
        remove_upload(uploads, job.document.key)
        assert list(uploads.iterdir()) == [other]
