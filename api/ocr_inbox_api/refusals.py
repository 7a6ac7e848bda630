"""The failures that only a request can have; their codes are rows of the table in `problems`."""

from ocr_inbox.errors import OcrInboxError


class FileRequiredError(OcrInboxError):
    """The request carries no file, or an empty one."""

    code = "file_required"


class InvalidParameterError(OcrInboxError):
    """A parameter has a value that it cannot have; the message names it."""

    code = "invalid_parameter"


class MalformedBodyError(OcrInboxError):
    """The body is not the multipart form that its header announces."""

    code = "malformed_body"


class UploadTimeoutError(OcrInboxError):
    """The file took too long to arrive."""

    code = "upload_timeout"


class EventTooLargeError(OcrInboxError):
    """A store posted more than any event has."""

    code = "event_too_large"


class UnauthorizedError(OcrInboxError):
    """The request carries none of the keys."""

    code = "unauthorized"


class ResultNotFoundError(OcrInboxError):
    """The job left no result, or not in this format, or it was taken away since."""

    code = "result_not_found"
