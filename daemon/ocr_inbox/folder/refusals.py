"""What the operating system refuses, as failures that this product can name."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ocr_inbox.errors import AccessDeniedError, InboxAwayError, InboxUnavailableError, LockedOutError

_FAILURES: Mapping[int, type[InboxUnavailableError]] = {
    **dict.fromkeys((errno.EACCES, errno.EPERM), AccessDeniedError),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE), InboxAwayError),
    **dict.fromkeys((errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.ENXIO), InboxAwayError),
    **dict.fromkeys((errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT), InboxAwayError),
    errno.EROFS: LockedOutError,
}
"""What of it concerns the whole inbox; what is not here may be one file's alone."""
_ADVICE = {
    errno.EACCES: "access denied; give the daemon's user the right to read and write there",
    errno.EPERM: "not permitted; give the daemon's user the right to read and write there",
    errno.EROFS: "read-only file system; mount it writable, or add it to ReadWritePaths= of the service",
    errno.ENOSPC: "no space left on device; free some space or inodes",
    errno.EDQUOT: "disk quota exceeded; free some space or raise the quota",
    errno.EMFILE: "too many open files; raise LimitNOFILE= of the service",
    errno.ENOENT: "it does not exist; create or mount it",
    errno.ENOTDIR: "it is not a folder",
    errno.ESTALE: "stale network file handle; mount it anew",
    errno.EIO: "input/output error; look at the disk and the kernel's log",
}


def reason(error: OSError) -> str:
    """Why, and what to do about it; never with a path, which not everybody may know."""
    return _ADVICE.get(error.errno or 0) or error.strerror or type(error).__name__


@contextmanager
def named(deed: str) -> Iterator[None]:
    """Every OSError inside becomes AccessDeniedError or InboxUnavailableError: "cannot `deed`: why".

    InboxAwayError or LockedOutError where the same would be said of every file.
    """
    try:
        yield
    except OSError as error:
        failure = _FAILURES.get(error.errno or 0, InboxUnavailableError)
        raise failure(f"cannot {deed}: {reason(error)}") from error
