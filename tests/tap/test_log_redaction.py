"""What never reaches a log, however logging is configured."""

import io
import logging

import pytest

from tap_freshchat.log_redaction import redact_logs

TOKEN = "eyJ.secret.token"


@pytest.fixture
def stream():
    """What a handler of a library's logger writes."""
    stream, handler = io.StringIO(), None
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("urllib3.connectionpool")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    redact_logs(TOKEN)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)
    for other in (*logging.getLogger().handlers, logging.lastResort):
        other.filters.clear()


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ('https://x.com:443 "GET /f.zip?X-Amz-Signature=hidden HTTP/1.1" 200 None', "/f.zip"),
        ("https://x.com/f?a=1&X-Amz-Credential=hidden&X-Amz-Expires=3", "x.com/f"),
        ("url: /f?se=1&sig=hidden (Caused by x)", "(Caused by x)"),
        ("https://x.com/f?Expires=1&Signature=hidden&Key-Pair-Id=k", "x.com/f"),
        ("/f?X-Goog-Signature=hidden", "/f"),
        ("send: Authorization: Bearer hidden", "send:"),
        ("{'Authorization': 'Bearer hidden', 'Accept': 'a/b'}", "a/b"),
        ("AUTHORIZATION=Basic hidden", "="),
        (f"token {TOKEN}.", "token "),
        ("\x1b]0;hidden\x07".replace("hidden", "shown"), "shown"),
    ],
)
def test_a_line_of_any_library_has_no_secret_and_no_control_character(stream, line, kept):
    logging.getLogger("urllib3.connectionpool").debug("%s", line)
    written = stream.getvalue()
    assert kept in written
    assert "hidden" not in written
    assert TOKEN not in written
    assert written[:-1].isprintable()


def test_the_page_of_a_request_is_not_redacted(stream):
    line = "GET /v2/users?page=2&items_per_page=50&updated_from=2026-01-01 returned 200"
    logging.getLogger("urllib3.connectionpool").debug("%s", line)
    assert stream.getvalue() == line + "\n"


def test_a_traceback_has_no_secret(stream):
    try:
        raise ValueError(f"https://x.com/f?sig=hidden {TOKEN}")  # noqa: TRY301
    except ValueError:
        logging.getLogger("urllib3.connectionpool").exception("failed")
    written = stream.getvalue()
    assert "ValueError: https://x.com/f?" in written
    assert "hidden" not in written
    assert TOKEN not in written


def test_a_line_is_bounded(stream):
    logging.getLogger("urllib3.connectionpool").error("%s", "x" * 10**6)
    assert len(stream.getvalue()) < 20_000
