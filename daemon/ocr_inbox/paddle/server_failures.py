"""What a failed request to the PaddleOCR-VL server means: the server's fault, or this page's."""

from typing import TYPE_CHECKING

from ocr_inbox.errors import OcrInboxError, ReadingError, ReadingTimeoutError, VlUnavailableError

if TYPE_CHECKING:
    import openai

_NOT_THE_PAGE = {401, 403, 404, 429, 502, 503, 504}
"""Statuses that say nothing about the page: the server's address, key, model or load are to be set right."""
_ENGINE_FAILED = 500


def named(error: "openai.APIError", index: int) -> OcrInboxError:
    """The failure on page `index`, counted from 0.

    A refusal (400) may be the page's fault or that of the server's settings, such as a context that is too short:
    it is a ReadingError, which is tried again later, and not the last word on the document.
    """
    import openai

    where = f"cannot read page {index}: the PaddleOCR-VL server"
    if isinstance(error, openai.APIStatusError):
        kind = VlUnavailableError if error.status_code in _NOT_THE_PAGE else ReadingError
        return kind(f"{where} answers with status {error.status_code}: {_words(error)}")
    if _was_never_asked(error):
        return VlUnavailableError(f"{where} cannot be reached: {error.__cause__}")
    if isinstance(error, openai.APITimeoutError):
        return ReadingTimeoutError(f"{where} took too long")
    return ReadingError(f"{where} broke off: {error.__cause__ or error}")


def may_pass(error: "openai.APIError") -> bool:
    """Whether asking again at once is worth it: after a failure or a break, not after a refusal or a long wait."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return bool(error.status_code == _ENGINE_FAILED)
    return not isinstance(error, openai.APITimeoutError) and not _was_never_asked(error)


def _words(error: "openai.APIStatusError") -> str:
    body = error.body
    words = body.get("message") if isinstance(body, dict) else None
    return str(words or error.message)[:300]


def _was_never_asked(error: "openai.APIError") -> bool:
    # By name: which library these come from depends on the version of openai.
    return type(error.__cause__).__name__ in {"ConnectError", "ConnectTimeout"}
