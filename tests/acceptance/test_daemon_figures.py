"""Pictures on a page are left beside its markdown, or inside it where it goes over the wire or to stdout."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from ocr_inbox.figures import name_of
from ocr_inbox.model import JobState
from pages import PHOTO, encoded, render_illustrated_page
from running import PATIENCE, Daemon, Site, make_site

KEY = "report 1.png"
KILLED = -9
_ADDRESS = re.compile(r'<img src="([^"]*)"')


def _site(folder: Path) -> Site:
    rule = {"match": "**", "pipeline": "table", "outputs": ["markdown"]}
    table = {"model": "PP-OCRv6", "readers": 1, "threads": 2}
    return make_site(folder, inboxes=[{"rules": [rule]}], table=table, text={"enabled": False})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return _site(tmp_path)


@pytest.fixture(scope="module")
def illustrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that has read a page with a photo."""
    with _site(tmp_path_factory.mktemp("illustrated")).serving() as daemon:
        daemon.wait_for_sidecar(daemon.site.drop(encoded(render_illustrated_page()), KEY))
        yield daemon


def _is_the_photo(content: bytes) -> bool:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        return abs(image.width - (PHOTO[2] - PHOTO[0])) < 80


def _inside(markdown: str) -> list[bytes]:
    """The figures that are in the markdown itself; all of them are."""
    addresses = _ADDRESS.findall(markdown)
    assert all(address.startswith("data:image/jpeg;base64,") for address in addresses), addresses
    return [base64.b64decode(address.partition(",")[2]) for address in addresses]


def test_a_photo_lies_where_the_markdown_says(illustrated: Daemon) -> None:
    markdown = (illustrated.site.inbox / f"{KEY}.ocr.md").read_text(encoding="utf-8")
    (address,) = _ADDRESS.findall(markdown)
    assert address.startswith("report%201.png.ocr.figures/")
    assert _is_the_photo((illustrated.site.inbox / address.replace("%20", " ")).read_bytes())


def test_no_figure_is_taken_for_a_document(illustrated: Daemon) -> None:
    illustrated.wait_for_scan()
    assert [job.document.key for job in illustrated.site.jobs() if job.document.inbox == "inbox"] == [KEY]


def test_the_result_of_a_job_has_the_photo_inside(illustrated: Daemon) -> None:
    answer = illustrated.get(f"/api/v1/jobs/{illustrated.site.job(KEY).id}/result?format=markdown").json()
    (photo,) = _inside(answer["result"]["markdown"])
    assert _is_the_photo(photo)


def test_so_has_the_answer_to_an_upload(illustrated: Daemon) -> None:
    page = {"file": ("page.png", encoded(render_illustrated_page()))}
    response = httpx.post(
        f"{illustrated.url}/api/v1/ocr/table",
        files=page,
        data={"format": "markdown"},
        timeout=2 * PATIENCE,
        trust_env=False,
    )
    (photo,) = _inside(response.json()["result"]["markdown"])
    assert _is_the_photo(photo)


def test_so_has_markdown_on_stdout(site: Site) -> None:
    (site.folder / KEY).write_bytes(encoded(render_illustrated_page()))
    finished = site.command("read", "--pipeline", "table", "--markdown", site.folder / KEY)
    (photo,) = _inside(finished.stdout)
    assert _is_the_photo(photo)


@pytest.mark.parametrize("place", ["write:after", "sweep:before"])
def test_new_markdown_never_comes_with_old_pictures_wherever_the_daemon_dies(site: Site, place: str) -> None:
    source = site.drop(encoded(render_illustrated_page()), KEY)
    site.drop(b"old", f"{KEY}.ocr.figures/{name_of(b'old')}")
    assert site.once(DIE_AT=f"ocr_inbox.folder.figures:{place}") == KILLED
    assert site.once() == 0
    assert site.job(KEY).state is JobState.DONE
    markdown = source.with_name(f"{KEY}.ocr.md").read_text(encoding="utf-8")
    left = [path.name for path in (site.inbox / f"{KEY}.ocr.figures").iterdir()]
    assert left == [address.rpartition("/")[2] for address in _ADDRESS.findall(markdown)]
    assert len(left) == 1
