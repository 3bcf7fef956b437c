"""HTTP client: its requests, retries and errors."""

import gzip

import pytest
import requests
from fakes.clock import StillClock
from fakes.freshchat_client import freshchat_client
from fakes.http import Answer, CutBody, EndlessBody, ScriptedAdapter
from fakes.malformed import BODY, malformed_host

from tap_freshchat.api.client import build_path
from tap_freshchat.api.retries import MAX_ATTEMPTS
from tap_freshchat.errors import (
    AuthorizationError,
    FreshchatError,
    NotFoundError,
    RequestRejectedError,
    RetryableError,
)
from tap_freshchat.tap import TapFreshchat

TOKEN = "eyJ.secret.token"
SIGNED = "https://extracts.s3.amazonaws.com/file.zip?X-Amz-Signature=secret-signature"


class Far:
    """Client with a scripted server."""

    def __init__(self, *script):
        self.clock = StillClock()
        self.adapter = ScriptedAdapter(script[0] if callable(script[0]) else list(script))
        self.client = freshchat_client(self.adapter, self.clock, token=TOKEN)

    @property
    def sent(self):
        return self.adapter.requests


def test_a_request_carries_the_token_and_its_parameters():
    far = Far(Answer(body={"agents": []}))
    assert far.client.get("/agents", {"page": 1}) == {"agents": []}
    assert far.sent[0].url == "https://acme.freshchat.com/v2/agents?page=1"
    assert far.sent[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_ids_in_paths_are_escaped():
    assert build_path("users", "a/../b?c=d e") == "/users/a%2F..%2Fb%3Fc%3Dd%20e"


@pytest.mark.parametrize(
    "link", ["/v2/agents?page=2", "https://acme.freshchat.com/v2/agents?page=2"]
)
def test_a_link_of_a_response_is_followed_on_the_same_host(link):
    far = Far(Answer())
    far.client.get(link)
    assert far.sent[0].url == "https://acme.freshchat.com/v2/agents?page=2"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.com/v2/agents",
        "//evil.com/v2/agents",
        "http://acme.freshchat.com/v2/agents",
        "https://acme.freshchat.com@evil.com/",
        "https://acme.freshchat.com:8443/v2/agents",
    ],
)
def test_a_link_to_any_other_host_is_never_requested(link):
    far = Far(Answer())
    with pytest.raises(FreshchatError, match="token is sent to acme.freshchat.com only"):
        far.client.get(link)
    assert far.sent == []


def test_a_signed_link_is_fetched_without_the_token(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine extracts.s3.amazonaws.com login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    far = Far(Answer(body=b"bytes"))
    assert far.client.download(SIGNED, b"".join) == b"bytes"
    assert "Authorization" not in far.sent[0].headers


def test_a_redirect_is_not_followed():
    far = Far(Answer(status=302, headers={"Location": "https://evil.com/"}))
    with pytest.raises(AuthorizationError, match="redirect"):
        far.client.get("/agents")
    assert len(far.sent) == 1


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, AuthorizationError, "api_token"),
        (403, AuthorizationError, "plan"),
        (404, NotFoundError, "api_url"),
        (400, RequestRejectedError, "rejected"),
        (409, RequestRejectedError, "rejected"),
    ],
)
def test_a_permanent_error_ends_at_once_and_says_what_to_check(status, error, says):
    far = Far(Answer(status=status, body={"message": "about Ada", "status": "X"}))
    with pytest.raises(error, match=says) as raised:
        far.client.get("/agents")
    assert "Ada" not in str(raised.value)
    assert len(far.sent) == 1


def test_an_error_has_the_reason_of_the_response():
    far = Far(Answer(status=400, body={"status": "INVALID_VALUE", "message": "range too long"}))
    with pytest.raises(RequestRejectedError) as raised:
        far.client.get("/agents")
    assert raised.value.reason == "INVALID_VALUE range too long"


@pytest.mark.parametrize(
    "fault",
    [
        Answer(status=429, headers={"Retry-After": "3"}),
        Answer(status=500),
        Answer(status=503),
        Answer(status=408),
        requests.ConnectionError("reset"),
        requests.Timeout("slow"),
        Answer(body=CutBody(b'{"age', ConnectionResetError())),
        Answer(body=b'{"agents": ['),
    ],
)
def test_a_temporary_error_is_retried(fault):
    far = Far(fault, Answer(body={"ok": 1}))
    assert far.client.get("/agents") == {"ok": 1}
    assert len(far.sent) == 2


def test_retries_end_after_a_bounded_number_of_attempts_and_waits():
    far = Far(lambda _: Answer(status=503))
    with pytest.raises(RetryableError, match="503"):
        far.client.get("/agents")
    assert len(far.sent) == MAX_ATTEMPTS
    assert 100 < sum(far.clock.slept) < 200


def test_every_attempt_waits_for_the_rate_limiter():
    far = Far(Answer(status=429, headers={"Retry-After": "40"}), Answer())
    far.client.get("/agents")
    assert 40 <= sum(far.clock.slept) < 43


def test_a_portal_is_distinguished_from_the_api():
    far = Far(Answer(body=b"<!doctype html><title>Login</title>"))
    with pytest.raises(AuthorizationError, match="portal"):
        far.client.get("/accounts/configuration")


def test_an_expired_link_is_distinguished_from_a_fault():
    far = Far(Answer(status=403, body=b"<Error>Request has expired</Error>"))
    with pytest.raises(NotFoundError, match="expired"):
        far.client.download(SIGNED, b"".join)


def test_an_interrupted_download_is_restarted():
    far = Far(Answer(body=CutBody(b"half", ConnectionResetError())), Answer(body=b"whole"))
    assert far.client.download(SIGNED, b"".join) == b"whole"


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get("/agents"),
        lambda client: client.download(SIGNED, lambda chunks: sum(map(len, chunks))),
    ],
)
def test_an_endless_body_is_an_error_that_names_its_host_and_is_not_retried(ask):
    far = Far(Answer(body=EndlessBody()))
    with pytest.raises(FreshchatError, match=r"A response of \S+\.com is larger than [\d,]+ bytes"):
        ask(far.client)
    assert len(far.sent) == 1


def test_no_error_or_log_line_contains_the_token_or_a_signature(caplog):
    caplog.set_level("DEBUG", logger="tap-freshchat")
    for fault in (Answer(status=401), Answer(status=500), requests.ConnectionError(SIGNED)):
        far = Far(lambda _, fault=fault: fault if isinstance(fault, Answer) else raise_(fault))
        for ask in (
            lambda far=far: far.client.get("/a"),
            lambda far=far: far.client.download(SIGNED, list),
        ):
            with pytest.raises(FreshchatError) as raised:
                ask()
            text = str(raised.value) + caplog.text
            assert TOKEN not in text
            assert "secret-signature" not in text


def test_a_signed_link_is_not_logged_if_its_response_has_a_malformed_header(caplog):
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", logger="urllib3")
    with malformed_host() as host:
        tap = TapFreshchat(config={"api_url": host, "api_token": TOKEN})
        link = f"{host}/file.zip?X-Amz-Signature=secret-signature"
        assert tap.run.client.download(link, b"".join) == BODY
    assert "secret-signature" not in caplog.text


def raise_(error):
    raise error


def test_a_429_that_keeps_saying_how_long_to_wait_is_waited_for():
    limited = Answer(status=429, headers={"Retry-After": "60"})
    far = Far(*[limited] * 50, Answer(body={"ok": 1}))
    assert far.client.get("/agents") == {"ok": 1}
    assert 3000 <= sum(far.clock.slept) < 3060


@pytest.mark.parametrize("headers", [{"Retry-After": "60"}, {"Retry-After": "0"}, {}])
def test_a_429_that_never_ends_is_an_error_after_an_hour(headers):
    far = Far(lambda _: Answer(status=429, headers=headers))
    with pytest.raises(RetryableError, match="429: the rate limit of the account"):
        far.client.get("/agents")
    assert 3400 <= sum(far.clock.slept) <= 3700


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_link_that_does_not_open_asks_for_a_fresh_one_and_names_the_storage(status):
    far = Far(Answer(status=status, body=b"<Error>ExpiredToken</Error>"))
    with pytest.raises(NotFoundError, match=r"report storage \(extracts\.s3") as raised:
        far.client.download(SIGNED, b"".join)
    assert "api_" not in str(raised.value)
    assert len(far.sent) == 1


def test_one_redirect_of_a_download_is_followed_without_the_token():
    moved = Answer(status=307, headers={"Location": "https://eu.s3.amazonaws.com/f?sig=2"})
    far = Far(moved, Answer(body=b"bytes"))
    assert far.client.download(SIGNED, b"".join) == b"bytes"
    assert far.sent[1].url == "https://eu.s3.amazonaws.com/f?sig=2"
    assert "Authorization" not in far.sent[1].headers
    with pytest.raises(NotFoundError, match="circle"):
        Far(moved, moved).client.download(SIGNED, b"".join)


@pytest.mark.parametrize(
    "link",
    [
        "http://extracts.s3.amazonaws.com/f",
        "ftp://extracts.s3.amazonaws.com/f",
        "file:///etc/passwd",
        "data:,x",
        "https://127.0.0.1/f",
        "https://localhost/f",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/f",
        "https://[::1]/f",
        "https://[::ffff:10.0.0.1]/f",
        "https://[fe80::1]/f",
        "https://[x/f",
    ],
)
def test_a_download_link_that_is_not_of_a_public_https_host_is_never_opened(link):
    redirect = Answer(status=302, headers={"Location": link})
    for far, url in ((Far(Answer()), link), (Far(redirect, Answer()), SIGNED)):
        with pytest.raises(FreshchatError) as raised:
            far.client.download(url, b"".join)
        assert not isinstance(raised.value, RetryableError)
        assert len(far.sent) == (url == SIGNED)


def test_a_relative_download_link_belongs_to_the_api_host_and_carries_no_token():
    far = Far(Answer(body=b"bytes"))
    assert far.client.download("/file/x.zip?sig=1", b"".join) == b"bytes"
    assert far.sent[0].url == "https://acme.freshchat.com/file/x.zip?sig=1"
    assert "Authorization" not in far.sent[0].headers


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", ""])
def test_a_file_is_what_it_is_and_not_what_its_encoding_says(encoding):
    far = Far(Answer(body=b"PK\x03\x04", headers={"Content-Encoding": encoding}))
    assert far.client.download(SIGNED, b"".join) == b"PK\x03\x04"


def test_a_compressed_response_is_unpacked_and_a_truncated_one_is_asked_for_again():
    packed = gzip.compress(b'{"a": 1}')
    headers = {"Content-Encoding": "gzip"}
    cut = Answer(body=packed[:-9], headers=headers)
    far = Far(cut, Answer(body=packed, headers=headers))
    assert far.client.get("/agents") == {"a": 1}
    assert len(far.sent) == 2
