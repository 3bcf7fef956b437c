"""What no log of the target shows, however logging is configured."""

import io
import json
import logging
from base64 import b64encode
from urllib.parse import quote

import pytest
from singer_sdk import metrics
from singer_sdk.logging import StructuredFormatter

from target_segment.log_redaction import redact_logs

KEY = "Qm9/s7dkLq2vXz81"
LIBRARY = logging.getLogger("urllib3.connectionpool")


@pytest.fixture
def log():
    """What a handler writes that a log configuration adds after the start, at DEBUG."""
    before, level = logging.getLogRecordFactory(), LIBRARY.level
    redact_logs(KEY)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    LIBRARY.addHandler(handler)
    LIBRARY.setLevel(logging.DEBUG)
    yield stream
    LIBRARY.removeHandler(handler)
    LIBRARY.setLevel(level)
    logging.setLogRecordFactory(before)


BASIC = b64encode(f"{KEY}:".encode()).decode()


@pytest.mark.parametrize(
    "line",
    [
        f'https://cdn.x.com:443 "GET /v1/projects/{quote(KEY, safe="")}/settings HTTP/1.1" 200',
        f"key {KEY}",
        f"auth {BASIC} of a request",
        "Authorization: Basic hidden",
        "{'Authorization': 'Bearer hidden'}",
    ],
)
def test_a_line_of_any_library_has_no_key(log, line):
    LIBRARY.debug("%s", line)
    written = log.getvalue()
    assert "[redacted]" in written
    for secret in (KEY, quote(KEY, safe=""), BASIC, "hidden"):
        assert secret not in written


def test_a_line_has_no_control_characters_and_is_bounded(log):
    LIBRARY.debug("\x1b[31m%s", "x" * 10**6)
    assert "\x1b" not in log.getvalue()
    assert "[31mxx" in log.getvalue()
    assert len(log.getvalue()) < 20_000


def test_structured_logs_have_no_key_in_the_cause_of_an_error(log):
    LIBRARY.handlers[-1].setFormatter(StructuredFormatter())
    try:
        try:
            raise OSError(KEY)  # noqa: TRY301
        except OSError:
            raise ValueError("no answer") from None
    except ValueError:
        LIBRARY.exception("failed")
    assert json.loads(log.getvalue())["message"] == "failed"
    assert KEY not in log.getvalue()


def test_structured_logs_keep_metrics(log):
    LIBRARY.handlers[-1].setFormatter(StructuredFormatter())
    metrics.log(LIBRARY, metrics.Point("counter", metrics.Metric.RECORD_COUNT, 7))
    assert json.loads(log.getvalue())["metric_info"]["value"] == 7


def test_a_run_with_a_library_at_debug_logs_no_key(run, settings, segment, log):
    segment.write_keys = {KEY, quote(KEY, safe="")}
    order = {"type": "RECORD", "stream": "orders", "record": {"user": "u1", "id": "1"}}
    properties = {"user": {"type": "string"}, "id": {"type": "string"}}
    keys = {"key_properties": ["id"]}
    schema = {"type": "SCHEMA", "stream": "orders", "schema": {"properties": properties}, **keys}
    assert run({**settings, "write_key": KEY}, schema, order).status == 0
    written = log.getvalue()
    assert "/v1/projects/[redacted]/settings" in written
    assert "/v1/batch" in written
    assert KEY not in written
    assert quote(KEY, safe="") not in written
