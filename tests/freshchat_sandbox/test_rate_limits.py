"""Promises of the call limit: in every response, enforced by the clock minute."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from freshchat_sandbox import API_HOST


def test_every_response_reports_the_remaining_calls(client):
    good, bad = client.get("/agents"), client.get("/nowhere")
    assert good.headers["X-RateLimit-Limit"] == "600"
    assert (good.headers["X-RateLimit-Remaining"], bad.headers["X-RateLimit-Remaining"]) == (
        "599",
        "598",
    )
    assert int(good.headers["X-RateLimit-Reset"]) == client.clock.now().timestamp() + 60
    assert good.headers["X-Trace-ID"] != bad.headers["X-Trace-ID"]


@pytest.mark.parametrize("refusals", [1, 2])
def test_waiting_for_retry_after_is_enough_after_a_429(make_client, refusals):
    client = make_client(requests_per_minute=3)
    client.clock.sleep(12.345)
    for _ in range(2):
        client.get("/nowhere")  # invalid calls count as well
    client.api.get(f"https://{API_HOST}/v2/agents", headers={"Authorization": "Bearer wrong"})
    for _ in range(refusals):
        answer = client.get("/agents")
        assert answer.status_code == 429
        assert answer.headers["X-RateLimit-Remaining"] == "0"
    retry_after = answer.headers["Retry-After"]
    if retry_after.isdecimal():
        wait = timedelta(seconds=int(retry_after))
    else:
        wait = parsedate_to_datetime(retry_after) - client.clock.now()
    assert retry_after.isdecimal() == (refusals == 1), "both forms, by turns"
    assert timedelta(seconds=40) < wait < timedelta(seconds=50)
    client.clock.sleep(wait.total_seconds())
    assert client.get("/agents").status_code == 200
