"""What is no document, or a hostile one, costs nobody else anything, and whoever waits for an answer gets one."""

import os
import struct
import zlib
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from ocr_inbox.model import JobState
from ocr_inbox.names import key_of
from pages import encoded, render_line, render_page, text_pdf, tiff_of, truncated
from running import Daemon, eventually, make_site, sidecar_of, sidecar_path, valid

LINE = "Invoice 2041"
STRIP = encoded(render_line(LINE))
QUICK = 3.0
"""Seconds for what is refused by its header; reading it would take far longer."""


MOST_BYTES_OF_A_NAME = 255


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be so large and has next to nothing in it."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(bytes(1000))) + _chunk(b"IEND", b"")


def tiff_of_frames(count: int) -> bytes:
    """A TIFF of so many frames of one pixel, one directory after the other."""
    entries = ((256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (278, 1), (279, 1))
    size = 2 + 12 * len(entries) + 4
    content = bytearray(b"II*\x00" + struct.pack("<I", 10) + b"\xff\x00")
    for number in range(count):
        content += struct.pack("<H", len(entries))
        for tag, value in entries:
            content += struct.pack("<HHII", tag, 3 if tag not in (273, 279) else 4, 1, value)
        after = 10 + (number + 1) * size
        content += struct.pack("<I", after if number + 1 < count else 0)
    return bytes(content)


def animation() -> bytes:
    frames = [render_line(LINE), render_line("Another frame")]
    return encoded(frames[0].convert("P"), "GIF", save_all=True, append_images=[frames[1].convert("P")])


BURIED = {
    "cut-off.png": (truncated(STRIP), "unreadable"),
    "cut-off.jpg": (truncated(encoded(render_page([LINE]), "JPEG"), 0.3), "unreadable"),
    "text-called.png": (b"These are words.\n" * 50, "unsupported_type"),
    "broken.pdf": (b"%PDF-1.7\n" + bytes(2000), "unreadable"),
    "bomb.png": (png_header(40_000, 40_000), "too_large"),
    "ten-thousand-frames.tiff": (tiff_of_frames(10_000), "too_large"),
}


@pytest.mark.parametrize("name", BURIED)
def test_what_cannot_be_read_gets_a_sidecar_that_says_why(standing: Daemon, name: str) -> None:
    content, code = BURIED[name]
    source = standing.site.drop(content, f"text/{name}")
    job = standing.wait_for_job(f"text/{name}")
    assert (job.state, job.code, job.attempts) == (JobState.BURIED, code, 1)
    sidecar = sidecar_of(source)
    assert (sidecar["status"], sidecar["error_code"]) == ("error", code)
    assert sidecar["error"].startswith("cannot ")
    assert (job.finished_at or 0.0) - (job.started_at or 0.0) < QUICK
    assert source.read_bytes() == content


def test_a_file_that_nobody_meant_to_be_read_is_skipped_in_silence(standing: Daemon) -> None:
    source = standing.site.drop(b"Call Bristol back.\n" * 30, "text/notes.txt")
    job = standing.wait_for_job("text/notes.txt")
    assert (job.state, job.code) == (JobState.SKIPPED, "unsupported_type")
    assert not sidecar_path(source).exists()


def test_of_an_animation_the_first_frame_is_read_with_a_warning(standing: Daemon) -> None:
    sidecar = standing.wait_for_sidecar(standing.site.drop(animation(), "text/animation.gif"))
    assert sidecar["result"]["text"] == LINE
    assert sidecar["warnings"] == ["only the first frame of the animation was read"]


NAMES = {
    "newline": b"line\nbreak.png",
    "emoji": "\N{GRINNING FACE} \N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}.png".encode(),
    "not-utf-8": b"caf\xe9 \xff\xfe.png",
    "longest": b"x" * 251 + b".png",
    "longest-of-wide-letters": "\N{CJK UNIFIED IDEOGRAPH-6F22}".encode() * 83 + b"ab.png",
    "quotes": b'it\'s "quoted" `$HOME` ; rm -rf & %s {0}.png',
    "dash": b"-rf --help.png",
    "backslash": b"a\\x41\\.png",
    "spaces": b" leading and trailing .png",
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_file_of_any_name_is_read(standing: Daemon, kind: str) -> None:
    name = os.fsdecode(NAMES[kind])
    standing.site.drop(STRIP, f"text/{name}")
    key = key_of(f"text/{name}")
    job = standing.wait_for_job(key)
    assert job.state is JobState.DONE
    assert standing.get(f"/api/v1/jobs/{job.id}/result").json()["source"]["key"] == key
    sidecar = path_at(job.sidecar or "")
    assert valid(sidecar.read_text(encoding="utf-8"))["source"]["key"] == key
    assert sidecar.parent == standing.site.inbox / "text"
    assert sidecar.name.endswith(".ocr.json")
    assert sidecar.name.startswith(name if len(os.fsencode(name)) < MOST_BYTES_OF_A_NAME - 9 else name[:50])


def path_at(uri: str) -> Path:
    return Path(os.fsdecode(unquote_to_bytes(uri.removeprefix("file://"))))


@pytest.fixture(scope="module")
def no_documents(standing: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what must be left alone, and that was looked through since."""
    folder = standing.site.inbox / "text" / "odd"
    folder.mkdir()
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    outside.write_bytes(STRIP)
    (folder / "link.png").symlink_to(outside)
    (folder / "dangling.png").symlink_to(outside.with_name("nothing.png"))
    (folder / "linked-folder").symlink_to(outside.parent)
    os.mkfifo(folder / "pipe.png")
    (folder / "folder.png").mkdir()
    (folder / "empty.png").touch()
    (folder / ".hidden.png").write_bytes(STRIP)
    (folder / "upload.png.part").write_bytes(STRIP)
    standing.wait_for_scan()
    return folder


@pytest.mark.parametrize(
    "name", ["link.png", "dangling.png", "linked-folder", "pipe.png", "folder.png", ".hidden.png", "upload.png.part"]
)
def test_what_is_no_complete_file_of_the_inbox_is_never_read(standing: Daemon, no_documents: Path, name: str) -> None:
    assert [job for job in standing.site.jobs() if name in job.document.key] == []
    assert not sidecar_path(no_documents / name).exists()


def test_nothing_happens_to_an_empty_file_until_something_is_written(standing: Daemon, no_documents: Path) -> None:
    empty = no_documents / "empty.png"
    assert standing.site.jobs_of("text/odd/empty.png") == []
    empty.write_bytes(STRIP)
    assert standing.wait_for_sidecar(empty)["result"]["text"] == LINE


def test_a_document_inside_a_folder_called_like_one_is_read(standing: Daemon, no_documents: Path) -> None:
    inner = no_documents / "folder.png" / "inner.png"
    inner.write_bytes(STRIP)
    assert standing.wait_for_sidecar(inner)["result"]["text"] == LINE


def reading_slowly(standing: Daemon, key: str) -> None:
    """Keep the only reader busy with a document of many pages."""
    standing.site.drop(tiff_of([render_line(f"Page {number}") for number in range(60)]), key)
    standing.wait_for_job(key, [JobState.RUNNING])


def test_a_document_that_is_taken_back_while_it_waits_is_let_go(standing: Daemon) -> None:
    for number in range(5):  # all that the lane has hands for, and one that it is about to begin
        reading_slowly(standing, f"text/before-the-taken-back-{number}.tiff")
    source = standing.site.drop(STRIP, "text/taken-back.png")
    standing.wait_for_job("text/taken-back.png", [JobState.WAITING])
    source.unlink()
    job = standing.wait_for_job("text/taken-back.png")
    assert (job.state, job.code) == (JobState.SKIPPED, "vanished")
    assert not sidecar_path(source).exists()


def test_a_document_that_is_replaced_while_it_is_read_is_read_again(standing: Daemon) -> None:
    key = "text/replaced.tiff"
    reading_slowly(standing, key)
    better = standing.site.inbox / "text" / ".better"
    better.write_bytes(tiff_of([render_line(LINE)]))
    source = better.rename(standing.site.inbox / key)
    assert standing.wait_for_job(key, version=2).state is JobState.DONE
    assert [job.code for job in standing.site.jobs_of(key)] == ["superseded", None]
    assert sidecar_of(source)["result"]["text"] == LINE


def test_an_upload_that_cannot_be_read_is_answered(standing: Daemon) -> None:
    response = standing.post(truncated(STRIP))
    assert response.status_code == 400
    assert response.json()["error_code"] == "unreadable"


def test_a_pdf_of_text_is_read_page_by_page(standing: Daemon) -> None:
    sidecar = standing.wait_for_sidecar(
        standing.site.drop(text_pdf([["First"], ["Second"]], points=24), "text/two.pdf")
    )
    assert [(region["text"], region["page"]) for region in sidecar["result"]["regions"]] == [
        ("First", 0),
        ("Second", 1),
    ]


def test_a_document_waits_with_the_reason_until_its_folder_can_be_written(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    source = site.drop(STRIP)
    source.parent.chmod(0o555)
    with site.serving(powerless=True) as daemon:
        (waits, *_) = eventually(lambda: [job for job in site.jobs() if job.state is JobState.WAITING and job.code])
        source.parent.chmod(0o755)
        assert waits.code == "access_denied"
        assert "let the daemon's user write there" in (waits.reason or "")
        assert daemon.wait_for_sidecar(source)["result"]["text"] == LINE
        done = daemon.wait_for_job()
        assert done.state is JobState.DONE
        assert done.attempts_allowed - done.attempts == 2, "waiting for the world uses up no attempt"


def test_the_daemon_is_still_healthy_after_all_this(standing: Daemon) -> None:
    """The last test of this module: nothing before it may have cost a reader."""
    health = standing.get("/api/v1/health").json()
    assert health["status"] == "healthy"
    assert [pipeline["restarts"] for pipeline in health["pipelines"].values()] == [0]
