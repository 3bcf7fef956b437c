"""Reading lists page by page."""

import pytest
import requests
from fakes.clock import StillClock
from fakes.http import Answer, ScriptedAdapter

from tap_freshchat.client import FreshchatClient
from tap_freshchat.errors import FreshchatError
from tap_freshchat.pagination import collection, messages
from tap_freshchat.rate_limiting import RateLimiter


def client_of(answer):
    clock = StillClock()
    adapter = ScriptedAdapter(answer)
    session = requests.Session()
    session.mount("https://", adapter)
    client = FreshchatClient(
        base_url="https://acme.freshchat.com/v2",
        token="t",
        session=session,
        limiter=RateLimiter(clock),
        clock=clock,
        timeout=60,
    )
    return client, adapter


def test_a_list_is_read_to_its_last_page_and_not_beyond():
    client, adapter = client_of(
        lambda request: Answer(
            body={"agents": [{"id": request.url[-1]}], "pagination": {"total_pages": 3}}
        )
    )
    found = list(collection(client, "/agents", "agents", page_size=50))
    assert len(found) == 3
    assert "page=3" in adapter.requests[-1].url
    assert len(adapter.requests) == 3


def test_an_empty_list_takes_one_request():
    client, adapter = client_of([Answer(body={"agents": [], "pagination": {"total_pages": 0}})])
    assert list(collection(client, "/agents", "agents", page_size=50)) == []
    assert len(adapter.requests) == 1


def test_an_answer_without_the_list_is_an_error_and_not_an_empty_list():
    client, _ = client_of([Answer(body={"error": "x"})])
    with pytest.raises(FreshchatError, match="no list agents"):
        list(collection(client, "/agents", "agents", page_size=50))


def test_messages_follow_their_links_until_there_is_none():
    client, adapter = client_of(
        [
            Answer(
                body={
                    "messages": [{"id": "2"}],
                    "link": {"href": "/v2/conversations/c/messages?page=2&items_per_page=1"},
                }
            ),
            Answer(body={"messages": [{"id": "1"}]}),
        ]
    )
    assert [each["id"] for each in messages(client, "c", page_size=1)] == ["2", "1"]
    assert adapter.requests[1].url.endswith("/v2/conversations/c/messages?page=2&items_per_page=1")


def test_messages_that_link_in_a_circle_end_in_an_error():
    link = {"href": "/v2/conversations/c/messages?page=2"}
    client, _ = client_of(lambda _: Answer(body={"messages": [], "link": link}))
    with pytest.raises(FreshchatError, match="links back"):
        list(messages(client, "c", page_size=1))
