"""What to do about a server whose certificate is not believed."""

_UNREADABLE = "let the daemon's user read the file that `ca_file` names"
_EMPTY = "put the authority's certificate into the file that `ca_file` names (PEM)"
_NAME = "use a name that it is for in `endpoint_url`, or renew it"
_PLAIN = "see that the server speaks TLS there, or write http:// in `endpoint_url`"
_BY_WORDS = {
    "No such file": _UNREADABLE,
    "Permission denied": _UNREADABLE,
    "NO_CERTIFICATE": _EMPTY,
    "PEM lib": _EMPTY,
    "has expired": "renew it on the server",
    "not yet valid": "see that the clock is right, here and where it was made (timedatectl)",
    "doesn't match": _NAME,
    "not valid for": _NAME,
    "WRONG_VERSION_NUMBER": _PLAIN,
    "RECORD_LAYER_FAILURE": _PLAIN,
    "CERTIFICATE_VERIFY_FAILED": "name the certificate of the authority that signed it in `ca_file`",
}


def advised(refusal: str) -> str:
    """The words in which TLS failed, and what helps where anything does; the keys are those of a store."""
    help_ = next((it for words, it in _BY_WORDS.items() if words in refusal), None)
    return f"{refusal}; {help_}" if help_ else refusal
