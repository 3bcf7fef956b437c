"""Classification of Segment's responses."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from target_segment.delivery.responses import (
    Outcome,
    classify_response,
    clock_skew,
    rejected_ids,
    retry_after,
)
from target_segment.errors import DeliveryError

NOW = datetime(2026, 11, 22, 10, 55, 22, 220_999, tzinfo=timezone.utc)


@pytest.mark.parametrize("status", [408, 410, 429, 460, 500, 502, 503, 504, 529])
def test_temporary_errors_are_retried(status):
    assert classify_response(status, {}, b"") is Outcome.RETRY


@pytest.mark.parametrize("status", [400, 413])
def test_a_rejected_body_is_bisected(status):
    assert classify_response(status, {}, b'{"success": false}') is Outcome.REFUSED


@pytest.mark.parametrize("status", [502, 503, 429])
def test_the_page_of_a_gateway_with_a_temporary_error_is_retried(status):
    page = {"Content-Type": "text/html"}
    assert classify_response(status, page, b"<html>Bad gateway</html>") is Outcome.RETRY


NOT_ACKNOWLEDGED = [
    *((200, b'{"success": %b}' % value) for value in (b"false", b"0", b"null", b'"false"', b'""')),
    *((200, text) for text in (b"Please sign in", b"garbage", b"NOT OK", b"[]", b"null", b"5")),
    *((200, text) for text in (b'{"error": "x"}', b'{"errors": ["x"]}', b'{"ok": false}')),
    (206, b'{"success": true}'),
    (299, b""),
]


@pytest.mark.parametrize("at_segment", [True, False])
@pytest.mark.parametrize(("status", "content"), NOT_ACKNOWLEDGED)
def test_a_success_status_without_an_acknowledgement_is_retried(status, content, at_segment):
    outcome = classify_response(status, {}, content, at_segment=at_segment)
    assert outcome is Outcome.RETRY


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b""),
        (204, b""),
        (200, b"OK"),
        (200, b"ok\n"),
        (200, b"{}"),
        (200, b'{"ok": true, "receivedEvents": 1}'),
        (202, b'{"status": "queued", "errors": [], "error": null}'),
        (200, b'{"success": "true"}'),
        (201, b'{"success": true}'),
    ],
)
def test_other_receivers_may_acknowledge_in_their_own_words_and_segment_may_not(status, content):
    assert classify_response(status, {}, content, at_segment=False) is Outcome.ACCEPTED
    assert classify_response(status, {}, content, at_segment=True) is Outcome.RETRY


def test_segment_acknowledges_with_200_and_success_true():
    assert classify_response(200, {}, b'{ "success": true }') is Outcome.ACCEPTED
    assert classify_response(200, {}, b'{"success": true}', at_segment=False) is Outcome.ACCEPTED


def test_jitsus_partial_failure_names_the_rejected_events():
    body = (
        b'{"ok": false, "errors": ["Message ID: a1: no type", "Message ID: b2: x"], "okEvents": 3}'
    )
    assert classify_response(200, {}, body, at_segment=False) is Outcome.PARTLY_ACCEPTED
    assert rejected_ids(body) == {"a1", "b2"}
    assert classify_response(200, {}, body) is Outcome.RETRY


def test_a_partial_failure_that_names_no_event_is_bisected():
    body = b'{"ok": false, "errors": ["Message ID: a1: no type", "and another"]}'
    assert classify_response(200, {}, body, at_segment=False) is Outcome.REFUSED
    assert rejected_ids(body) == frozenset()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"message": 5}', b'{"message": "no such event"}', b"null"]
)
def test_only_a_message_about_the_write_key_is_an_error_of_the_key(content):
    assert classify_response(400, {}, content) is Outcome.REFUSED
    assert (
        classify_response(200, {}, b'{"success": true, "message": "a write key"}')
        is Outcome.ACCEPTED
    )


PAGES = [
    ({"Content-Type": "text/html; charset=utf-8"}, b""),
    ({"Content-Type": "TEXT/HTML"}, b"Please sign in"),
    ({"Content-Type": "application/xhtml+xml"}, b"x"),
    ({"Content-Type": "application/json"}, b" \r\n<!DOCTYPE html><html>"),
    ({}, b"\xef\xbb\xbf<HTML>"),
]


@pytest.mark.parametrize("at_segment", [True, False])
@pytest.mark.parametrize(("headers", "content"), PAGES)
@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404, 413, 511])
def test_a_web_page_stops_the_run_whatever_its_status_and_type(
    status, headers, content, at_segment
):
    with pytest.raises(DeliveryError, match="api_url returned a web page"):
        classify_response(status, headers, content, at_segment=at_segment)


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
