"""What never reaches a log, however logging is configured."""

import io
import json
import logging
from urllib.parse import quote

import pytest
from singer_sdk import metrics
from singer_sdk.logging import StructuredFormatter

from tap_freshchat.log_redaction import redact_logs

TOKEN = "eyJ.secret/token"


LIBRARY = logging.getLogger("urllib3.connectionpool")


@pytest.fixture
def stream():
    """What a handler writes that a log configuration adds after the start, at DEBUG."""
    before, level = logging.getLogRecordFactory(), LIBRARY.level
    redact_logs(TOKEN)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    LIBRARY.addHandler(handler)
    LIBRARY.setLevel(logging.DEBUG)
    yield stream
    LIBRARY.removeHandler(handler)
    LIBRARY.setLevel(level)
    logging.setLogRecordFactory(before)


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
        (f"GET /a?key={quote(TOKEN, safe='')}", "GET /a"),
        ("\x1b]0;hidden\x07".replace("hidden", "shown"), "shown"),
    ],
)
def test_a_line_of_any_library_has_no_secret_and_no_control_character(stream, line, kept):
    LIBRARY.debug("%s", line)
    written = stream.getvalue()
    assert kept in written
    assert "hidden" not in written
    assert "secret" not in written
    assert written[:-1].isprintable()


def test_the_page_of_a_request_is_not_redacted(stream):
    line = "GET /v2/users?page=2&items_per_page=50&updated_from=2026-01-01 returned 200"
    LIBRARY.debug("%s", line)
    assert stream.getvalue() == line + "\n"


def test_a_traceback_has_no_secret(stream):
    try:
        raise ValueError(f"https://x.com/f?sig=hidden {TOKEN}")  # noqa: TRY301
    except ValueError:
        LIBRARY.exception("failed")
    written = stream.getvalue()
    assert "ValueError: https://x.com/f?" in written
    assert "hidden" not in written
    assert TOKEN not in written


def test_a_line_is_bounded(stream):
    LIBRARY.error("%s", "x" * 10**6)
    assert len(stream.getvalue()) < 20_000


def test_a_line_with_wrong_arguments_has_no_secret(stream):
    LIBRARY.error("two values: %s and %d", f"https://x.com/f?sig=hidden {TOKEN}")
    assert stream.getvalue() == "two values: %s and %d\n"


def test_structured_logs_have_no_secret_in_errors_that_are_not_shown_otherwise(stream):
    LIBRARY.handlers[-1].setFormatter(StructuredFormatter())
    try:
        try:
            raise OSError(f"https://x.com/f?sig=hidden {TOKEN}")  # noqa: TRY301
        except OSError:
            raise ValueError("no answer") from None
    except ValueError:
        LIBRARY.exception("failed")
    written = stream.getvalue()
    assert json.loads(written)["message"] == "failed"
    assert "hidden" not in written
    assert TOKEN not in written


def test_structured_logs_keep_metrics_and_errors(stream):
    LIBRARY.handlers[-1].setFormatter(StructuredFormatter())
    metrics.log(LIBRARY, metrics.Point("counter", metrics.Metric.RECORD_COUNT, 7))
    try:
        raise ValueError("no answer")  # noqa: TRY301
    except ValueError:
        LIBRARY.exception("failed")
    point, failed = map(json.loads, stream.getvalue().splitlines())
    assert point["metric_info"]["value"] == 7
    assert failed["exception"]["message"] == "no answer"


def test_a_second_start_adds_its_token_to_the_one_factory(stream):
    factory = logging.getLogRecordFactory()
    redact_logs("another.token")
    assert logging.getLogRecordFactory() is factory
    LIBRARY.error("%s %s", TOKEN, "another.token")
    assert stream.getvalue() == "[redacted] [redacted]\n"
