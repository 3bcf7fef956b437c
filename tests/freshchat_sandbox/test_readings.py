"""Promises of readings: each changes how the service speaks, and never what happened."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from datetime import datetime, timedelta

import pytest

DAY = ("2026-11-16T00:00:00Z", "2026-11-17T00:00:00Z")


def rows(client, event="Chat-Transcript"):
    """Read all rows of one day's report, whichever words its job uses."""
    found: list[dict[str, str]] = []
    job = client.finished(event, *DAY)
    for link in job["links"]:
        body = client.files.get(link["link"]["href"]).content
        parts = [body]
        if body[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                parts = [archive.read(name) for name in archive.namelist()]
        for part in parts:
            found += csv.DictReader(io.StringIO(part.decode("utf-8-sig"), newline=""))
    return found


def test_the_detailed_type_of_a_message_is_that_of_an_export(make_client):
    kinds = {(row["message_type"], row["detailed_message_type"]) for row in rows(make_client())}
    assert kinds == {
        ("normal", "NORMAL"),
        ("private", "PRIVATE_NOTE"),
        ("system", "STATUS_CHANGE_ASSIGNED"),
        ("system", "STATUS_CHANGE_RESOLVED"),
        ("system", "STATUS_CHANGE_REOPENED"),
    }


@pytest.mark.parametrize(
    ("reading", "column", "spelled"),
    [
        ({"message_type": "upper"}, "message_type", {"NORMAL", "PRIVATE", "SYSTEM"}),
        ({"message_type": "blank"}, "message_type", {""}),
        ({"detailed_message_type": "blank"}, "detailed_message_type", {""}),
        ({"actor_type": "upper"}, "actor_type", {"USER", "AGENT", "BOT", "SYSTEM"}),
        ({"status_rows": False}, "message_type", {"normal", "private"}),
        ({"actor_type": "title"}, "actor_type", {"User", "Agent", "Bot", "System"}),
        ({"transcript_interactions": "blank"}, "interaction_id", {""}),
    ],
)
def test_a_transcript_spells_its_types_as_the_account_does(make_client, reading, column, spelled):
    found = rows(make_client(**reading))
    assert {row[column] for row in found} == spelled
    kept = [row["message_id"] for row in rows(make_client()) if row["message_type"] != "system"]
    assert set(kept) <= {row["message_id"] for row in found}


@pytest.mark.parametrize("kind", ["away", "offline"])
def test_a_bots_messages_have_the_detailed_type_of_the_account(make_client, kind):
    found = {
        row["detailed_message_type"]
        for row in rows(make_client(automatic_messages=kind))
        if row["actor_type"] == "bot"
    }
    assert found == {f"{kind.upper()}_MESSAGE"}


@pytest.mark.parametrize(
    ("reading", "event", "column"),
    [
        ({}, "Chat-Transcript", "interaction_id"),
        ({"report_interactions": "absent"}, "Conversation-Created", "interaction_id"),
        ({"flags": "none"}, "Conversation-Created", "reopened"),
        ({"group_rows_agent": False}, "Conversation-Group-Assigned", "agent_id"),
    ],
)
def test_a_report_lacks_the_columns_that_the_account_does_not_have(
    make_client, reading, event, column
):
    found = rows(make_client(**reading), event)
    assert found
    assert not any(column in row for row in found)


@pytest.mark.parametrize(
    ("reading", "event"),
    [
        ("resolved", "Conversation-Resolved"),
        ("assigned", "Conversation-Agent-Assigned"),
        ("assigned", "Conversation-Group-Assigned"),
    ],
)
def test_a_report_that_lacks_rows_has_the_others_and_transcripts_have_all(
    make_client, reading, event
):
    options = {"conversations_per_day": 90}
    keys = [
        {(row["interaction_id"], row["created_at"]) for row in rows(client, event)}
        for client in (make_client(**options), make_client(**options, missing_rows=reading))
    ]
    assert keys[1] < keys[0]
    assert len(keys[1]) > len(keys[0]) / 2
    transcripts = [rows(make_client(**options, missing_rows=value)) for value in ("none", reading)]
    assert transcripts[0] == transcripts[1]


@pytest.mark.parametrize(("reading", "suffix"), [("iso", "Z"), ("offset", "+05:30")])
def test_times_of_reports_have_the_zone_of_the_account(make_client, reading, suffix):
    for event in ("Conversation-Created", "Agent-Intelliassign-Activity"):
        found = rows(make_client(report_times=reading), event)
        assert all(row["created_at"].endswith(suffix) for row in found)


def test_a_report_of_a_short_range_only_is_refused_for_a_day(make_client):
    client = make_client(longest_report="day")
    answer = client.submit("Chat-Transcript", *DAY)
    assert answer.status_code == 400
    assert "12 hours" in answer.text


def test_a_job_with_one_link_has_the_whole_report_in_it(make_client):
    client = make_client(job_links="link")
    job = client.finished("Chat-Transcript", *DAY)
    assert "links" not in job
    assert client.files.get(job["link"]["href"]).content


def test_rest_spells_messages_as_the_account_does(make_client):
    path = f"/conversations/{rows(make_client())[0]['conversation_id']}/messages"
    plain = make_client().read(path, items_per_page=50)["messages"]
    assert {"isResolved", "isReopen"} & {name for one in plain for name in one.get("meta_data", ())}
    bare = make_client(flags="none", rest_interactions=False).read(path)["messages"]
    assert not any("meta_data" in one or "interaction_id" in one for one in bare)
    oldest = make_client(message_order="oldest").read(path, items_per_page=50)["messages"]
    assert oldest == plain[::-1]
    loud = make_client(
        rest_actor_type="title",
        rest_system_actor=True,
        rest_message_type="detailed",
        flags="number",
    ).read(path)["messages"]
    assert {one["actor_type"] for one in loud} <= {"User", "Agent", "Bot", "System"}
    assert "NORMAL" in {one["message_type"] for one in loud}
    assert {value for one in loud for value in one.get("meta_data", {}).values()} <= {1}


def test_a_filter_that_is_not_obeyed_lists_every_user(make_client):
    bounds = {"updated_from": "2026-11-18T11:00:00Z"}
    few = make_client().read("/users", **bounds)["pagination"]["total_items"]
    found = make_client(user_filter=False).read("/users", **bounds)["pagination"]["total_items"]
    assert found > 10 * few


@pytest.mark.parametrize(
    ("spelling", "word"),
    [("upper", "AVAILABLE"), ("title", "Available"), ("spaced", " Available ")],
)
def test_agents_statuses_are_spelled_as_the_account_does(make_client, spelling, word):
    found = rows(make_client(agent_status=spelling), "Agent-Activity")
    assert word in {row["status"] for row in found}


@pytest.mark.parametrize(("zone", "minutes"), [("America/New_York", -300), ("Asia/Kolkata", 330)])
def test_another_zone_moves_the_times_of_reports_and_nothing_else(make_client, zone, minutes):
    utc = {row["message_id"]: row["created_time"] for row in rows(make_client())}
    local = {row["message_id"]: row["created_time"] for row in rows(make_client(report_zone=zone))}
    assert utc.keys() == local.keys()
    for message, text in utc.items():
        moved = datetime.fromisoformat(local[message]) - datetime.fromisoformat(text[:19])
        assert moved // timedelta(minutes=1) == minutes
    # Every report writes a time without an offset then.
    status_rows = rows(make_client(report_zone=zone), "Agent-Intelliassign-Activity")
    assert not any(row["created_at"].endswith("Z") for row in status_rows)


def test_the_list_of_statuses_has_the_key_of_the_account(make_client):
    states = make_client().read("/agents/status")["states"]
    assert make_client(agent_statuses_key="statuses").read("/agents/status")["statuses"] == states
    assert make_client(agent_statuses_key="none").read("/agents/status") == states


def test_a_shared_limit_refuses_a_job_of_another_report(make_client):
    for limit, status in (("each", 202), ("shared", 429)):
        client = make_client(job_limit=limit)
        assert client.submit("Agent-Activity", *DAY).status_code == 202
        assert client.submit("Chat-Transcript", *DAY).status_code == status


@pytest.mark.parametrize(
    ("words", "pending", "complete"),
    [
        ("lower", "pending", "completed"),
        ("success", "PENDING", "SUCCESS"),
        ("done", "QUEUED", "DONE"),
    ],
)
def test_a_job_states_its_progress_in_the_words_of_the_account(
    make_client, words, pending, complete
):
    client = make_client(job_state=words)
    job = client.submit("Chat-Transcript", *DAY).json()["id"]
    assert client.read(f"/reports/raw/{job}")["status"] == pending
    client.clock.sleep(180)
    assert client.read(f"/reports/raw/{job}")["status"] == complete


def test_absolute_links_open_as_they_are(make_client):
    client = make_client(link_form="absolute")
    job = client.submit("Chat-Transcript", *DAY).json()
    assert client.api.get(job["link"]["href"]).json()["id"] == job["id"]
    agents = client.read("/agents", items_per_page=5)
    assert client.api.get(agents["links"]["next_page"]["href"]).json()["agents"]


def test_pages_of_messages_by_number_have_no_link(make_client):
    conversation = Counter(row["conversation_id"] for row in rows(make_client())).most_common(1)
    path = f"/conversations/{conversation[0][0]}/messages"
    linked = make_client().read(path, items_per_page=2)
    bare = make_client(message_pages="number").read(path, items_per_page=2)
    assert "link" in linked
    assert bare == {"messages": linked["messages"]}


def test_a_list_says_of_its_pages_what_the_account_says(make_client):
    assert make_client(list_pages="links").read("/agents").keys() == {"agents", "links"}
    counts = make_client(list_pages="total_items").read("/agents", items_per_page=5)["pagination"]
    assert counts["total_items"] > 5
    assert counts.keys() == {"total_items"}


@pytest.mark.parametrize(("cap", "status"), [("none", 200), ("empty", 200), ("error", 400)])
def test_a_capped_list_ends_after_its_tenth_page(make_client, cap, status):
    client = make_client(list_cap=cap)
    bounds = {"updated_from": "2026-10-01T00:00:00Z", "items_per_page": 5}
    assert client.read("/users", page=10, **bounds)["users"]
    response = client.get("/users", page=11, **bounds)
    assert response.status_code == status
    assert bool(response.json().get("users")) == (cap == "none")


def test_a_users_record_moves_with_what_the_account_counts(make_client):
    written = {
        row["actor_id"]: row["created_time"]
        for row in rows(make_client())
        if row["actor_type"] == "user"
    }
    updated = {}
    for reading in ("record", "message", "never"):
        client = make_client(user_updates=reading)
        updated[reading] = {
            one["id"]: one for one in (client.read(f"/users/{user}") for user in list(written)[:8])
        }
    for user, record in updated["never"].items():
        assert record["updated_time"] == record["created_time"]
        latest = updated["message"][user]["updated_time"]
        assert latest >= updated["record"][user]["updated_time"]
        assert latest.replace("T", " ") >= written[user]
