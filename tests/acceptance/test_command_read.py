"""`ocr-inbox read`: files in, lines of JSON out."""

import signal
import subprocess
from pathlib import Path

import pytest

from pages import encoded, render_line, tiff_of, truncated
from process_groups import end_group, members
from running import COMMAND, Site, eventually, make_site, valid

FIRST, SECOND = "Invoice 2041", "Invoice 2042"


@pytest.fixture
def files(site: Site) -> list[Path]:
    contents = {
        "first.png": encoded(render_line(FIRST)),
        "cut-off.png": truncated(encoded(render_line(FIRST))),
        "it's second.png": encoded(render_line(SECOND)),
    }
    for name, content in contents.items():
        (site.folder / name).write_bytes(content)
    return [site.folder / name for name in (*contents, "missing.png")]


def test_each_file_becomes_a_line_of_json_and_bad_ones_do_not_stop_the_others(site: Site, files: list[Path]) -> None:
    finished = site.command("read", *files)
    assert finished.returncode == 65
    first, cut_off, second, missing = map(valid, finished.stdout.splitlines())
    assert (first["result"]["text"], second["result"]["text"]) == (FIRST, SECOND)
    assert (cut_off["error_code"], missing["status"]) == ("unreadable", "error")
    assert second["source"]["key"] == "it's second.png"
    assert f"{files[1]}: cannot read" in finished.stderr
    assert f"{files[3]}: cannot read it: No such file or directory" in finished.stderr
    assert not site.state.exists(), "reading a file needs no state"


def test_a_file_that_may_not_be_read_does_not_stop_the_others(site: Site, files: list[Path]) -> None:
    files[0].chmod(0)
    folder = site.folder / "folder.png"
    folder.mkdir()
    finished = site.command("read", files[0], folder, files[2], powerless=True)
    assert finished.returncode == 65
    denied, no_file, second = map(valid, finished.stdout.splitlines())
    assert (denied["error_code"], no_file["error_code"]) == ("access_denied", "unreadable")
    assert no_file["error"] == "cannot read it: it is not a regular file"
    assert second["result"]["text"] == SECOND


def test_text_alone(site: Site, files: list[Path]) -> None:
    finished = site.command("read", "--text", files[0], files[2])
    assert (finished.returncode, finished.stdout) == (0, f"{FIRST}\n{SECOND}\n")


def test_markdown_alone(site: Site, files: list[Path]) -> None:
    finished = site.command("read", "--markdown", files[0])
    assert (finished.returncode, finished.stdout) == (0, f"{FIRST}\n")


def test_text_and_markdown_at_once_are_refused(site: Site, files: list[Path]) -> None:
    assert site.command("read", "--text", "--markdown", files[0]).returncode == 2


def _as_on_a_terminal() -> None:
    """Ctrl-C is heard: what shells start in the background is told to ignore it, and hands that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    """Not after the document in hand, which may have thousands of pages, and not after those behind it."""
    site = make_site(tmp_path)
    long = tmp_path / "long.tiff"
    long.write_bytes(tiff_of([render_line(f"Page {number}") for number in range(300)], compression="tiff_lzw"))
    process = subprocess.Popen(
        [COMMAND, "read", long, long, "-c", site.config],
        env=site.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_as_on_a_terminal,  # noqa: PLW1509 - this process has one thread here
    )
    try:
        eventually(lambda: site.readings() > 2)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=15)  # of the minute that the document would take
        assert process.returncode == 130
        assert stdout == ""
        assert "Traceback" not in stderr
        eventually(lambda: not members(process.pid))
    finally:
        end_group(process)
