"""Promises of the transport adapter: `requests` gets what a real connection returns."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
import requests

from freshchat_sandbox import API_HOST, Response


def test_a_response_is_complete(client):
    answer = client.get("/roles", page=1)
    assert answer.url == f"https://{API_HOST}/v2/roles?page=1"
    assert answer.request.method == "GET"
    assert answer.reason == "OK"
    assert answer.headers["content-TYPE"].startswith("application/json")
    assert answer.elapsed.total_seconds() >= 0
    assert int(answer.headers["Content-Length"]) == len(answer.content)


def test_a_body_can_be_read_in_pieces(client):
    with client.api.get(f"https://{API_HOST}/v2/agents", stream=True) as answer:
        pieces = list(answer.iter_content(100))
    assert max(map(len, pieces)) == 100
    assert b"".join(pieces).startswith(b'{"agents"')


def test_faults_replace_responses_and_truncated_bodies_are_detected(make_client):
    def cut(request):
        if request.path == "/v2/agents":
            return Response(200, {"Content-Length": "99"}, b'{"agents": [')
        return Response(503, {}, b"busy") if request.path == "/v2/groups" else None

    client = make_client(faults=cut)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get("/agents")
    assert client.get("/groups").text == "busy"
    assert client.get("/roles").status_code == 200


def test_a_request_body_that_is_a_stream_is_an_error(client):
    with pytest.raises(TypeError, match="whole bodies"):
        client.api.post(f"https://{API_HOST}/v2/users/fetch", data=iter([b"{}"]))


def test_threads_get_the_same_responses_as_one_thread(make_client):
    client = make_client(requests_per_minute=100_000)
    alone = client.read("/users", created_from="2026-11-10", sort_order="asc")
    answers, remaining = [], []

    def ask():
        for _ in range(20):
            answer = client.get("/users", created_from="2026-11-10", sort_order="asc")
            answers.append(answer.json() == alone)
            remaining.append(answer.headers["X-RateLimit-Remaining"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {True: 80}
    assert len(set(remaining)) == 80
