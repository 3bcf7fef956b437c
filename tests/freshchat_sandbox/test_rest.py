"""Promises of the REST API: responses in the form of Freshchat, equal to the ground truth."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freshchat_sandbox import API_HOST

DAY = timedelta(days=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def happened(client, back=7 * DAY):
    now = client.clock.now()
    # The range's end is exclusive, but what happens right now is already visible.
    return list(client.sandbox.ground_truth(now - back, now + timedelta(milliseconds=1)))


def conversations(client):
    """Group the events of conversations that started within the last days."""
    found: dict[Any, Any] = {}
    for one in happened(client):
        if one.kind == "created":
            found[one.conversation_id] = []
        if one.conversation_id in found:
            found[one.conversation_id].append(one)
    return found


@settings(deadline=None, max_examples=5, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 86_400_000 * 300))
def test_a_conversation_has_the_state_of_the_replayed_ground_truth(make_client, offset):
    start = datetime(2025, 7, 1, tzinfo=timezone.utc) + timedelta(milliseconds=offset)
    client = make_client(start, sparse_conversations="none")
    for conversation_id, events in conversations(client).items():
        shown = client.read(f"/conversations/{conversation_id}")
        last = events[-1]
        assert shown["status"] == last.status
        assert shown.get("assigned_agent_id") == last.agent_id
        assert shown.get("assigned_group_id") == last.group_id
        assert shown["user_id"] == last.user_id
        assert instant(shown["created_time"]) == events[0].time
        assert last.time <= instant(shown["updated_time"]) <= client.clock.now()


def test_messages_are_those_of_the_ground_truth_newest_first_across_pages(client):
    conversation_id, events = max(conversations(client).items(), key=lambda item: len(item[1]))
    expected = [one for one in events if one.kind == "message"]
    shown, path = [], f"/v2/conversations/{conversation_id}/messages?items_per_page=7"
    while path:
        page = client.api.get(f"https://{API_HOST}{path}").json()
        assert set(page) <= {"messages", "link"}
        shown += page["messages"]
        path = page.get("link", {}).get("href")
    shown.reverse()
    assert [one["id"] for one in shown] == [one.message_id for one in expected]
    for message, one in zip(shown, expected, strict=True):
        assert instant(message["created_time"]) == one.time
        assert message["interaction_id"] == one.interaction_id
        assert message["user_id"] == one.user_id
        assert message["actor_id"] == one.actor_id
        assert message.get("actor_type", "system") == one.actor_type
        assert message["message_type"] == one.message_type
        first_part = next(iter(message["message_parts"][0].values()))
        assert one.text is None or first_part["content"] == one.text


def test_messages_from_a_time_on_include_that_time(client):
    conversation_id, events = max(conversations(client).items(), key=lambda item: len(item[1]))
    middle = [one for one in events if one.kind == "message"][3]
    text = middle.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    path = f"/conversations/{conversation_id}/messages"
    messages = client.read(path, from_time=text, items_per_page=50)["messages"]
    assert messages[-1]["created_time"] == text


def test_resolutions_and_reopenings_write_system_messages_at_their_exact_time(client):
    marks = {"isResolved": "resolved", "isReopen": "reopened"}
    marked, true = set(), set()
    for conversation_id, events in conversations(client).items():
        path = f"/conversations/{conversation_id}/messages"
        for message in client.read(path, items_per_page=50)["messages"]:
            for name, value in message.get("meta_data", {}).items():
                assert value in {True, "true"}
                marked.add((conversation_id, marks[name], instant(message["created_time"])))
        true |= {
            (conversation_id, one.kind, one.time) for one in events if one.kind in marks.values()
        }
    assert marked == true
    assert {kind for _, kind, _ in true} == {"resolved", "reopened"}


def test_a_third_of_conversations_is_sparse_by_default(make_client):
    five = {"conversation_id", "app_id", "status", "channel_id", "skill_id"}
    shares = {}
    for mode in ("some", "all", "none"):
        client = make_client(sparse_conversations=mode)
        shown = [
            set(client.read(f"/conversations/{one}")) for one in list(conversations(client))[:60]
        ]
        shares[mode] = sum(keys == five for keys in shown) / len(shown)
    assert shares["all"] == 1
    assert shares["none"] == 0
    assert 0.2 < shares["some"] < 0.5


def test_properties_are_an_object_or_a_list_and_change_with_time(make_client):
    client = make_client(sparse_conversations="none")
    shown = [client.read(f"/conversations/{one}") for one in conversations(client)]
    assert {type(one["properties"]) for one in shown} == {dict, list}
    assert any("priority" in str(one["properties"]) for one in shown)


def test_numeric_id_and_uuid_return_the_same_conversation(make_client):
    client = make_client(sparse_conversations="none")
    shown = client.read(f"/conversations/{next(iter(conversations(client)))}")
    assert client.read(f"/conversations/{shown['conversation_internal_id']}") == shown


def test_future_events_are_not_visible(client):
    ahead = next(
        one
        for one in client.sandbox.ground_truth(client.clock.now(), client.clock.now() + DAY)
        if one.kind == "created" and one.time > client.clock.now()
    )
    assert client.get(f"/conversations/{ahead.conversation_id}").status_code == 404
    assert client.get(f"/conversations/{ahead.conversation_id}/messages").status_code == 404
    client.clock.sleep(86_400)
    assert client.get(f"/conversations/{ahead.conversation_id}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/conversations/11111111-2222-4333-8444-555555555555",
        "/conversations/487000000000001",
        "/conversations/x%2Fy",
        "/users/nobody",
        "/users/nobody/conversations",
        "/agents/nobody",
        "/reports/raw/none",
        "/nowhere",
    ],
)
def test_unknown_ids_and_paths_are_404_with_the_error_object(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "status", "message"}
    assert answer.json()["code"] == 404


@pytest.mark.parametrize(
    "header", [None, "Bearer wrong", "sandbox", "Basic c2FuZGJveA==", "Bearer é"]
)
def test_a_request_without_the_token_is_rejected(client, header):
    headers = {"Authorization": header.encode() if header else None}
    answer = client.api.get(f"https://{API_HOST}/v2/agents", headers=headers)
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "status", "message"}


@pytest.mark.parametrize("key", ["agents", "groups", "channels", "roles"])
def test_lists_have_the_collection_envelope_and_no_page_past_the_end(client, key):
    everything = client.read(f"/{key}", items_per_page=50, sort_order="asc")[key]
    collected, path = [], f"/v2/{key}?items_per_page=3&sort_order=asc"
    while path:
        page = client.api.get(f"https://{API_HOST}{path}").json()
        assert set(page) == {key, "pagination", "links"}
        collected += page[key]
        path = page["links"].get("next_page", {}).get("href")
    assert collected == everything
    pages = page["pagination"]
    assert pages["total_items"] == len(everything)
    assert pages["current_page"] == pages["total_pages"]
    beyond = client.get(f"/{key}", items_per_page=3, page=pages["total_pages"] + 1)
    assert (beyond.status_code, beyond.json()["status"]) == (400, "WRONG_PAGE")


@pytest.mark.parametrize("query", [{"items_per_page": 51}, {"page": 0}, {"page": "x"}])
def test_invalid_paging_is_rejected(client, query):
    answer = client.get("/agents", **query)
    assert (answer.status_code, answer.json()["status"]) == (400, "INVALID_VALUE")


def test_channels_tolerate_any_page_size(client):
    assert len(client.read("/channels", items_per_page=9999)["channels"]) == 7


def test_without_sorting_the_order_changes_by_the_minute(client):
    orders = set()
    for _ in range(5):
        orders.add(tuple(one["id"] for one in client.read("/agents")["agents"]))
        client.clock.sleep(60)
    assert len(orders) > 1
    assert len({frozenset(order) for order in orders}) == 1


def test_users_are_listed_only_by_a_filter(client):
    assert client.get("/users").status_code == 400
    assert client.get("/users", page=1).status_code == 400
    found = client.read("/users", created_from="2026-11-17T00:00:00Z", items_per_page=50)["users"]
    assert all(instant(one["created_time"]) >= instant("2026-11-17T00:00:00Z") for one in found)
    assert len(found) > 15


def test_a_time_filter_finds_exactly_the_users_of_that_time(make_client):
    client = make_client(opened=date(2026, 10, 20))
    bounds = {"updated_from": "2026-11-15T00:00:00Z", "updated_to": "2026-11-16T12:00:00Z"}
    all_users, page = [], 1
    while True:
        shown = client.read(
            "/users", created_from="2025-01-01", page=page, items_per_page=50, sort_order="asc"
        )
        all_users += shown["users"]
        if "next_page" not in shown["links"]:
            break
        page += 1
    expected = {
        one["id"]
        for one in all_users
        if instant(bounds["updated_from"])
        <= instant(one["updated_time"])
        <= instant(bounds["updated_to"])
    }
    found = client.read("/users", items_per_page=50, **bounds)["users"]
    assert {one["id"] for one in found} == expected
    assert len(expected) > 5


def test_a_user_is_found_by_email_reference_and_name(client):
    users = client.read("/users", created_from="2026-11-10", items_per_page=50)["users"]
    user = next(one for one in users if "reference_id" in one and "email" in one)
    for name in ("email", "reference_id", "first_name"):
        found = client.read("/users", **{name: user[name]}, items_per_page=50)
        assert found["pagination"]["total_items"] >= 1
        if name != "first_name":
            assert found["users"] == [user]
    assert client.read("/users", email="nobody@example.com")["users"] == []


def test_users_have_the_reference_of_the_ground_truth_and_deleted_users_are_absent(client):
    true = {one.user_id: one.reference_id for one in happened(client, 30 * DAY) if one.user_id}
    ids, shown = list(true), []
    for start in range(0, len(ids), 100):
        shown += client.post("/users/fetch", {"ids": ids[start : start + 100]}).json()["users"]
    assert {one["id"]: one.get("reference_id") for one in shown}.items() <= true.items()
    gone = set(ids) - {one["id"] for one in shown}
    assert 0 < len(gone) < 0.1 * len(ids)
    for user_id in gone:
        assert client.get(f"/users/{user_id}").status_code == 404
        assert true[user_id] is None


def test_fetch_accepts_a_hundred_ids_and_omits_unknown_ones(client):
    assert client.post("/users/fetch", {"ids": ["x"] * 101}).status_code == 400
    assert client.post("/users/fetch", {"users": []}).status_code == 400
    assert client.post("/users/fetch", {"ids": ["nobody"]}).json() == {"users": []}


def test_a_users_conversations_are_bare_ids_and_some_customers_return(client):
    counts: list[Any] = []
    listed: dict[str, Any] = {}
    for user_id in {one.user_id for one in happened(client, 30 * DAY) if one.user_id}:
        answer = client.get(f"/users/{user_id}/conversations")
        if answer.status_code == 404:
            continue
        entries = answer.json()["conversations"]
        assert all(set(entry) == {"id"} for entry in entries)
        counts.append(len(entries))
        for entry in entries:
            listed.setdefault(entry["id"], set()).add(user_id)
    assert max(counts) >= 3
    assert any(len(users) > 1 for users in listed.values()), "one is listed under two users"
    for one in happened(client):
        if one.kind == "created" and client.get(f"/users/{one.user_id}").status_code == 200:
            assert one.user_id in listed[one.conversation_id]


def test_system_users_are_shown_on_demand_only(client):
    bot = next(one.actor_id for one in happened(client) if one.actor_type == "bot")
    assert client.get(f"/users/{bot}").status_code == 404
    assert client.read(f"/users/{bot}", system_user="true")["first_name"] == "Freddy"


def test_agents_have_the_status_of_the_ground_truth_and_former_agents_are_marked_or_absent(client):
    agents = client.read("/agents", items_per_page=50)["agents"]
    last = {}
    for one in happened(client):
        if one.kind == "availability":
            last[one.agent_id] = one.status
    assert {one["id"]: one["availability_status"] for one in agents if one["id"] in last} == last
    assert [one["first_name"] for one in agents if one["is_deactivated"]] == ["Bashir"]
    assert client.read("/agents", is_deactivated="true")["pagination"]["total_items"] == 1
    authors = {one.actor_id for one in happened(client) if one.actor_type == "agent"}
    gone = authors - {one["id"] for one in agents}
    assert len(gone) == 1, "an agent whose account is deleted still speaks in automations"
    assert client.get(f"/agents/{gone.pop()}").status_code == 404


def test_the_account_its_fields_and_its_statuses_are_returned(client):
    assert client.read("/accounts/configuration")["account_domain"] == API_HOST
    names = [one["name"] for one in client.read("/conversations/fields")]
    assert names[0] == "priority"
    assert {"id", "name"} == set(client.read("/agents/status")["states"][0])


def test_metrics_count_what_happened(client):
    bounds = {"start": "2026-11-10T00:00:00+00:00", "end": "2026-11-17T00:00:00Z"}
    metric = "team_performance.resolution_time"
    shown = client.read("/metrics/historical", metric=metric, group_by="group", **bounds)
    assert shown["data"]
    assert float(shown["data"][0]["series"][0]["values"][0]["value"]) > 0
    online = client.read("/metrics/instant", metric="team_presence.online")["data"][0]["values"][0]
    assert online["count"] == len(online["resources"])
    assert client.get("/metrics/instant", metric="mood").status_code == 400


def test_outbound_messages_need_a_request_or_a_window(client):
    assert client.get("/outbound-messages").status_code == 400
    window = {"created_from": "2026-11-16T00:00:00Z", "created_to": "2026-11-18T00:00:00Z"}
    found = client.read("/outbound-messages", **window)["outbound_messages"]
    assert len(found) == 12
    assert all(isinstance(one["created_on"], int) for one in found)
    again = client.read("/outbound-messages", request_id=found[0]["request_id"])
    assert found[0] in again["outbound_messages"]


def test_other_methods_are_rejected(client):
    answer = client.api.delete(f"https://{API_HOST}/v2/agents")
    assert answer.status_code == 405


def test_a_second_run_an_hour_later_finds_more_and_nothing_changed(client):
    before = happened(client)
    messages = {
        one.conversation_id: client.read(f"/conversations/{one.conversation_id}/messages")
        for one in before[-40:]
        if one.conversation_id
    }
    client.clock.sleep(3600)
    after = happened(client, 7 * DAY + timedelta(hours=1))
    assert after[: len(before)] == before
    assert len(after) > len(before)
    for conversation_id, old in messages.items():
        now = client.read(f"/conversations/{conversation_id}/messages", items_per_page=50)
        assert all(message in now["messages"] for message in old["messages"])
