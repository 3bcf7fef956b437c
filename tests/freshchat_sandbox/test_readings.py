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
    ],
)
def test_a_transcript_spells_its_types_as_the_account_does(make_client, reading, column, spelled):
    found = rows(make_client(**reading))
    assert {row[column] for row in found} == spelled
    kept = [row["message_id"] for row in rows(make_client()) if row["message_type"] != "system"]
    assert set(kept) <= {row["message_id"] for row in found}


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
