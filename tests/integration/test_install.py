"""`make install` and `make uninstall`, into a root of their own."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from installation import PYTHON, ROOT, VENV, debian_package, installed, make
from ocr_inbox import __version__

LISTING = [
    "etc/ocr-inbox/ocr-inbox.toml",
    "etc/ocr-inbox/paddle-vl.env",
    "etc/ocr-inbox/secrets",
    "etc/ocr-inbox/vllm_config.yaml",
    "opt/ocr-inbox/doc/CHANGELOG.md",
    "opt/ocr-inbox/doc/LICENSE",
    "opt/ocr-inbox/doc/object-stores.md",
    "opt/ocr-inbox/doc/operations.md",
    "opt/ocr-inbox/drop-ins/nvidia.conf",
    "opt/ocr-inbox/drop-ins/systemd-254.conf",
    "opt/ocr-inbox/examples/ocr-inbox.toml",
    "opt/ocr-inbox/examples/paddle-vl.env",
    "opt/ocr-inbox/examples/vllm_config.yaml",
    "opt/ocr-inbox/paddle-vl_vllm_service/.env",
    "opt/ocr-inbox/paddle-vl_vllm_service/README.md",
    "opt/ocr-inbox/paddle-vl_vllm_service/compose.yaml",
    "opt/ocr-inbox/paddle-vl_vllm_service/docker_vlm_deploy.sh",
    "opt/ocr-inbox/paddle-vl_vllm_service/vllm_config.yaml",
    "opt/ocr-inbox/venv",
    "usr/lib/systemd/catalog/ocr-inbox.catalog",
    "usr/lib/systemd/system/ocr-inbox-backup.service",
    "usr/lib/systemd/system/ocr-inbox-backup.timer",
    "usr/lib/systemd/system/ocr-inbox.service",
    "usr/lib/systemd/system/ocr-inbox.socket",
    "usr/lib/systemd/system/paddle-vl-vllm.service",
    "usr/lib/systemd/user/ocr-inbox.service",
    "usr/lib/systemd/user/ocr-inbox.socket",
    "usr/lib/sysusers.d/ocr-inbox.conf",
    "usr/lib/tmpfiles.d/ocr-inbox.conf",
    "usr/local/bin/ocr-inbox",
]

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def stage() -> Path:
    """A root with everything in it."""
    return installed()


@pytest.fixture
def root(stage: Path, tmp_path: Path) -> Path:
    """Another one, which shares the virtual environment with it: that is there already, and as it should be."""
    root = tmp_path / "root"
    (root / VENV).parent.mkdir(parents=True)
    (root / VENV).symlink_to(stage / VENV)
    install(root)
    return root


def install(root: Path, **more: str) -> str:
    return make(
        "install", f"DESTDIR={root}", "SYSTEMD_VERSION=252", *(f"{name}={value}" for name, value in more.items())
    )


def listing(root: Path) -> list[str]:
    """All but folders with something in them, without what is in the virtual environment."""
    paths = [path for path in root.rglob("*") if VENV + "/" not in str(path)]
    leaves = [path for path in paths if path.is_symlink() or path.name == "venv" or not any_below(path)]
    return sorted(str(path.relative_to(root)) for path in leaves)


def any_below(path: Path) -> bool:
    return path.is_dir() and any(path.iterdir())


def fingerprints(root: Path) -> dict[str, tuple[object, ...]]:
    """What must not change: kinds, permissions, times of content and of status, and content."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        regular = path.is_file() and not path.is_symlink()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if regular else ""
        found[str(path)] = (status.st_mode, status.st_mtime_ns, status.st_ctime_ns, content)
    return found


def test_everything_is_where_it_belongs(root: Path) -> None:
    assert listing(root) == LISTING
    assert (root / "etc/ocr-inbox/secrets").stat().st_mode & 0o777 == 0o700
    assert str((root / "usr/local/bin/ocr-inbox").readlink()) == "/opt/ocr-inbox/venv/bin/ocr-inbox"
    assert 'folder = "/var/cache/ocr-inbox/models"\n' in (root / "etc/ocr-inbox/ocr-inbox.toml").read_text("utf-8")


def test_the_program_runs_from_where_it_will_be(stage: Path) -> None:
    script = (stage / VENV / "bin/ocr-inbox").read_text(encoding="utf-8")
    assert script.startswith("#!/opt/ocr-inbox/venv/bin/python\n")
    done = subprocess.run(
        [stage / VENV / "bin/python", "-m", "ocr_inbox", "--help"], capture_output=True, text=True, check=True
    )
    assert "Usage" in done.stdout


def test_a_second_run_changes_nothing(stage: Path, root: Path) -> None:
    before = fingerprints(root)
    install(root)
    assert fingerprints(root) == before
    libraries = (stage / VENV).stat()
    install(stage)
    assert (stage / VENV).stat() == libraries


def test_what_was_edited_stays_and_what_was_not_is_renewed(root: Path) -> None:
    mine, theirs = root / "etc/ocr-inbox/ocr-inbox.toml", root / "etc/ocr-inbox/vllm_config.yaml"
    mine.write_text('state_dir = "/data"\n', encoding="utf-8")
    older = "# as an older version had it\n"
    for path in (
        theirs,
        root / "opt/ocr-inbox/examples/vllm_config.yaml",
        root / "opt/ocr-inbox/examples/ocr-inbox.toml",
    ):
        path.write_text(older, encoding="utf-8")
    assert "/etc/ocr-inbox/ocr-inbox.toml is as you edited it" in install(root)
    assert mine.read_text(encoding="utf-8") == 'state_dir = "/data"\n'
    assert theirs.read_bytes() == (ROOT / "paddle-vl_vllm_service/vllm_config.yaml").read_bytes()
    assert "is as you edited it" not in install(root), "it is said once"


def test_a_newer_systemd_gets_what_only_that_understands(root: Path) -> None:
    drop_in = root / "usr/lib/systemd/system/ocr-inbox.service.d/systemd-254.conf"
    assert not drop_in.exists()
    make("install", f"DESTDIR={root}", "SYSTEMD_VERSION=257")
    assert "Type=notify-reload" in drop_in.read_text(encoding="utf-8")
    install(root)
    assert not drop_in.exists()


def test_uninstalling_leaves_what_is_yours(root: Path) -> None:
    (root / "etc/ocr-inbox/secrets/api-keys").write_text("mine\n", encoding="utf-8")
    make("uninstall", f"DESTDIR={root}")
    assert listing(root / "etc/ocr-inbox") == [
        "ocr-inbox.toml",
        "paddle-vl.env",
        "secrets/api-keys",
        "vllm_config.yaml",
    ]
    assert [path for path in root.rglob("*") if path.is_file() and "etc/ocr-inbox" not in str(path)] == []
    make("uninstall", f"DESTDIR={root}")


def test_a_python_in_a_home_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "python"
    home.write_text("#!/bin/sh\necho /root/.pyenv/versions/3.11\n", encoding="utf-8")
    home.chmod(0o755)
    done = subprocess.run(
        ["make", "install", f"DESTDIR={tmp_path}/root", f"PYTHON={home}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "services may not look into homes" in done.stderr
    assert not (tmp_path / "root").exists()


def test_the_package_holds_all_of_it(stage: Path, tmp_path: Path) -> None:
    package = debian_package()
    told = subprocess.run(["dpkg-deb", "--info", package], capture_output=True, text=True, check=True).stdout
    minor = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.version_info[1])"], capture_output=True, text=True, check=True
    )
    assert f" Version: {__version__}\n" in told
    assert f"python3 (>= 3.{minor.stdout.strip()})" in told
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path], check=True)
    assert listing(tmp_path) == sorted(name.replace("usr/local/bin", "usr/bin") for name in LISTING)
    libraries = {str(path.relative_to(stage)) for path in (stage / VENV).rglob("*") if path.is_file()}
    assert libraries <= {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    control = subprocess.run(["dpkg-deb", "--ctrl-tarfile", package], capture_output=True, check=True).stdout
    conffiles = subprocess.run(["tar", "xO", "./conffiles"], input=control, capture_output=True, check=True).stdout
    assert conffiles.decode().split() == [
        f"/{name}" for name in LISTING if name.startswith("etc/") and name != "etc/ocr-inbox/secrets"
    ]


def test_the_programs_of_the_package_know_nothing_of_where_it_was_made(tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "--extract", debian_package(), tmp_path], check=True)
    programs = [path for path in (tmp_path / VENV / "bin").iterdir() if not path.is_symlink()]
    first_lines = [path.read_bytes().split(b"\n")[0] for path in programs]
    scripts = [line for line in first_lines if line.startswith(b"#!") and b"python" in line]
    assert set(scripts) == {b"#!/opt/ocr-inbox/venv/bin/python"}
    found = subprocess.run(
        ["grep", "--recursive", "--files-with-matches", "--binary-files=without-match", ROOT, tmp_path / VENV],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
