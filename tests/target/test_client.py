"""One request, and what Segment's answers mean."""

import io
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
import requests
from fakes.http import Answer, ScriptedAdapter
from fakes.segment import Scripted

from target_segment.client import (
    Outcome,
    SegmentClient,
    clock_gap,
    iso_milliseconds,
    judge,
    key_is_known,
    retry_after,
)
from target_segment.errors import DeliveryError

NOW = datetime(2026, 11, 22, 10, 55, 22, 220_999, tzinfo=timezone.utc)
EVENT = b'{"type":"track","event":"e","userId":"u","messageId":"m"}'


@pytest.fixture
def client(segment):
    with requests.Session() as session:
        yield SegmentClient(
            session=session,
            api_url=segment.api_url,
            write_key="key-1",
            timeout=5,
            now=lambda: datetime.now(timezone.utc),
            user_agent="target-segment/1",
        )


def test_a_body_arrives_compressed_authorised_and_with_the_time_of_sending(client, segment):
    answer = client.post([EVENT] * 50, 0)
    assert answer.outcome is Outcome.ACCEPTED
    [received] = segment.received
    assert segment.complaints == []
    assert (answer.body_bytes, answer.sent_bytes) == (received.size, received.wire_size)
    assert answer.sent_bytes < answer.body_bytes / 5
    assert "x-retry-count" not in received.headers


def test_each_attempt_has_a_time_of_sending_of_its_own_and_is_counted(client, segment):
    for attempt in range(3):
        client.post([EVENT], attempt)
    counts = [received.headers.get("x-retry-count") for received in segment.received]
    assert counts == [None, "1", "2"]
    assert segment.complaints == []


def test_credentials_of_the_host_do_not_replace_the_write_key(
    client, segment, tmp_path, monkeypatch
):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client.post([EVENT], 0)
    assert segment.complaints == []


@pytest.mark.parametrize("stored", [True, False])
def test_a_cut_connection_is_tried_again(client, segment, stored):
    segment.next_answers.append(Scripted(status=0, stored=stored))
    answer = client.post([EVENT], 0)
    assert answer.outcome is Outcome.RETRY
    assert answer.status == "ConnectionError"


def test_a_host_that_is_not_there_is_tried_again():
    with requests.Session() as session:
        client = SegmentClient(
            session=session,
            api_url="http://127.0.0.1:9/v1",
            write_key="k",
            timeout=1,
            now=lambda: NOW,
            user_agent="x",
        )
        assert client.post([EVENT], 0).outcome is Outcome.RETRY


@pytest.mark.parametrize("status", [408, 410, 429, 460, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(status):
    assert judge(status, {}, b"") is Outcome.RETRY


@pytest.mark.parametrize("status", [400, 413])
def test_a_refused_body_is_looked_into(status):
    assert judge(status, {}, b'{"success": false}') is Outcome.REFUSED


def test_success_is_read_and_not_only_200():
    assert judge(200, {}, b'{"success": true}') is Outcome.ACCEPTED
    assert judge(200, {}, b'{"success": false}') is Outcome.REFUSED
    assert judge(200, {}, b"OK") is Outcome.ACCEPTED
    assert judge(200, {}, b"[]") is Outcome.ACCEPTED
    assert judge(299, {}, b'{"success": 0}') is Outcome.ACCEPTED


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"message": 5}', b'{"message": "no such event"}', b"null"]
)
def test_only_a_sentence_about_the_key_speaks_of_the_key(content):
    assert judge(400, {}, content) is Outcome.REFUSED


@pytest.mark.parametrize(
    ("status", "headers", "content", "says"),
    [
        (401, {}, b"", "write_key"),
        (403, {}, b"", "write_key"),
        (400, {}, b'{"message": "An invalid write key was provided"}', "write_key"),
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
def test_what_no_retry_can_help_stops_the_run_and_names_the_setting(status, headers, content, says):
    with pytest.raises(DeliveryError, match=says):
        judge(status, headers, content)


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
def test_how_long_to_wait_is_read_in_every_form_and_never_too_long(headers, wait):
    assert retry_after(headers, NOW) == wait


def test_a_date_to_wait_for_is_counted_from_now():
    assert retry_after({"Retry-After": http_date(10)}, NOW) == pytest.approx(10, abs=1)


def test_the_gap_between_the_clocks_is_what_we_are_ahead():
    assert clock_gap({"Date": http_date(-60)}, NOW) == pytest.approx(60, abs=1)
    assert clock_gap({"Date": "Sun, 22 Nov 2026 12:54:22 +0200"}, NOW) == pytest.approx(60, abs=1)
    assert clock_gap({"Date": "Sun, 22 Nov 2026 10:54:22 -0000"}, NOW) == pytest.approx(60, abs=1)
    assert clock_gap({"Date": format_datetime(NOW + timedelta(hours=1))}, NOW) < -3500
    assert clock_gap({}, NOW) is None
    assert clock_gap({"Date": "never"}, NOW) is None


def test_the_time_of_sending_has_the_form_of_segments_own_libraries():
    assert iso_milliseconds(NOW) == "2026-11-22T10:55:22.220Z"


def test_a_write_key_is_known_unknown_or_cannot_be_told(segment):
    with requests.Session() as session:
        url = f"{segment.cdn_url}/v1/projects/%s/settings"
        assert key_is_known(session, url % "key-1", 5) is True
        assert key_is_known(session, url % "key-2", 5) is False
        assert key_is_known(session, "http://127.0.0.1:9/", 1) is None


def test_a_redirect_to_what_is_no_url_is_a_wrong_url_like_any_other(client, segment):
    segment.next_answers.append(Scripted(status=302, headers={"Location": "http://["}))
    with pytest.raises(DeliveryError, match="HTTP 302"):
        client.post([EVENT], 0)


class Endless(io.RawIOBase):
    """A body that goes on."""

    def readable(self):
        return True

    def readinto(self, buffer):
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_an_answer_without_an_end_is_read_as_far_as_it_matters():
    with requests.Session() as session:
        session.mount("https://", ScriptedAdapter([Answer(503, Endless()), Answer(200, Endless())]))
        client = SegmentClient(
            session=session,
            api_url="https://api.segment.io/v1",
            write_key="key-1",
            timeout=5,
            now=lambda: NOW,
            user_agent="target-segment/1",
        )
        assert client.post([EVENT], 0).outcome is Outcome.RETRY
        assert key_is_known(session, "https://cdn.segment.com/v1", 5) is True
