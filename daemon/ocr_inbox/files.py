"""Files written whole and opened without following links: nobody ever sees half a file."""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import PurePosixPath
from typing import BinaryIO

from ocr_inbox.errors import InboxAwayError, SourceChangedError, SourceGoneError, TooLargeError
from ocr_inbox.model import Signature
from ocr_inbox.reading import FileSource

TEMPORARY_SUFFIX = ".ocr-tmp"
NAME_MAX = 255
"""Bytes in a file name on every Linux file system that matters (limits.h)."""
NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""What the operating system says where nothing is, or a link or a file where a folder was."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a file is opened that is not there yet."""
_LONGEST_EXTENSION = 32


@contextmanager
def folder_beneath(root: str, path: str, *, create: bool = False) -> Iterator[int]:
    """A descriptor of the folder `path` below `root`; no component may be a symbolic link or lead out of it.

    With `create`, missing folders are made durably, `root` included. Raises OSError.
    """
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or "\0" in path:
        raise FileNotFoundError(errno.ENOENT, "it does not lie below the root")
    if create:
        os.makedirs(root, exist_ok=True)
    descriptor = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for part in parts:
            below = _opened_in(descriptor, part, create=create)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def folder_in(folder: int, name: str, *, create: bool = False) -> Iterator[int]:
    """A descriptor of a folder in an open one, which is no link; with `create` it is made durably. Raises OSError."""
    descriptor = _opened_in(folder, name, create=create)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _opened_in(folder: int, name: str, *, create: bool) -> int:
    if create:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=folder)
            keep(folder)
    return os.open(name, _FOLDER, dir_fd=folder)


@contextmanager
def folder_of(source: FileSource) -> Iterator[tuple[int, str]]:
    """The open folder that holds `source` and its name in there, after seeing that it is still that version.

    Raises SourceGoneError, SourceChangedError, InboxAwayError where the root itself is gone, and OSError.
    """
    folder, name = os.path.split(source.path)
    with ExitStack() as opened:
        try:
            descriptor = opened.enter_context(folder_beneath(source.root, folder))
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        except OSError as error:
            raise _gone_or(error, source.root) from error
        _demand_version(source, status)
        yield descriptor, name


def _gone_or(error: OSError, root: str) -> Exception:
    """A missing file, or a link or file where a folder was, means that it is gone; without a root, nobody knows."""
    if error.errno not in NOWHERE:
        return error
    if not os.path.isdir(root):
        return InboxAwayError("cannot use the document: the folder of its inbox does not exist; create or mount it")
    return SourceGoneError("cannot use the document: it is no longer there")


def _demand_version(source: FileSource, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SourceGoneError("cannot use the document: it is no longer a regular file")
    if not source.signature.same_content(Signature.of(status)):
        raise SourceChangedError("cannot use this version: the file was rewritten or replaced")


def read_source(source: FileSource, max_bytes: int) -> bytes:
    """All bytes of the version that `source` names.

    Raises SourceGoneError, SourceChangedError (also where it changes while it is read), InboxAwayError,
    TooLargeError (before reading), and OSError.
    """
    with folder_of(source) as (folder, name):
        try:
            file = opened(folder, name)
        except OSError as error:
            raise _gone_or(error, source.root) from error
    with file:
        status = os.fstat(file.fileno())
        _demand_version(source, status)
        if status.st_size > max_bytes:
            raise TooLargeError(f"cannot read it: {status.st_size} bytes are over the limit of {max_bytes}")
        content = file.read(status.st_size)
        _demand_version(source, os.fstat(file.fileno()))
    if len(content) != source.signature.size:
        raise SourceChangedError("cannot use what was read: the file changed meanwhile")
    return content


def opened(folder: int, name: str) -> BinaryIO:
    """A regular file, opened to be read; anything else is as good as not there. Raises OSError."""
    descriptor = os.open(name, _READ, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "it is not a regular file")
    return open(descriptor, "rb")


def read_whole(folder: int, name: str, max_bytes: int) -> bytes | None:
    """What a file in an open folder holds; None where no regular file of at most `max_bytes` is. Raises OSError."""
    try:
        with opened(folder, name) as file:
            size = os.fstat(file.fileno()).st_size
            return file.read(size) if size <= max_bytes else None
    except OSError as error:
        if error.errno in NOWHERE:
            return None
        raise


def write_whole(folder: int, name: str, content: bytes) -> None:
    """Write a file durably under its final name at once, replacing what was there. Raises OSError."""
    temporary = f".{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    try:
        with open(os.open(temporary, CREATE, 0o666, dir_fd=folder), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        discard(folder, temporary)
        raise
    keep(folder)


def keep(folder: int) -> None:
    """What was created, renamed or removed in a folder survives a power cut from here on."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network and FUSE file systems know no such thing
            raise


def discard(folder: int, name: str) -> None:
    """Remove a temporary file, if it is there and that is possible."""
    with suppress(OSError):
        os.unlink(name, dir_fd=folder)


def remove(folder: int, name: str) -> None:
    """Remove a file durably; one that is gone already is fine. Raises OSError."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    keep(folder)


def numbered(name: str, number: int) -> str:
    """The name that a file gets where it is the second, third … of its name."""
    if number == 1:
        return name
    stem, extension = os.path.splitext(name)
    if len(os.fsencode(extension)) > _LONGEST_EXTENSION:
        stem, extension = name, ""
    return _fitting(stem, f"~{number}{extension}")


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
