"""Which advice belongs to which words: those that Python, OpenSSL and urllib3 really say."""

import pytest

from ocr_inbox.certificates import advised

FAILED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed:"


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        (
            f"{FAILED} self-signed certificate in certificate chain (_ssl.c:1006)",
            "authority that signed it in `ca_file`",
        ),
        (f"{FAILED} self signed certificate (_ssl.c:997)", "authority that signed it in `ca_file`"),
        (f"{FAILED} certificate has expired (_ssl.c:1006)", "renew it on the server"),
        (f"{FAILED} IP address mismatch, certificate is not valid for '127.0.0.1'. (_ssl.c:1006)", "`endpoint_url`"),
        ("[SSL] PEM lib (_ssl.c:4154)", "into the file that `ca_file` names"),
        ("[Errno 13] Permission denied", "let the daemon's user read"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "http:// in `endpoint_url`"),
    ],
)
def test_a_failure_of_tls_is_told_with_what_helps(refusal: str, advice: str) -> None:
    assert advised(refusal).startswith(f"{refusal}; ")
    assert advice in advised(refusal)


def test_a_server_that_hangs_up_is_not_told_that_its_certificate_is_at_fault() -> None:
    refusal = "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1006)"
    assert advised(refusal) == refusal
