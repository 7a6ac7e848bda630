"""Programs that tests need and that want other versions of the libraries that the daemon has."""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from filelock import FileLock

_LOCKS = Path(__file__).parent
_CACHE = Path.home() / ".cache" / "ocr-inbox" / "tests"
_INSTALL_SECONDS = 240.0


def program_apart(name: str) -> Path:
    """The program, in an environment of exactly what `NAME.lock` says, which is made once on a machine."""
    lock = _LOCKS / f"{name}.lock"
    version = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = _CACHE / f"{name}-{version}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if not (place / "is-whole").exists():
            _make(place, lock)
    return place / "bin" / name


def _make(place: Path, lock: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "--disable-pip-version-check"]
    made = subprocess.run(
        [*pip, "install", "--quiet", "--require-hashes", "-r", lock],
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    assert made.returncode == 0, f"cannot install what {lock.name} says: {made.stderr}"
    (place / "is-whole").touch()
