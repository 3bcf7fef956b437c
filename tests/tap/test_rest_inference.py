"""Activity via REST, without raw reports."""

import json
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from fakes.clock import NOON
from fakes.runs import posted_message_id, run_tap, truth
from fakes.sandbox_client import SandboxClient

from freshchat_sandbox import Response
from tap_freshchat.activity.agent_status import agent_statuses
from tap_freshchat.activity.conversation_state import ConversationState
from tap_freshchat.activity.events import ConversationEvent
from tap_freshchat.activity.message_history import MessageHistory, Snapshot
from tap_freshchat.activity.rest_inference import (
    MAX_STORED_ASSIGNEES,
    LastSeenAssignees,
    events_from_snapshot,
    message_records,
)
from tap_freshchat.errors import AuthorizationError
from tap_freshchat.payloads.associations import EventContext
from tap_freshchat.payloads.conversation import properties_as_dict
from tap_freshchat.payloads.events import message_event
from tap_freshchat.reports.catalog import AGENT_REPORTS, CONVERSATION_REPORTS, TRANSCRIPT

HOUR = timedelta(hours=1)
# A desk that opened lately, because all its users are walked.
URL = "sandbox://?opened=2026-11-18"
WITHOUT_REPORTS = f"{URL}&extract_available=false"
EXACT = {"created", "reopened", "resolved"}
ALL = {"url": URL, "activity_source": "rest", "user_scope": "all"}


def by_id(run):
    return {record["id"]: record for record in run.events}


@pytest.fixture(scope="module")
def reported():
    start = (NOON - 24 * HOUR).isoformat()
    return run_tap(NOON, url=URL, start_date=start, report_delay_minutes=6)


@pytest.fixture(scope="module")
def walked():
    return run_tap(NOON, start_date=(NOON - 24 * HOUR).isoformat(), **ALL)


def test_messages_interaction_starts_and_resolutions_are_exactly_those_that_happened(walked):
    events = truth(URL, walked.since, NOON)
    happened = Counter(
        (each.kind, each.time.isoformat(timespec="microseconds"), each.message_id)
        for each in events
        if each.kind in EXACT or each.kind == "message"
    )
    reported = Counter(
        (each.get("type", "message"), each["created_time"], posted_message_id(each))
        for each in walked.events
        if each.get("type", "created") in EXACT
    )
    assert reported == happened


@pytest.mark.parametrize("scope", ["all", pytest.param("updated", marks=pytest.mark.e2e)])
def test_a_user_who_returns_during_listing_is_not_lost(scope):
    waits: list[Any] = []

    def hold_up(request):
        # One request waits for an hour at most, so that five requests do.
        if request.path == "/v2/users" and len(waits) < 5 and request.query not in waits:
            waits.append(request.query)
            return Response(429, {"Retry-After": "3600"})
        return None

    start = (NOON - 24 * HOUR).isoformat()
    config = {**ALL, "user_scope": scope, "start_date": start, "page_size": 2}
    undelayed, delayed = run_tap(NOON, **config), run_tap(NOON, faults=hold_up, **config)
    exact = [each for each in undelayed.events if each.get("type", "created") in EXACT]
    assert len(waits) == 5
    assert {each["id"] for each in exact} <= {each["id"] for each in delayed.events}


@pytest.mark.e2e
@pytest.mark.parametrize("scope", ["all", "updated"])
def test_an_end_in_the_past_loses_no_user_who_has_returned_since(scope):
    end = (NOON - 12 * HOUR).isoformat()
    config = {**ALL, "user_scope": scope, "start_date": (NOON - 24 * HOUR).isoformat()}
    exact = [
        each for each in run_tap(NOON, **config).events if each.get("type", "created") in EXACT
    ]
    ids = {each["id"] for each in exact if each["created_time"] < end}
    bounded = run_tap(NOON, end_date=end, **config)
    assert ids
    assert ids <= {each["id"] for each in bounded.events}


def test_ids_via_rest_are_those_of_reports(reported, walked):
    theirs = by_id(walked)
    for record_id, record in by_id(reported).items():
        if record.get("type") in EXACT or record["event"] == "onMessageCreate":
            assert record_id in theirs
            assert theirs[record_id]["created_time"] == record["created_time"]
            assert theirs[record_id]["user_id"] == record["user_id"]
            assert theirs[record_id]["user_reference_id"] == record["user_reference_id"]


def test_events_via_rest_name_their_source(walked):
    assert {each["source"] for each in walked.events} == {"rest"}


def test_an_assignment_has_the_current_assignee_and_an_approximate_time(walked):
    seen = [each for each in walked.events if each["time_is_approximate"]]
    assert {each["type"] for each in seen} == {"assigned_to_agent", "assigned_to_group"}
    for each in seen:
        assert each["created_time"] >= NOON.isoformat(timespec="microseconds")
        [new] = [
            pair[1]
            for name, pair in each["changes"]["model_changes"].items()
            if name == each["type"].replace("assigned_to", "assigned") + "_id"
        ]
        assert new == (each["agent_id"] if each["type"].endswith("agent") else each["group_id"])


def test_a_second_crawl_reports_nothing_twice(walked):
    again = run_tap(NOON, walked.state, start_date=(NOON - 24 * HOUR).isoformat(), **ALL)
    assert again.events == []


def test_a_later_crawl_reports_what_happened_since(walked):
    later = run_tap(NOON + HOUR, walked.state, **ALL)
    known = by_id(walked)
    fresh = [each for each in later.events if not each["time_is_approximate"]]
    assert fresh
    assert not [each for each in fresh if each["id"] in known]
    messages = {each.message_id for each in truth(URL, NOON, NOON + HOUR)} - {None}
    assert {posted_message_id(each) for each in fresh} >= messages


@pytest.mark.e2e
def test_an_unchanged_assignee_is_not_reported_again_with_later_messages():
    reported: dict[tuple[str, str], list[str]] = {}
    state = None
    for hours in range(0, 32, 2):
        run = run_tap(
            NOON + hours * HOUR,
            state,
            streams=("conversation_events",),
            start_date=(NOON - HOUR).isoformat(),
            **ALL,
        )
        state = run.state
        for each in run.events:
            if each["time_is_approximate"]:
                reported.setdefault((each["conversation_id"], each["type"]), []).append(each["id"])
    assert max(map(len, reported.values())) > 1
    # An agent who gets it back, with another in between, is reported again.
    again = [ids for ids in reported.values() if any(one == two for one, two in pairwise(ids))]
    assert again == []


def test_an_assignment_is_new_unless_it_is_the_last_one_that_was_seen():
    def seen(agent_id, conversation_id="c", kind="assigned_to_agent", status="assigned"):
        return ConversationEvent(
            kind=kind,
            time=NOON,
            conversation_id=conversation_id,
            agent_id=agent_id,
            observed_status=status,
        )

    assignees = LastSeenAssignees({})
    looks = [seen("a"), seen("a"), seen("b"), seen("a"), seen("a", kind="assigned_to_group")]
    assert [assignees.is_new(each) for each in looks] == [1, 0, 1, 1, 1]
    later = LastSeenAssignees(assignees.latest)
    assert [later.is_new(each) for each in looks[3:]] == [0, 0]
    reported = seen("a", status=None)
    assert [later.is_new(reported), later.is_new(reported)] == [1, 1]
    for number in range(MAX_STORED_ASSIGNEES - 1):
        later.is_new(seen("a", conversation_id=f"c{number}"))
    assert len(later.latest) == MAX_STORED_ASSIGNEES
    # What was looked at longest ago has gone.
    assert next(iter(later.latest)) == "c assigned_to_group"


@pytest.mark.parametrize(
    ("reported", "parts"),
    [
        ([{"text": {"content": "hi"}}, "odd", None], [{"text": {"content": "hi"}}]),
        ("hi", [{"text": {"content": "hi"}}]),
        ("", []),
        (None, []),
        ({"text": "hi"}, []),
    ],
)
def test_malformed_message_parts_do_not_end_the_run(reported, parts):
    content = {"id": "m", "created_time": "2026-11-22T11:00:00Z", "message_parts": reported}
    snapshot = Snapshot(
        conversation={"conversation_id": "c"},
        user_id="u",
        time=NOON,
        history=MessageHistory([content], complete=True),
    )
    [(row, moment)] = message_records(snapshot, None)
    assert moment == NOON - HOUR
    assert row["message_parts"] == parts
    record = message_event(
        row,
        moment,
        ConversationState(),
        EventContext(
            configuration={},
            agents={},
            groups={},
            channels={},
            user_id="u",
            user={},
            snapshot=snapshot,
            source="rest",
        ),
    )
    assert record["message_text"] == ("hi" if parts else None)


def test_an_agents_status_that_differs_between_two_runs_is_an_event():
    first = run_tap(NOON, streams=("agent_activity",), activity_source="rest")
    assert first.events == []
    later = run_tap(
        NOON + 8 * HOUR, first.state, streams=("agent_activity",), activity_source="rest"
    )
    assert later.events
    for each in later.events:
        activity = each["agent_activity"]
        assert each["time_is_approximate"]
        assert {activity["status"], activity["prev_status"]} == {"AVAILABLE", "UNAVAILABLE"}


def test_two_runs_from_the_same_state_report_the_same_ids():
    first = run_tap(NOON, streams=("agent_activity",), activity_source="rest")
    later = [
        run_tap(
            NOON + hours * HOUR, first.state, streams=("agent_activity",), activity_source="rest"
        )
        for hours in (8, 8.01)
    ]
    assert by_id(later[0]).keys() == by_id(later[1]).keys()


def test_a_past_period_has_no_events_of_the_current_state_and_a_warning_says_so(caplog):
    over = {**ALL, "start_date": (NOON - HOUR).isoformat(), "end_date": NOON.isoformat()}
    first = run_tap(NOON - HOUR / 2, **over)
    assert "past end_date" not in caplog.text
    later = run_tap(NOON + 8 * HOUR, first.state, **over)
    assert later.events
    assert sum("past end_date" in each for each in caplog.messages) == 1
    assert [each for each in later.events if each["time_is_approximate"]] == []
    assert [each for each in later.events if each["created_time"] >= NOON.isoformat()] == []


def said(minutes, interaction_id=None, **marks):
    time = NOON - timedelta(minutes=minutes)
    return {
        "id": f"m{minutes}",
        "created_time": time.isoformat(),
        "interaction_id": interaction_id,
        "actor_type": "agent" if marks else "user",
        "meta_data": marks,
    }


@pytest.mark.parametrize(
    ("messages", "reported"),
    [
        # Without ids of open periods, the first message and its marks tell of them.
        (
            [said(9), said(7, isResolved=True), said(5, isReopen=True), said(4)],
            [("created", 9), ("resolved", 7), ("reopened", 5)],
        ),
        # Ids of another form tell when a period began by its first message.
        ([said(9, "x"), said(8, "x"), said(5, "y")], [("created", 9), ("reopened", 5)]),
        # A welcome that has none is no period of its own.
        ([said(9), said(8, "x"), said(7), said(6, "x")], [("created", 8)]),
    ],
)
def test_interaction_starts_are_reported_even_if_ids_of_open_periods_change(messages, reported):
    snapshot = Snapshot(
        conversation={"conversation_id": "c"},
        user_id="u",
        time=NOON,
        history=MessageHistory(messages, complete=True),
    )
    found = [
        (each.kind, (NOON - each.time).seconds // 60) for each in events_from_snapshot(snapshot)
    ]
    assert found == reported


def test_a_user_to_whom_only_an_agent_wrote_has_no_conversation_yet():
    snapshot = Snapshot(
        conversation={"conversation_id": "c"},
        user_id="u",
        time=NOON,
        history=MessageHistory([said(9, isResolved=False)], complete=True),
    )
    assert events_from_snapshot(snapshot) == []


def test_a_period_that_has_just_ended_counts_as_now():
    run = run_tap(
        NOON + timedelta(seconds=5),
        start_date=(NOON - 24 * HOUR).isoformat(),
        end_date=NOON.isoformat(),
        **ALL,
    )
    assert [each for each in run.events if each["time_is_approximate"]]


def test_an_account_without_reports_gets_its_events_and_one_warning(caplog):
    run = run_tap(NOON, url=WITHOUT_REPORTS, start_date=(NOON - 3 * HOUR).isoformat())
    assert {each["event"] for each in run.events} >= {"onConversationUpdate", "onMessageCreate"}
    warnings = [each for each in caplog.messages if "no raw reports" in each]
    assert len(warnings) == 1
    assert "activity_source" in warnings[0]


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, {"Content-Type": "text/html"}, b"<html>Back in a minute</html>"),
        Response(302, {"Location": "/login"}),
        Response(401),
    ],
)
def test_a_web_page_in_place_of_a_report_is_an_error_and_not_a_missing_feature(answer):
    orders: list[Any] = []

    def once(request):
        if request.path == "/v2/reports/raw" and not orders:
            orders.append(request)
            return answer
        return None

    with pytest.raises(AuthorizationError):
        run_tap(NOON, url=URL, faults=once, start_date=(NOON - 3 * HOUR).isoformat())
    assert orders


def test_without_reports_one_crawl_serves_all_streams():
    one = run_tap(NOON, streams=("message_events",), start_date=(NOON - HOUR).isoformat(), **ALL)
    three = run_tap(
        NOON,
        streams=("conversation_events", "message_events", "messages"),
        start_date=(NOON - HOUR).isoformat(),
        **ALL,
    )
    lists = [
        sum(each.startswith("GET /v2/users/") for each in run.requests) for run in (one, three)
    ]
    assert lists[0] == lists[1]


@pytest.mark.parametrize("stream", ["agent_activity", "conversations", "messages"])
def test_streams_read_via_rest_submit_no_report_job(stream):
    run = run_tap(NOON, streams=(stream,), start_date=(NOON - HOUR).isoformat(), **ALL)
    assert run.records or stream == "agent_activity"
    assert "POST /v2/reports/raw" not in run.requests


@pytest.mark.e2e
def test_a_raw_report_beside_activity_via_rest_is_read_with_a_job_for_each_day():
    run = run_tap(
        NOON,
        streams=("messages", "report_chat_transcript"),
        start_date=(NOON - 24 * 30 * HOUR).isoformat(),
        **{**ALL, "url": "sandbox://?conversations_per_day=1"},
    )
    assert run.requests.count("POST /v2/reports/raw") == 30
    assert len(run.records["report_chat_transcript"]) > 100


def test_an_account_without_reports_is_asked_for_each_report_once():
    streams = ("conversations", "messages", "agent_activity")
    start = (NOON - 24 * 3 * HOUR).isoformat()
    run = run_tap(NOON, streams=streams, url=WITHOUT_REPORTS, start_date=start)
    reports = {*CONVERSATION_REPORTS, *AGENT_REPORTS, TRANSCRIPT}
    assert run.requests.count("POST /v2/reports/raw") == len(reports)


@pytest.mark.parametrize("streams", [("report_agent_activity",), ("agent_activity",)])
def test_an_account_without_reports_is_one_error_if_only_reports_are_possible(streams):
    with pytest.raises(AuthorizationError, match="plan"):
        run_tap(NOON, url=WITHOUT_REPORTS, streams=streams, activity_source="reports")


def test_a_raw_report_that_the_account_never_had_is_left_out_with_a_warning(caplog):
    run = run_tap(NOON, url=WITHOUT_REPORTS, streams=("agent_activity", "report_agent_activity"))
    assert run.records["report_agent_activity"] == []
    assert [each.message for each in caplog.records if "Agent-Activity" in each.message]


class Sparing:
    """Account that paginates the conversations of a user, and names customers only as senders."""

    def __init__(self):
        self.client = SandboxClient(NOON, URL)
        self.pages = 0

    def __call__(self, request):
        what = request.path.removeprefix("/v2/").split("/")
        if request.method != "GET" or what[0] not in {"users", "conversations"} or len(what) < 2:
            return None
        query = {name: values[0] for name, values in request.query.items()}
        answer = self.client.get(request.path.removeprefix("/v2"), **query)
        if answer is None:
            return None
        if what[0] == "users":
            listed = answer["conversations"]
            page = int(query.get("page", 1))
            self.pages = max(self.pages, page)
            answer = {
                "conversations": listed[page - 1 : page],
                "pagination": {"total_pages": len(listed)},
            }
        for each in (answer, *answer.get("messages", ())):
            each.pop("user_id", None)
        return Response(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())


def test_a_user_who_is_only_a_sender_on_a_later_page_is_found(walked):
    service = Sparing()
    start = (NOON - 24 * HOUR).isoformat()
    run = run_tap(NOON, start_date=start, faults=service, **ALL)
    assert service.pages > 1
    assert by_id(run).keys() == by_id(walked).keys()
    reported = [each["user_id"] for each in run.events]
    assert reported == [each["user_id"] for each in walked.events]
    assert any(reported)


@pytest.mark.parametrize("reported", ["Away on IntelliAssign", {"name": "Away on IntelliAssign"}])
def test_an_agents_own_status_is_read_as_a_bare_name_too(reported):
    agents = [{"id": "a", "availability_status": "AVAILABLE", "agent_status": reported}]
    assert set(agent_statuses(agents)) == {"a", "a intelliassign"}


def test_properties_in_a_list_become_one_object_without_invalid_ones():
    assert properties_as_dict([{"name": "a", "value": 1}, "b", {"name": ["c"]}, {"value": 2}]) == {
        "a": 1
    }
