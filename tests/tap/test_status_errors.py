"""Errors of HTTP responses: class and message by status."""

import json

import pytest
import requests
from requests.structures import CaseInsensitiveDict

from tap_freshchat.api.status_errors import (
    connection_error,
    is_resource_rate_limit,
    raise_for_status,
)
from tap_freshchat.errors import (
    AuthorizationError,
    NotFoundError,
    RequestRejectedError,
    RetryableError,
)


def error_of(status, content=b"", **headers):
    """Return the error of a response."""
    with pytest.raises(
        (AuthorizationError, NotFoundError, RetryableError, RequestRejectedError)
    ) as error:
        raise_for_status(status, CaseInsensitiveDict(headers), "GET /v2/x", content)
    return error.value


@pytest.mark.parametrize("status", [200, 202, 299])
def test_a_response_of_200_and_above_is_no_error(status):
    raise_for_status(status, {}, "GET /v2/x", b"")


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (300, AuthorizationError, "a redirect, which the tap does not follow. Check api_url."),
        (399, AuthorizationError, "a redirect"),
        (400, RequestRejectedError, ": Freshchat rejected the request."),
        (401, AuthorizationError, ": Freshchat does not accept the token; check api_token."),
        (403, AuthorizationError, "the account's plan does not include this"),
        (404, NotFoundError, ": not found. If this is the first request, check api_url."),
        (408, RetryableError, "GET /v2/x returned 408."),
        (429, RetryableError, "GET /v2/x returned 429."),
        (499, RequestRejectedError, "rejected"),
        (500, RetryableError, "GET /v2/x returned 500."),
        (599, RetryableError, "GET /v2/x returned 599."),
    ],
)
def test_each_error_status_has_its_error_class(status, kind, says):
    error = error_of(status)
    assert type(error) is kind
    assert str(error).startswith(f"GET /v2/x returned {status}")
    assert says in str(error)


def test_only_a_token_without_the_right_is_forbidden():
    assert error_of(403).forbidden
    assert not error_of(401).forbidden


def test_an_error_reports_the_trace_id_of_the_response_if_it_has_one():
    assert str(error_of(500, **{"X-Trace-ID": "t-1"})) == "GET /v2/x returned 500 (trace t-1)."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (json.dumps({"status": "BAD", "message": "too long"}).encode(), "BAD too long"),
        (b'{"message": "too long"}', " too long"),
        (b'{"status": "BAD"}', "BAD "),
        (b'["BAD"]', ""),
        (b"no", ""),
    ],
)
def test_the_reason_of_an_error_is_that_of_the_response(content, reason):
    assert error_of(400, content).reason == reason


@pytest.mark.parametrize(
    ("status", "headers", "own"),
    [
        (429, {}, True),
        (429, {"X-RateLimit-Remaining": "7"}, True),
        (429, {"X-RateLimit-Remaining": " 0 "}, False),
        (200, {}, False),
        (503, {}, False),
    ],
)
def test_a_429_is_of_the_account_limit_if_none_of_it_remains_and_else_of_the_resource(
    status, headers, own
):
    assert is_resource_rate_limit(status, headers) == own


@pytest.mark.parametrize("status", [300, 400, 401, 403, 404, 410])
@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"\xef\xbb\xbf \n<!DOCTYPE html>", {}),
        (b"Access denied", {"Content-Type": "text/html; charset=utf-8"}),
        (b"", {"Content-Type": "TEXT/HTML"}),
    ],
)
def test_a_web_page_is_no_verdict_of_the_service(status, content, headers):
    error = error_of(status, content, **headers)
    assert type(error) is AuthorizationError
    assert not error.forbidden
    assert "api_url" in str(error)
    assert "firewall, proxy or login portal" in str(error)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_web_page_of_a_gateway_that_fails_may_be_gone_at_the_next_attempt(status):
    error = error_of(status, b"<html>")
    assert isinstance(error, RetryableError)
    assert "firewall, proxy or login portal" in str(error)


def test_json_that_calls_itself_a_web_page_is_still_the_services_answer():
    assert type(error_of(404, b'{"code": 404}', **{"Content-Type": "text/html"})) is NotFoundError


def test_a_trace_id_is_bounded_and_has_no_control_characters():
    text = str(error_of(500, **{"X-Trace-ID": "\x1b[31m" + "t" * 10_000}))
    assert "\x1b" not in text
    assert len(text) < 300


def test_a_lost_connection_is_reported_by_its_kind_and_its_place_without_a_signature():
    lost = requests.ConnectionError("https://x.com/f?sig=SECRET refused")
    plain = connection_error("GET", "https://x.com/v2/agents", lost)
    assert str(plain) == "GET x.com/v2/agents: the connection failed (ConnectionError)."
    signed = connection_error("Reading", "https://x.com/f/name.zip?sig=SECRET", lost)
    assert str(signed) == "Reading x.com/…: the connection failed (ConnectionError)."
