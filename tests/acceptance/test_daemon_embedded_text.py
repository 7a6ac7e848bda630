"""PDFs that carry text, read by the installed command as it is configured."""

from pathlib import Path

from pages import LINES, encoded, render_line, text_pdf
from running import Site, make_site, sidecar_path, valid

MIXED = text_pdf([LINES, ["Second"]])
"""The text of the second page is too short to be trusted."""
TEXT = "\n".join([*LINES, "Second"])


def _site(folder: Path, pdf_text: str) -> Site:
    rules = [{"match": "**", "pipeline": "text", "outputs": ["json", "pdf"]}]
    return make_site(folder, inboxes=[{"rules": rules}], text={"pdf_text": pdf_text}, limits={"pdf_dpi": 100})


def test_only_pages_whose_text_is_not_sound_are_given_to_the_engine(tmp_path: Path) -> None:
    site = _site(tmp_path, "auto")
    with site.serving() as daemon:
        sidecar = daemon.wait_for_sidecar(site.drop(MIXED, "mixed.pdf"))
        assert (sidecar["embedded_pages"], sidecar["result"]["text"]) == ([0], TEXT)
        answer = daemon.post(MIXED).json()
        assert (answer["embedded_pages"], answer["result"]["text"]) == ([0], TEXT)
        assert site.pages_read() == [1, 1]


def test_what_the_daemon_made_searchable_is_read_again(tmp_path: Path) -> None:
    site = _site(tmp_path, "auto")
    with site.serving() as daemon:
        source = site.drop(encoded(render_line("Invoice 2041")), "scan.png")
        daemon.wait_for_sidecar(source)
        searchable = sidecar_path(source).with_suffix(".pdf").read_bytes()
        sidecar = daemon.wait_for_sidecar(site.drop(searchable, "again.pdf"))
    assert (sidecar["embedded_pages"], sidecar["result"]["text"]) == ([], "Invoice 2041")
    assert site.readings() == 2


def test_files_read_for_a_person_follow_the_same_configuration(tmp_path: Path) -> None:
    site = _site(tmp_path, "embedded")
    (tmp_path / "mixed.pdf").write_bytes(MIXED)
    finished = site.command("read", tmp_path / "mixed.pdf")
    assert finished.returncode == 0, finished.stderr
    sidecar = valid(finished.stdout)
    assert (sidecar["embedded_pages"], sidecar["result"]["text"], sidecar["warnings"]) == ([0, 1], TEXT, [])
