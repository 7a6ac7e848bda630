"""Files moved without loss: never over another one, across file systems, and as often as a crash makes it necessary."""

import ctypes
import errno
import hashlib
import os
import shutil
import stat
from contextlib import suppress
from typing import BinaryIO

from ocr_inbox.errors import SourceChangedError
from ocr_inbox.files import CREATE, TEMPORARY_SUFFIX, discard, keep, numbered, opened
from ocr_inbox.model import Signature

_PIECE = 1 << 20
_NO_REPLACE = 1
_UNKNOWN = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
"""What is said by kernels and file systems, such as NFS, that cannot rename without replacing."""


def move(source: int, name: str, target: int, new_name: str | None = None) -> str:
    """Move a file between two open folders, across file systems if need be, and return its new name.

    An existing file is never replaced: `scan.jpg` becomes `scan~2.jpg`. Cut short at any point, it may be repeated.
    Raises SourceChangedError where the file changes while it is copied, and OSError.
    """
    wanted = new_name or name
    try:
        final = _renamed(source, name, target, wanted)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        final = _move_by_copy(source, name, target, wanted)
    else:
        keep(target)
    keep(source)
    return final


def _renamed(source: int, name: str, target: int, wanted: str) -> str:
    """Rename to the first free name: of two who want it, one gets it."""
    number = 1
    while True:
        final = numbered(wanted, number)
        try:
            _rename_new(source, name, target, final)
        except FileExistsError:
            number += 1
        else:
            return final


def _rename_new(source: int, name: str, target: int, final: str) -> None:
    """In one step, so that no crash leaves anything; where that cannot be, an empty file holds the name meanwhile."""
    try:
        _renameat2(source, name, target, final)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
    else:
        return
    os.close(os.open(final, CREATE, 0o666, dir_fd=target))
    try:
        os.replace(name, final, src_dir_fd=source, dst_dir_fd=target)
    except OSError:
        _discard_if_empty(target, final)
        raise


def _renameat2(source: int, name: str, target: int, final: str) -> None:
    """The system call that Python has no name for; raises OSError like others."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    failed = call is None or call(source, os.fsencode(name), target, os.fsencode(final), _NO_REPLACE)
    if failed:
        code = errno.ENOSYS if call is None else ctypes.get_errno()
        raise OSError(code, os.strerror(code), name, None, final)


def _discard_if_empty(folder: int, name: str) -> None:
    """Give a reserved name up, but never what a rename left there whose answer was lost on the network."""
    with suppress(OSError):
        if os.stat(name, dir_fd=folder, follow_symlinks=False).st_size == 0:
            os.unlink(name, dir_fd=folder)


def _move_by_copy(source: int, name: str, target: int, wanted: str) -> str:
    """The copy is durable before the original goes, and goes itself only where the original stayed."""
    status = os.stat(name, dir_fd=source, follow_symlinks=False)
    before = _copied_before(source, name, target, wanted)
    final = before or _copied(source, name, target, wanted)
    try:
        keep(target)
        _remove_original(source, name, status)
    except BaseException:
        with suppress(OSError):
            os.stat(name, dir_fd=source, follow_symlinks=False)
            if before is None:
                os.unlink(final, dir_fd=target)
        raise
    return final


def _copied_before(source: int, name: str, target: int, wanted: str) -> str | None:
    """Where a call that was cut short left its copy: the same bytes with the same time."""
    with opened(source, name) as original:
        signature, number = Signature.of(os.fstat(original.fileno())), 1
        while True:
            final = numbered(wanted, number)
            try:
                with opened(target, final) as there:
                    if Signature.of(os.fstat(there.fileno())).same_content(signature) and _equal(original, there):
                        return final
            except FileNotFoundError:
                return None
            number += 1


def _equal(one: BinaryIO, other: BinaryIO) -> bool:
    one.seek(0)
    while piece := one.read(_PIECE):
        if piece != other.read(_PIECE):
            return False
    return True


def _copied(source: int, name: str, target: int, wanted: str) -> str:
    """A durable copy under the first free name."""
    with opened(source, name) as original:
        status = os.fstat(original.fileno())
        # Always the same for the same version, so that a crash leaves one at most, and the next call takes it away.
        mark = hashlib.sha256(os.fsencode(f"{Signature.of(status).version} {name}")).hexdigest()[:16]
        temporary = f".{mark}{TEMPORARY_SUFFIX}"
        discard(target, temporary)
        try:
            with open(os.open(temporary, CREATE, 0o600, dir_fd=target), "wb") as copy:
                shutil.copyfileobj(original, copy, _PIECE)
                copy.flush()
                _resemble(copy.fileno(), status)
                os.fsync(copy.fileno())
            return _renamed(target, temporary, target, wanted)
        except BaseException:
            discard(target, temporary)
            raise


def _resemble(copy: int, status: os.stat_result) -> None:
    """Times and permissions where the file system has them; the content is what must not be lost."""
    with suppress(OSError):
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    with suppress(OSError):
        os.fchmod(copy, stat.S_IMODE(status.st_mode) & 0o777)


def _remove_original(folder: int, name: str, copied: os.stat_result) -> None:
    with suppress(FileNotFoundError):
        now = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if (now.st_ino, Signature.of(now)) != (copied.st_ino, Signature.of(copied)):
            raise SourceChangedError("cannot move the document: it was rewritten while it was copied")
        os.unlink(name, dir_fd=folder)
