"""Look-ups: objects are found by ids of any form."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from fakes.clock import NOON, StillClock
from fakes.freshchat_client import freshchat_client
from fakes.http import Answer, ScriptedAdapter

from tap_freshchat.activity.rest_inference import events_from_snapshot
from tap_freshchat.api.responses import stringify_ids
from tap_freshchat.lookups.changed_users import ChangedUsers
from tap_freshchat.lookups.conversations import ConversationLookup
from tap_freshchat.lookups.directory import AccountDirectory
from tap_freshchat.lookups.enrichment import Enrichment
from tap_freshchat.lookups.rest_crawl import RestCrawl
from tap_freshchat.set_aside import SetAside
from tap_freshchat.windows import Window


def client_of(answers, asked=None):
    """Return a client of an account that responds by the last part of a path; note the paths."""

    def answer(request):
        path = request.path_url.split("?")[0][4:]
        if asked is not None:
            asked.append(path)
        return Answer(body=answers[path]) if path in answers else Answer(status=404)

    return freshchat_client(ScriptedAdapter(answer), StillClock())


def enrichment_of(client):
    return Enrichment(client, SetAside(Path("not written")))


def lookup_of(answers, asked=None):
    client = client_of(answers, asked)
    return ConversationLookup(client, StillClock(), enrichment_of(client))


def crawl_of(client, folder, in_shard=bool):
    users = ChangedUsers(client, folder)
    crawl = RestCrawl(
        *(client, users, StillClock(), folder, enrichment_of(client)),
        in_shard=in_shard,
        all_users=False,
    )
    found = crawl.conversations(Window(NOON - timedelta(hours=1), NOON), {})
    return [snapshot for snapshot, _ in found]


def test_agents_groups_and_channels_with_numeric_ids_are_found_by_string():
    lists = {each: {each: [{"id": 7, "name": each}]} for each in ("agents", "groups", "channels")}
    client = client_of(lists)
    directory = AccountDirectory(client, enrichment_of(client))
    for found in (directory.agents, directory.groups, directory.channels):
        assert [(key, item["id"]) for key, item in found.items()] == [("7", "7")]


def test_a_customer_with_a_numeric_id_is_found_by_string():
    lookup = lookup_of({"users/fetch": {"users": [{"id": 7, "reference_id": 12}]}})
    assert lookup.get_users(["7"]) == {"7": {"id": "7", "reference_id": "12"}}


def test_a_conversation_with_numeric_ids_is_joined_with_their_objects():
    lookup = lookup_of(
        {
            "conversations/5": {"conversation_id": 5, "user_id": 7, "assigned_agent_id": 8},
            "conversations/5/messages": {
                "messages": [{"id": 9, "actor_id": 8, "created_time": "2026-11-22T11:00:00Z"}]
            },
        }
    )
    snapshot = lookup.get_snapshots({"5": NOON})["5"]
    assert snapshot.user_id == "7"
    assert [each.content["actor_id"] for each in snapshot.history.messages] == ["8"]
    seen = [each.agent_id for each in events_from_snapshot(snapshot) if each.time_is_approximate]
    assert seen == ["8"]


def test_a_change_during_a_lookup_shows_in_the_messages_which_are_fetched_last(tmp_path):
    asked: list[Any] = []
    message = {"id": "m", "user_id": "u", "created_time": "2026-11-22T11:30:00Z"}
    answers = {
        "conversations/c": {"conversation_id": "c"},
        "conversations/c/messages": {"messages": [message]},
        "users": {"users": [{"id": "u"}], "pagination": {"total_pages": 1}},
        "users/u/conversations": {"conversations": [{"id": "c"}]},
    }
    lookup_of(answers, asked).get_snapshots({"c": NOON})
    assert asked == ["conversations/c", "conversations/c/messages"]
    [found] = crawl_of(client_of(answers, asked), tmp_path)
    assert (found.user_id, len(found.history.messages)) == ("u", 1)
    assert asked[-2:] == ["conversations/c", "conversations/c/messages"]


def test_an_unchanged_conversation_costs_the_crawl_one_request(tmp_path):
    asked: list[Any] = []
    old = [{"id": n, "created_time": f"2026-11-2{n}T11:30:00Z"} for n in (1, 0)]
    answers = {
        "users": {"users": [{"id": "u"}], "pagination": {"total_pages": 1}},
        "users/u/conversations": {"conversations": [{"id": "c"}]},
        "conversations/c/messages": {"messages": old, "link": {"href": "/v2/next"}},
    }
    assert crawl_of(client_of(answers, asked), tmp_path) == []
    assert asked == ["users", "users/u/conversations", "conversations/c/messages"]


def test_only_ids_become_strings():
    item = {"id": 7, "conversation_internal_id": 8, "user_id": None, "skill_id": 0, "page": 1}
    assert stringify_ids(item, "id") == {**item, "id": "7"}
    assert stringify_ids({"user_id": "u"}) == {"user_id": "u"}


def test_a_conversation_whose_messages_no_longer_exist_keeps_its_customer():
    lookup = lookup_of({"conversations/c": {"conversation_id": "c", "user_id": "u"}})
    found = lookup.get_snapshots({"c": NOON - timedelta(days=1)})["c"]
    assert found.user_id == "u"
    assert found.history.messages == []


def test_a_crawl_fetches_no_messages_of_another_shards_conversations(tmp_path):
    asked: list[Any] = []
    answers = {
        "users": {"users": [{"id": "u"}], "pagination": {"total_pages": 1}},
        "users/u/conversations": {"conversations": [{"id": "c"}]},
    }
    assert crawl_of(client_of(answers, asked), tmp_path, lambda each: each != "c") == []
    assert asked == ["users", "users/u/conversations"]
