"""HTTP client: one request to Segment."""

import io
from datetime import datetime, timezone

import pytest
import requests
from fakes.clock import StillClock
from fakes.http import Answer, ScriptedAdapter
from fakes.segment import Scripted

from target_segment.clock import SystemClock
from target_segment.delivery.client import SegmentClient, check_write_key
from target_segment.delivery.responses import Outcome
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
            clock=SystemClock(),
            user_agent="target-segment/1",
        )


def test_a_body_is_compressed_and_has_credentials_and_sent_at(client, segment):
    result = client.post([EVENT] * 50, 0)
    assert result.outcome is Outcome.ACCEPTED
    [received] = segment.received
    assert segment.complaints == []
    assert (result.body_bytes, result.sent_bytes) == (received.size, received.wire_size)
    assert result.sent_bytes < result.body_bytes / 5
    assert "x-retry-count" not in received.headers


def test_each_attempt_has_its_own_sent_at_and_is_counted(client, segment):
    for attempt in range(3):
        client.post([EVENT], attempt)
    counts = [received.headers.get("x-retry-count") for received in segment.received]
    assert counts == [None, "1", "2"]
    assert segment.complaints == []


def test_credentials_in_netrc_do_not_replace_the_write_key(client, segment, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client.post([EVENT], 0)
    assert segment.complaints == []


@pytest.mark.parametrize("stored", [True, False])
def test_a_broken_connection_is_retried(client, segment, stored):
    segment.next_answers.append(Scripted(status=0, stored=stored))
    result = client.post([EVENT], 0)
    assert result.outcome is Outcome.RETRY
    assert result.status == "ConnectionError"


def test_an_unreachable_host_is_retried():
    with requests.Session() as session:
        client = SegmentClient(
            session=session,
            api_url="http://127.0.0.1:9/v1",
            write_key="k",
            timeout=1,
            clock=StillClock(NOW),
            user_agent="x",
        )
        assert client.post([EVENT], 0).outcome is Outcome.RETRY


def test_a_write_key_is_known_unknown_or_undetermined(segment):
    with requests.Session() as session:
        url = f"{segment.cdn_url}/v1/projects/%s/settings"
        assert check_write_key(session, url % "key-1", 5) is True
        assert check_write_key(session, url % "key-2", 5) is False
        assert check_write_key(session, "http://127.0.0.1:9/", 1) is None


def test_a_redirect_to_an_invalid_url_is_a_wrong_api_url(client, segment):
    segment.next_answers.append(Scripted(status=302, headers={"Location": "http://["}))
    with pytest.raises(DeliveryError, match="HTTP 302"):
        client.post([EVENT], 0)


class Endless(io.RawIOBase):
    """A body without an end."""

    def readable(self):
        return True

    def readinto(self, buffer):
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_an_endless_response_is_read_up_to_the_limit():
    with requests.Session() as session:
        session.mount("https://", ScriptedAdapter([Answer(503, Endless()), Answer(200, Endless())]))
        client = SegmentClient(
            session=session,
            api_url="https://api.segment.io/v1",
            write_key="key-1",
            timeout=5,
            clock=StillClock(NOW),
            user_agent="target-segment/1",
        )
        assert client.post([EVENT], 0).outcome is Outcome.RETRY
        assert check_write_key(session, "https://cdn.segment.com/v1", 5) is True
