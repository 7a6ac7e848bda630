"""The unit files as systemd's own tools judge them, without running anything."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from running import COMMAND

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
MOST_EXPOSED = 1.5
PROGRAM = "/opt/ocr-inbox/venv/bin/ocr-inbox"
SERVICE_FOLDER = "/opt/ocr-inbox/paddle-vl_vllm_service"
SCRIPTS = (
    *("systemd/install.sh", "systemd/deb/pack.sh", "systemd/deb/postinst", "systemd/deb/prerm", "systemd/deb/postrm"),
    *("tests/booted/boot.sh", ".ci/run", ".ci/newer-systemd"),
)
DOCKER = "[Service]\nExecStart=/bin/true\n"

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")


def analyze(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["systemd-analyze", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": "/run", "HOME": "/nonexistent"},
    )


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they are where everything is installed: verifying looks for the programs."""
    for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.socket"), *UNITS.glob("*.timer")]:
        text = unit.read_text(encoding="utf-8").replace(PROGRAM, str(COMMAND))
        text = text.replace(SERVICE_FOLDER, str(ROOT / "paddle-vl_vllm_service"))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    (tmp_path / "docker.service").write_text(DOCKER, encoding="utf-8")
    return tmp_path


def with_drop_in(units: Path, drop_in: str) -> Path:
    folder = units / "ocr-inbox.service.d"
    folder.mkdir()
    shutil.copy(UNITS / "drop-ins" / drop_in, folder)
    return units


def version() -> str:
    """Such as `systemd 252 (252.39-1)`."""
    return analyze("--version").stdout.splitlines()[0]


def exposure(units: Path) -> float:
    """How exposed the service is, from 0 to 10."""
    told = analyze("security", "--offline=true", units / "ocr-inbox.service").stdout
    found = re.search(r"Overall exposure level for ocr-inbox\.service: ([0-9.]+)", told)
    assert found, told
    return float(found[1])


@needs_systemd
def test_systemd_finds_no_fault_with_the_units(units: Path, say: Callable[[str], None]) -> None:
    files = [path for path in sorted(units.iterdir()) if path.name != "docker.service"]
    done = analyze("verify", "--man=no", "--recursive-errors=one", *files)
    assert (done.returncode, done.stderr) == (0, "")
    say(f"systemd-analyze verify: {len(files)} units, nothing to complain of ({version()})")


@needs_systemd
def test_the_sandbox_is_as_tight_as_it_was(units: Path, say: Callable[[str], None]) -> None:
    threshold = f"--threshold={round(MOST_EXPOSED * 10)}"
    done = analyze("security", "--offline=true", threshold, units / "ocr-inbox.service")
    say(f"systemd-analyze security ocr-inbox.service: {exposure(units)} (at most {MOST_EXPOSED})")
    assert done.returncode == 0, done.stdout


@needs_systemd
def test_a_gpu_opens_the_sandbox_a_little(units: Path) -> None:
    closed = exposure(units)
    assert exposure(with_drop_in(units, "nvidia.conf")) < closed + 1


def test_the_scripts_pass_shellcheck() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, *SCRIPTS], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
