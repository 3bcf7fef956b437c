"""Promises of raw reports: rows equal the ground truth; files are as irregular as real ones."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest

from freshchat_sandbox import EXTRACT_HOST

WEEK = ("2026-11-09T00:00:00.000Z", "2026-11-16T00:00:00Z")
ONE_DAY = ("2026-11-16T00:00:00Z", "2026-11-17T00:00:00Z")
REOPENED = "true"


def parse_time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def row_time(text):
    """Read a row's time as a careful client has to: zone-less, or ISO."""
    text = text.replace("T", " ").rstrip("Z")
    seconds, _, fraction = text.partition(".")
    base = datetime.strptime(f"{seconds}+0000", "%Y-%m-%d %H:%M:%S%z")
    return base + timedelta(milliseconds=int(fraction.ljust(3, "0")))


def members(body):
    if body[:2] != b"PK":
        return [body]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return [archive.read(name) for name in archive.namelist()]


def table(body):
    rows: list[Any] = []
    for member in members(body):
        rows += csv.DictReader(io.StringIO(member.decode("utf-8-sig"), newline=""))
    return rows


def bodies(client, job):
    assert job["status"] == "COMPLETED"
    return [client.files.get(link["link"]["href"]).content for link in job["links"]]


def rows(client, event, start, end, **more):
    job = client.finished(event, start, end, **more)
    return [row for body in bodies(client, job) for row in table(body)]


def ground_truth(client, kinds, start, end):
    return [
        one
        for one in client.sandbox.ground_truth(parse_time(start), parse_time(end))
        if one.kind in kinds
    ]


def test_created_rows_are_the_creations_and_the_reopens(client):
    found = rows(client, "Conversation-Created", *WEEK)
    true = ground_truth(client, {"created", "reopened"}, *WEEK)
    assert Counter(
        (row["interaction_id"], row_time(row["created_at"]), row["reopened"] == REOPENED,
         row["conversation_id"], row["channel_id"], row["group_id"], row["agent_id"])
        for row in found
    ) == Counter(
        (one.interaction_id, one.time, one.kind == "reopened", one.conversation_id,
         one.channel_id, one.group_id or "", "")
        for one in true
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("Conversation-Agent-Assigned", "assigned_to_agent"),
        ("Conversation-Group-Assigned", "assigned_to_group"),
        ("Conversation-Resolved", "resolved"),
    ],
)
def test_change_rows_are_the_changes(client, event, kind):
    names = ("conversation_id", "interaction_id", "agent_id", "group_id")
    assert Counter(
        (row_time(row["created_at"]), *(row[name] for name in names))
        for row in rows(client, event, *WEEK)
    ) == Counter(
        (one.time, *(getattr(one, name) or "" for name in names))
        for one in ground_truth(client, {kind}, *WEEK)
    )


def test_assignment_rows_name_who_assigned(client):
    found = rows(client, "Conversation-Agent-Assigned", *WEEK)
    true = ground_truth(client, {"assigned_to_agent"}, *WEEK)
    assert Counter((row["actor_type"], row["actor_id"]) for row in found) == Counter(
        (one.actor_type, one.actor_id) for one in true
    )


def test_the_transcript_has_every_message(client):
    found = rows(client, "Chat-Transcript", *ONE_DAY)
    true = {one.message_id: one for one in ground_truth(client, {"message"}, *ONE_DAY)}
    assert sorted(row["message_id"] for row in found) == sorted(true)
    for row in found:
        one = true[row["message_id"]]
        assert row_time(row["created_time"]) == one.time
        assert row["conversation_id"] == one.conversation_id
        assert row["actor_type"] == one.actor_type
        assert row["actor_id"] == one.actor_id
        assert row["message_type"] == one.message_type
        assert row["message"] == (one.text or "")
        assert row["customer_id"] == one.user_id
        assert row["reference_id"] == (one.reference_id or "")
        parts = json.loads(row["message_parts"])
        assert one.text is None or next(iter(parts[0].values()))["content"] == one.text


def test_texts_contain_what_breaks_naive_csv_readers(client):
    text = "".join(row["message"] for row in rows(client, "Chat-Transcript", *ONE_DAY))
    for sign in ('"', ",", "\n", "🙏"):
        assert sign in text, sign
    assert not text.isascii()


def test_message_sent_has_the_agents_messages_only(client):
    found = rows(client, "Message-Sent", *WEEK)
    true = [
        one
        for one in ground_truth(client, {"message"}, *WEEK)
        if one.actor_type == "agent" and one.message_type != "system"
    ]
    assert sorted(row["message_id"] for row in found) == sorted(one.message_id for one in true)
    assert all("T" in row["created_at"] for row in found), "this report writes ISO times"


@pytest.mark.parametrize(
    ("event", "kind", "words"),
    [
        (
            "Agent-Activity",
            "availability",
            {"available": "AVAILABLE", "unavailable": "UNAVAILABLE"},
        ),
        (
            "Agent-Intelliassign-Activity",
            "intelliassign",
            {"on": "AVAILABLE", "off": "UNAVAILABLE"},
        ),
    ],
)
def test_activity_rows_are_the_status_changes(client, event, kind, words):
    assert Counter(
        (row["agent_id"], row_time(row["created_at"]), words[row["status"]])
        for row in rows(client, event, *WEEK)
    ) == Counter(
        (one.agent_id, one.time, one.status) for one in ground_truth(client, {kind}, *WEEK)
    )


@pytest.mark.parametrize(
    "event",
    [
        "First-Response-Time",
        "Response-Time",
        "Resolution-Time",
        "CSAT-Score",
        "Conversation-Resolution-Label",
        "classic",
        "agent-performance",
    ],
)
def test_every_other_report_has_rows_in_any_week(client, event):
    found = rows(client, event, *WEEK)
    assert len(found) > 10
    assert all(float(row.get("value_in_seconds", 0)) >= 0 for row in found)


def test_resolution_times_are_counted_from_the_first_agent_assignment_of_the_interaction(client):
    assigned: dict[str, Any] = {}
    # The assignment can be days older than the resolution.
    for row in rows(client, "Conversation-Agent-Assigned", "2026-10-25T00:00:00Z", WEEK[1]):
        if row["agent_id"]:
            time = row_time(row["created_at"]).timestamp()
            interaction = row["interaction_id"]
            assigned[interaction] = min(time, assigned.get(interaction, time))
    checked = 0
    for row in rows(client, "Resolution-Time", *WEEK):
        if since := assigned.get(row["interaction_id"]):
            spent = row_time(row["created_at"]).timestamp() - since
            assert float(row["value_in_seconds"]) == pytest.approx(spent, abs=0.002)
            checked += 1
    assert checked > 10


def test_two_halves_of_a_window_have_the_rows_of_the_whole_window(client):
    whole = rows(client, "Conversation-Resolved", *WEEK)
    middle = "2026-11-12T07:30:00Z"
    halves = rows(client, "Conversation-Resolved", WEEK[0], middle)
    halves += rows(client, "Conversation-Resolved", middle, WEEK[1])
    assert sorted(map(str, halves)) == sorted(map(str, whole))


def test_without_personal_data_names_emails_and_texts_are_blank(client):
    plain = rows(client, "Chat-Transcript", *ONE_DAY)
    blank = rows(client, "Chat-Transcript", *ONE_DAY, should_exclude_pii=True)
    assert [row["message_id"] for row in blank] == [row["message_id"] for row in plain]
    hidden = ("message", "actor_email", "actor_first_name", "actor_last_name")
    assert not any(row[name] for row in blank for name in hidden)
    words = {row["message"] for row in plain if len(row["message"]) > 8}
    assert not any(text in row["message_parts"] for row in blank for text in words)
    assigned = rows(client, "Conversation-Agent-Assigned", *WEEK, should_exclude_pii=True)
    assert not any(row["agent_name"] or row["agent_email"] for row in assigned)
    assert all(row["group_name"] for row in assigned if row["group_id"])


def test_rows_are_not_sorted_by_time(client):
    times = [row_time(row["created_time"]) for row in rows(client, "Chat-Transcript", *ONE_DAY)]
    assert times != sorted(times)


def test_headers_come_in_another_style(make_client):
    client = make_client(header_style="title")
    assert "Conversation Id" in rows(client, "Conversation-Created", *WEEK)[0]


def test_reopened_rows_can_be_absent(make_client):
    client = make_client(reopened_rows=False)
    found = rows(client, "Conversation-Created", *WEEK)
    assert len(found) == len(ground_truth(client, {"created"}, *WEEK))
    assert {row["reopened"] for row in found} == {"false"}


def test_a_share_of_created_rows_can_be_missing_for_good(make_client):
    client = make_client(missing_created_rows=0.1)
    true = len(ground_truth(client, {"created", "reopened"}, *WEEK))
    found = rows(client, "Conversation-Created", *WEEK)
    assert 0.7 * true < len(found) < true
    assert len(rows(client, "Conversation-Created", *WEEK)) == len(found)


def test_rows_appear_when_they_are_old_enough(make_client):
    client = make_client(report_latency=90)
    ordered = client.clock.now()
    found = rows(client, "Agent-Activity", "2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z")
    seen = ordered - timedelta(minutes=90)
    true = ground_truth(client, {"availability"}, "2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z")
    assert len(found) == sum(one.time <= seen for one in true) < len(true)


@pytest.mark.parametrize("event", ["Conversation-Resolved", "Agent-Activity", "Chat-Transcript"])
def test_half_of_the_rows_can_be_later_each_by_its_own_delay(make_client, event):
    client = make_client(max_row_delay=14 * 24 * 60)
    period = ("2026-11-13T00:00:00Z", "2026-11-14T00:00:00Z") if "Chat" in event else WEEK
    found = rows(client, event, *period)
    client.clock.sleep(14 * 24 * 3600)
    later = rows(client, event, *period)
    assert all(row in later for row in found)
    assert len(later) / 10 < len(later) - len(found) < len(later) / 2
    client.clock.sleep(24 * 3600)
    assert len(rows(client, event, *period)) == len(later)


# Jobs


def test_a_job_is_pending_then_in_progress_then_completed(client):
    job = client.submit("Conversation-Created", *WEEK).json()
    assert job["link"] == {"rel": "extracts", "href": f"/reports/raw/{job['id']}"}
    states = []
    for _ in range(120):
        states.append(client.read(f"/reports/raw/{job['id']}"))
        client.clock.sleep(1)
    names = [state["status"] for state in states]
    assert list(dict.fromkeys(names)) == ["PENDING", "IN_PROGRESS", "COMPLETED"]
    assert states[0]["links"] == []
    assert states[-1]["interval"].startswith("2026-11-09 00:00:00.0")


def test_one_file_may_be_late(client):
    late = 0
    for _ in range(8):
        job = client.submit("Resolution-Time", *WEEK).json()
        for _ in range(150):
            client.clock.sleep(1)
            links = client.read(f"/reports/raw/{job['id']}")["links"]
            waiting = [link for link in links if link["status"] == "PENDING"]
            assert all("link" not in link for link in waiting)
            if waiting:
                late += 1
                break
        client.clock.sleep(60)
    assert 0 < late < 8


def test_links_cover_the_range_in_several_files_and_name_their_bounds_two_ways(client):
    styles = set()
    for _ in range(6):
        job = client.finished("CSAT-Score", *WEEK)
        links = job["links"]
        assert len(links) > 1
        names = ("from", "to") if "from" in links[0] else ("from_date", "to_date")
        styles.add(names)
        edges = [(link[names[0]], link[names[1]]) for link in links]
        assert edges[0][0] == "2026-11-09 00:00:00.0"
        assert edges[-1][1] == "2026-11-16 00:00:00.0"
        assert all(one[1] == other[0] for one, other in pairwise(edges))
        client.clock.sleep(1)
    assert len(styles) == 2


def test_files_come_in_every_packing(make_client):
    client = make_client(conversations_per_day=3, requests_per_minute=10_000)
    seen = set()
    for event in ("Conversation-Created", "Response-Time", "CSAT-Score", "Conversation-Resolved"):
        for back in range(14):
            day = datetime(2026, 11, 1 + back, tzinfo=timezone.utc)
            stamps = (day.isoformat(), (day + timedelta(days=1)).isoformat())
            for body in bodies(client, client.finished(event, *stamps)):
                parts = members(body)
                empty = not table(body)
                seen.add(("zip" if body[:2] == b"PK" else "bare", len(parts) > 1, empty,
                          any(part.startswith(b"\xef\xbb\xbf") for part in parts),
                          any(part == b"" for part in parts)))  # fmt: skip
    assert ("zip", False, False, False, False) in seen, "a plain archive"
    assert any(kind == "zip" and bom for kind, _, _, bom, _ in seen), "a BOM in an archive"
    assert any(kind == "bare" and not empty for kind, _, empty, _, _ in seen), "a bare file"
    assert any(kind == "bare" and bom for kind, _, _, bom, _ in seen), "a bare file with a BOM"
    assert ("zip", False, True, False, False) in seen, "a header alone"
    assert ("zip", False, True, False, True) in seen, "an empty member"
    assert ("bare", False, True, False, True) in seen, "nothing at all"


def test_some_archives_hold_several_files_each_with_its_header(client):
    found = [
        members(body)
        for day in range(1, 12)
        for body in bodies(
            client,
            client.finished(
                "Chat-Transcript", f"2026-11-{day:02}T00:00:00Z", f"2026-11-{day + 1:02}T00:00:00Z"
            ),
        )
    ]
    several = [parts for parts in found if len(parts) > 1]
    assert several
    assert all(b"message_id," in part[:20] for parts in several for part in parts)


def test_a_link_rejects_the_token_expires_and_is_renewed(client):
    job = client.finished("Conversation-Created", *WEEK)
    href = job["links"][0]["link"]["href"]
    assert urlsplit(href).netloc == EXTRACT_HOST
    assert client.api.get(href).status_code == 400
    assert client.files.get(href).status_code == 200
    forged = client.files.get(href.replace("Expires=3600", "Expires=9600"))
    assert (forged.status_code, "SignatureDoesNotMatch" in forged.text) == (403, True)
    client.clock.sleep(3_600)
    expired = client.files.get(href)
    assert (expired.status_code, expired.headers["content-type"]) == (403, "application/xml")
    fresh = client.read(f"/reports/raw/{job['id']}")["links"][0]["link"]["href"]
    assert client.files.get(fresh).status_code == 200


def test_a_file_over_the_buffer_limit_has_the_same_bytes_and_no_content_length(client, make_client):
    whole = bodies(client, client.finished("Chat-Transcript", *ONE_DAY))
    chunked = make_client(max_buffered_bytes=1_000)
    links = chunked.finished("Chat-Transcript", *ONE_DAY)["links"]
    responses = [chunked.files.get(link["link"]["href"]) for link in links]
    assert [response.content for response in responses] == whole
    assert all("Content-Length" not in response.headers for response in responses)


def test_the_same_file_twice_has_the_same_bytes(client):
    job = client.finished("Chat-Transcript", *ONE_DAY)
    assert bodies(client, job) == bodies(client, job)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"event": "Conversation-Reopened"}, "event"),
        ({"event": None}, "event"),
        ({"format": "json"}, "format"),
        ({"start": "last week"}, "start"),
        ({"end": None}, "end"),
        ({"end": WEEK[0]}, "range"),
        ({"start": "2025-08-01T00:00:00Z", "end": "2025-08-02T00:00:00Z"}, "15 months"),
        ({"start": "2026-10-01T00:00:00Z"}, "interval"),
        ({"event": "Chat-Transcript"}, "interval"),
        ({"should_exclude_pii": "yes"}, "should_exclude_pii"),
    ],
)
def test_an_invalid_request_is_rejected_with_the_reason(client, wrong, complaint):
    body = {"event": "CSAT-Score", "start": WEEK[0], "end": WEEK[1], "format": "csv", **wrong}
    answer = client.post("/reports/raw", body)
    assert (answer.status_code, answer.json()["status"]) == (400, "INVALID_VALUE")
    assert complaint in answer.json()["message"]


def test_an_invalid_body_is_rejected(client):
    assert client.post("/reports/raw", ["x"]).status_code == 400
    url = "https://sandbox.freshchat.com/v2/reports/raw"
    assert client.api.post(url, data="{").status_code == 400


def test_each_report_accepts_one_job_a_minute(client):
    assert client.submit("CSAT-Score", *WEEK).status_code == 202
    refused = client.submit("CSAT-Score", *WEEK)
    assert refused.status_code == 429
    assert client.submit("Agent-Activity", *WEEK).status_code == 202
    client.clock.sleep(int(refused.headers["Retry-After"]))
    assert client.submit("CSAT-Score", *WEEK).status_code == 202
    dated = client.submit("CSAT-Score", *WEEK).headers["Retry-After"]
    wait = parsedate_to_datetime(dated) - client.clock.now()
    client.clock.sleep(wait.total_seconds())
    assert client.submit("CSAT-Score", *WEEK).status_code == 202


def test_each_report_accepts_120_jobs_a_day(make_client):
    client = make_client(report_jobs_per_minute=100)
    states = [client.submit("CSAT-Score", *WEEK).status_code for _ in range(60)]
    client.clock.sleep(61)
    states += [client.submit("CSAT-Score", *WEEK).status_code for _ in range(61)]
    assert states == [202] * 120 + [429]
    client.clock.sleep(12 * 3600)
    assert client.submit("CSAT-Score", *WEEK).status_code == 202


def test_options_disable_reports_and_make_jobs_stuck_or_failing(make_client):
    assert make_client(extract_available=False).submit("CSAT-Score", *WEEK).status_code == 403
    assert make_client(stuck_jobs=True).finished("CSAT-Score", *WEEK)["status"] == "PENDING"
    failed = make_client(failed_jobs=True).finished("CSAT-Score", *WEEK)
    assert (failed["status"], failed["links"]) == ("FAILED", [])
