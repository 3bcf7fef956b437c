"""Classification of Segment's responses."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from target_segment.delivery.responses import Outcome, classify_response, clock_skew, retry_after
from target_segment.errors import DeliveryError

NOW = datetime(2026, 11, 22, 10, 55, 22, 220_999, tzinfo=timezone.utc)


@pytest.mark.parametrize("status", [408, 410, 429, 460, 500, 502, 503, 504, 529])
def test_temporary_errors_are_retried(status):
    assert classify_response(status, {}, b"") is Outcome.RETRY


@pytest.mark.parametrize("status", [400, 413])
def test_a_rejected_body_is_bisected(status):
    assert classify_response(status, {}, b'{"success": false}') is Outcome.REFUSED


def test_the_success_field_counts_and_not_only_the_status():
    assert classify_response(200, {}, b'{"success": true}') is Outcome.ACCEPTED
    assert classify_response(200, {}, b'{"success": false}') is Outcome.REFUSED
    assert classify_response(200, {}, b"OK") is Outcome.ACCEPTED
    assert classify_response(200, {}, b"[]") is Outcome.ACCEPTED
    assert classify_response(299, {}, b'{"success": 0}') is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"message": 5}', b'{"message": "no such event"}', b"null"]
)
def test_only_a_message_about_the_write_key_is_an_error_of_the_key(content):
    assert classify_response(400, {}, content) is Outcome.REFUSED
    assert (
        classify_response(200, {}, b'{"success": true, "message": "a write key"}')
        is Outcome.ACCEPTED
    )


@pytest.mark.parametrize(
    ("status", "headers", "content", "says"),
    [
        (401, {}, b"", "write_key"),
        (403, {}, b"", "write_key"),
        (400, {}, b'{"message": "An invalid write key was provided"}', "write_key"),
        (200, {}, b'{"success": false, "message": "Invalid write key"}', "write_key"),
        (300, {}, b"", "api_url"),
        (301, {}, b"", "api_url"),
        (308, {}, b"", "api_url"),
        (404, {}, b"", "api_url"),
        (405, {}, b"", "api_url"),
        (501, {}, b"", "api_url"),
        (505, {}, b"", "api_url"),
        (511, {}, b"", "api_url"),
        (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>", "api_url"),
    ],
)
def test_a_permanent_error_stops_the_run_and_names_the_setting(status, headers, content, says):
    with pytest.raises(DeliveryError, match=says):
        classify_response(status, headers, content)


def http_date(seconds):
    return format_datetime(NOW.replace(microsecond=0) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "100000"}, 300),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "9"}, 9),
        ({"X-RateLimit-Reset": "3"}, 3),
        ({"Retry-After": http_date(-60)}, 0),
        ({"Retry-After": http_date(9999)}, 300),
    ],
)
def test_the_requested_wait_is_read_in_every_form_and_limited(headers, wait):
    assert retry_after(headers, NOW) == wait


def test_a_retry_after_date_counts_from_now():
    assert retry_after({"Retry-After": http_date(10)}, NOW) == pytest.approx(10, abs=1)


def test_the_clock_skew_is_by_how_much_we_are_ahead():
    assert clock_skew({"Date": http_date(-60)}, NOW) == pytest.approx(60, abs=1)
    assert clock_skew({"Date": "Sun, 22 Nov 2026 12:54:22 +0200"}, NOW) == pytest.approx(60, abs=1)
    assert clock_skew({"Date": "Sun, 22 Nov 2026 10:54:22 -0000"}, NOW) == pytest.approx(60, abs=1)
    assert clock_skew({"Date": format_datetime(NOW + timedelta(hours=1))}, NOW) < -3500
    assert clock_skew({}, NOW) is None
    assert clock_skew({"Date": "never"}, NOW) is None
