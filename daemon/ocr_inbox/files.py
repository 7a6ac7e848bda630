"""Files written whole, moved without loss and opened without following links: nobody ever sees half a file."""

import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath

from ocr_inbox.errors import SourceChangedError, SourceGoneError, TooLargeError
from ocr_inbox.model import Signature, Source

TEMPORARY_SUFFIX = ".ocr-tmp"
NAME_MAX = 255
"""Bytes in a file name on every Linux file system that matters (limits.h)."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def folder_beneath(root: str, path: str, *, create: bool = False) -> Iterator[int]:
    """A descriptor of the folder `path` below `root`; no component may be a symbolic link.

    With `create`, missing folders are made, `root` included. Raises OSError.
    """
    if create:
        os.makedirs(root, exist_ok=True)
    descriptor = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for part in PurePosixPath(path).parts:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            below = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def look(root: str, path: str) -> os.stat_result:
    """The status of a regular file below `root`, by the same way that it would be opened.

    Raises SourceGoneError where there is no such file, or something else in its place, and OSError.
    """
    try:
        with folder_beneath(root, os.path.dirname(path)) as folder:
            status = os.stat(os.path.basename(path), dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        raise _gone_or(error) from error
    if not stat.S_ISREG(status.st_mode):
        raise SourceGoneError("cannot read it: it is no longer a regular file")
    return status


def _gone_or(error: OSError) -> Exception:
    """A missing file, or a link or file where a folder was, means that the document is gone."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        return SourceGoneError("cannot read it: it is no longer there")
    return error


def read_source(source: Source, max_bytes: int) -> bytes:
    """All bytes of the version that `source` names.

    Raises SourceGoneError, SourceChangedError (also where it changes while it is read),
    TooLargeError (before reading), and OSError.
    """
    try:
        with folder_beneath(source.root, os.path.dirname(source.path)) as folder:
            descriptor = os.open(os.path.basename(source.path), _READ, dir_fd=folder)
    except OSError as error:
        raise _gone_or(error) from error
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SourceGoneError("cannot read it: it is no longer a regular file")
        _demand_version(source, status)
        if status.st_size > max_bytes:
            raise TooLargeError(f"cannot read it: {status.st_size} bytes are over the limit of {max_bytes}")
        content = file.read(status.st_size)
        _demand_version(source, os.fstat(descriptor))
    if len(content) != source.signature.size:
        raise SourceChangedError("cannot use what was read: the file changed meanwhile")
    return content


def _demand_version(source: Source, status: os.stat_result) -> None:
    if not source.signature.same_content(Signature.of(status)):
        raise SourceChangedError("cannot use this version: the file was rewritten or replaced")


def write_whole(folder: int, name: str, content: bytes) -> None:
    """Write a file durably under its final name at once, replacing what was there. Raises OSError."""
    temporary = f".{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    descriptor = os.open(temporary, _CREATE, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            remaining = memoryview(content)
            while remaining:
                remaining = remaining[file.write(remaining) :]
            os.fsync(descriptor)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise
    os.fsync(folder)


def move(source: int, name: str, target: int) -> str:
    """Move a file between two open folders, across file systems if need be, and return its new name.

    An existing file is never replaced: `scan.jpg` becomes `scan~2.jpg`. Raises OSError.
    """
    final = _reserve(target, name)
    try:
        try:
            os.replace(name, final, src_dir_fd=source, dst_dir_fd=target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(source, name, target, final)
            os.unlink(name, dir_fd=source)
    except BaseException:
        _give_up(target, final)
        raise
    os.fsync(target)
    os.fsync(source)
    return final


def _reserve(folder: int, name: str) -> str:
    """Claim a free name with an empty file: of two who want it, one gets it."""
    stem, extension = os.path.splitext(name)
    number = 1
    while True:
        suffix = extension if number == 1 else f"~{number}{extension}"
        candidate = _fitting(stem, suffix)
        try:
            os.close(os.open(candidate, _CREATE, 0o666, dir_fd=folder))
        except FileExistsError:
            number += 1
        else:
            return candidate


def _give_up(folder: int, name: str) -> None:
    with suppress(OSError):
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_size == 0:
            os.unlink(name, dir_fd=folder)


def _copy(source: int, name: str, target: int, final: str) -> None:
    temporary = f".{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    try:
        with (
            open(os.open(name, _READ, dir_fd=source), "rb") as original,
            open(os.open(temporary, _CREATE, 0o666, dir_fd=target), "wb") as copy,
        ):
            shutil.copyfileobj(original, copy, 1 << 20)
            copy.flush()
            status = os.fstat(original.fileno())
            os.utime(copy.fileno(), ns=(status.st_atime_ns, status.st_mtime_ns))
            os.fchmod(copy.fileno(), stat.S_IMODE(status.st_mode) & 0o777)
            os.fsync(copy.fileno())
        os.replace(temporary, final, src_dir_fd=target, dst_dir_fd=target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=target)
        raise


def beside(name: str, suffix: str) -> str:
    """The name of a file that lies beside `name`: appended, so that a.png and a.jpg never collide.

    Where name and suffix are too long together, the name is cut and marked with its sha256.
    """
    if len(os.fsencode(name + suffix)) <= NAME_MAX:
        return name + suffix
    mark = "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:12]
    return _fitting(name, mark + suffix)


def _fitting(stem: str, suffix: str) -> str:
    room = NAME_MAX - len(os.fsencode(suffix))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + suffix
