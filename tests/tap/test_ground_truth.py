"""Events of the tap, compared with the ground truth of the sandbox's account."""

from collections import Counter
from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import posted_message_id, run_tap, truth

from tap_freshchat.reports import catalog
from tap_freshchat.times import parse_time

QUARTER = timedelta(minutes=15)
DAYS = timedelta(days=1)
# Names of the product events for kinds that the sandbox names otherwise.
KINDS = {"message": None, "availability": "General", "intelliassign": "Intelliassign"}


def reported(record):
    """Return the identity of an event, from its record."""
    event = record["event"]
    return (
        event,
        record.get("type") or record.get("agent_activity", {}).get("availability_event_type"),
        parse_time(record["created_time"]),
        record.get("conversation_id"),
        posted_message_id(record),
        record["agent_id"] if event == "onAgentActivityCreate" else None,
    )


def happened(event):
    """Return the identity of an event, from the ground truth."""
    return (
        event.event,
        KINDS.get(event.kind, event.kind),
        event.time,
        event.conversation_id,
        event.message_id,
        event.agent_id if event.event == "onAgentActivityCreate" else None,
    )


def pairs_of(run, url="sandbox://"):
    """Return each record with its ground-truth event; check that none is missing or invented."""
    events = {
        happened(each): each
        for each in truth(url, run.since, run.until)
        # As far as is known, no polling source reports an unassignment.
        if each.kind != "unassigned" or "unassigned_rows" in url
    }
    records = {reported(each): each for each in run.events}
    assert len(records) == len(run.events)
    assert records.keys() == events.keys()
    return [(record, events[key]) for key, record in records.items()]


@pytest.fixture(scope="module")
def week():
    return run_tap(NOON)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sandbox://?seed=2&sparse_conversations=all", marks=pytest.mark.e2e),
        pytest.param("sandbox://?seed=3&header_style=title", marks=pytest.mark.e2e),
        pytest.param(
            "sandbox://?seed=4&report_jobs_per_minute=20&requests_per_minute=40",
            marks=pytest.mark.e2e,
        ),
        pytest.param("sandbox://?seed=5&conversations_per_day=90", marks=pytest.mark.e2e),
    ],
)
def test_in_every_account_nothing_is_missing_and_nothing_invented(url):
    assert_exact(run_tap(NOON, url=url), url)


def test_nothing_is_missing_and_nothing_invented_and_identity_is_exact(week):
    assert_exact(week)


def assert_exact(run, url="sandbox://"):
    for record, event in pairs_of(run, url):
        if record["event"] == "onAgentActivityCreate":
            assert record["user_id"] is None
            assert record["user_reference_id"] is None
        else:
            assert record["user_id"] == event.user_id
            assert record["user_reference_id"] == event.reference_id


def test_every_kind_of_event_occurs(week):
    kinds = Counter(each.get("type") or each["event"] for each in week.events)
    kinds += Counter(
        each["agent_activity"]["availability_event_type"] for each in week.records["agent_activity"]
    )
    assert kinds.keys() >= {
        *("created", "assigned_to_agent", "assigned_to_group", "resolved", "reopened"),
        *("onMessageCreate", "General", "Intelliassign"),
    }


def test_old_and_new_values_are_those_of_the_account(week):
    updates = known = wrong = 0
    for record, event in pairs_of(week):
        if record["event"] != "onConversationUpdate":
            continue
        after = {
            "status": event.status,
            "assigned_agent_id": event.agent_id,
            "assigned_group_id": event.group_id,
        }
        expected = {
            name: [old, after[name]] for name, old in event.previous.items() if old != after[name]
        }
        if event.time > NOON - DAYS:
            # A row can still arrive before it.
            assert not record["previous_values_known"]
            continue
        updates += 1
        known += record["previous_values_known"]
        wrong += record["previous_values_known"] and record["changes"]["model_changes"] != expected
    assert wrong == 0
    assert known > 0.95 * updates


@pytest.mark.e2e
def test_an_unassignment_with_a_row_names_the_previous_assignee():
    url = "sandbox://?unassigned_rows=true"
    run = run_tap(NOON, url=url)
    left = [pair for pair in pairs_of(run, url) if pair[0].get("type") == "unassigned"]
    assert any(record["previous_values_known"] for record, _ in left)
    for record, event in left:
        assert record["event"] == "onConversationUpdate"
        assert record["agent_id"] is None
        assert record["group_id"] == event.group_id
        assert record["actor"]["id"] == event.actor_id
        assert record["conversation"]["status"] == event.status
        changes = record["changes"]["model_changes"]
        assert changes["assigned_agent_id"][1] is None
        if record["previous_values_known"]:
            assert changes == {
                "assigned_agent_id": [event.previous["assigned_agent_id"], None],
                "status": [event.previous["status"], "new"],
            }


def test_each_event_has_the_state_of_its_conversation_after_it(week):
    for record, event in pairs_of(week):
        if record["event"].startswith("onConversation"):
            assert record["conversation"]["status"] == event.status
            assert record["channel_id"] == event.channel_id
            assert record["interaction_id"] == event.interaction_id


def test_a_message_has_its_author_and_content(week):
    for record, event in pairs_of(week):
        if record["event"] == "onMessageCreate":
            [message] = record["message"]["messages"]
            assert record["message_text"] == event.text
            assert record["message_type"] == event.message_type
            assert message["actor_id"] == event.actor_id
            assert record["actor"]["id"] == event.actor_id
            assert message["created_time"] == record["created_time"]


def test_a_message_reports_its_open_period_whatever_the_order_of_rows(week):
    for record, event in pairs_of(week):
        # A conversation that is gone has no messages to look at.
        if record["event"] == "onMessageCreate" and record["enriched_at"]:
            assert record["interaction_id"] == event.interaction_id


def test_an_agents_activity_reports_the_status_before(week):
    for record, event in pairs_of(week):
        if record["event"] == "onAgentActivityCreate":
            activity = record["agent_activity"]
            assert activity["status"] == event.status
            if activity["prev_status"] is not None:
                assert activity["prev_status"] == event.previous["status"]


def test_an_immediate_second_run_reports_nothing_twice(week):
    again = run_tap(NOON, week.state)
    assert again.events == []


@pytest.mark.e2e
def test_runs_every_quarter_of_an_hour_report_everything_once():
    start = (NOON - 2 * DAYS).isoformat()
    runs = [run_tap(NOON, start_date=start)]
    for number in range(1, 9):
        runs.append(run_tap(NOON + number * QUARTER, runs[-1].state, start_date=start))
    whole = runs[-1]
    whole.messages = [message for run in runs for message in run.messages]
    assert pairs_of(whole)


@pytest.mark.e2e
def test_the_requests_of_a_run_an_hour_later_grow_with_changes_and_not_with_the_account():
    url = "sandbox://?conversations_per_day=40"
    first = run_tap(NOON, url=url)
    later = run_tap(NOON + 4 * QUARTER, first.state, url=url)
    moved = {record["conversation_id"] for record in later.events if "conversation_id" in record}
    look_ups = [r for r in later.requests if "/conversations/" in r or "/users/fetch" in r]
    assert len(first.records["message_events"]) > 20 * len(later.records["message_events"]) > 0
    # A sparse answer takes a second look, at the conversation's messages.
    assert len(look_ups) <= 2 * len(moved) + 4


@pytest.mark.e2e
@pytest.mark.parametrize("kill_after", [0, 1, 437, 1500, 3000])
def test_a_run_killed_at_any_point_resumes_without_loss_and_with_the_same_ids(kill_after, week):
    url = "sandbox://?report_jobs_per_minute=30"
    options = {"url": url, "report_window_days": 2, "report_jobs_per_minute": 30}
    killed = run_tap(NOON, kill_after=kill_after, **options)
    resumed = run_tap(NOON, killed.state, **options)
    known = {record["id"] for record in week.events}
    assert {record["id"] for record in [*killed.events, *resumed.events]} == known
    if kill_after > 2000:
        assert len(resumed.events) < len(known) / 2


def test_an_unselected_stream_costs_nothing():
    run = run_tap(NOON, streams=("agent_activity",))
    assert run.records.keys() == {"agent_activity"}
    assert not any("/conversations" in each or "users" in each for each in run.requests)


@pytest.mark.e2e
def test_messages_and_their_events_share_one_fetch_of_transcripts():
    both = run_tap(NOON, streams=("messages", "message_events"))
    one = run_tap(NOON, streams=("messages",))
    jobs = [run.requests.count("POST /v2/reports/raw") for run in (both, one)]
    # Message events need the conversation's changes as well: one window of each report of them.
    assert jobs[0] == jobs[1] + len(catalog.CONVERSATION_REPORTS)
    ids = [[each["id"] for each in run.records["messages"]] for run in (both, one)]
    assert ids[0] == ids[1]
    assert {each["message_id"] for each in both.records["message_events"]} == set(ids[0])


@pytest.mark.e2e
def test_without_personal_data_the_events_are_the_same_but_for_it(week):
    private = run_tap(NOON, exclude_pii=True)
    assert [each["id"] for each in private.events] == [each["id"] for each in week.events]
    texts = {each["message_text"] for each in week.events if each.get("message_text")}
    names = {
        each["actor"]["first_name"]
        for each in week.events
        if (each.get("actor") or {}).get("first_name")
    }
    assert texts
    assert names
    for record in private.events:
        assert record.get("message_text") is None
        assert not (record.get("actor") or {}).get("first_name")
        assert not (record.get("actor") or {}).get("email")


@pytest.mark.e2e
def test_an_end_date_bounds_a_backfill():
    start, end = NOON - 5 * DAYS, NOON - 3 * DAYS
    run = run_tap(NOON, start_date=start.isoformat(), end_date=end.isoformat())
    assert run.until == end
    assert pairs_of(run)


@pytest.mark.e2e
def test_a_history_of_15_months_is_read_in_one_run_and_an_older_start_is_shortened_with_a_warning(
    caplog,
):
    caplog.set_level("INFO")
    url = "sandbox://?conversations_per_day=1&report_jobs_per_minute=60&opened=2024-01-01"
    run = run_tap(
        NOON,
        streams=("agent_activity",),
        url=url,
        start_date="2024-06-01",
        report_jobs_per_minute=60,
    )
    assert sum("15-month" in each for each in caplog.messages) == 1
    first = min(each["created_time"] for each in run.events)
    assert "2025-08-20" < first < "2025-08-30"
    assert any("min left" in each for each in caplog.messages)


@pytest.mark.e2e
@pytest.mark.parametrize(
    "url", ["sandbox://?missing_created_rows=0.3", "sandbox://?reopened_rows=false"]
)
def test_interaction_starts_without_their_own_row_are_reported_if_any_row_names_them(
    url,
):
    run = run_tap(NOON, url=url)
    events = truth(url, run.since, run.until)
    spoken_of = {
        each.interaction_id
        for each in events
        if each.kind in {"assigned_to_agent", "assigned_to_group", "resolved"}
    }
    happened = {
        (each.kind, each.time, each.conversation_id)
        for each in events
        if each.kind in {"created", "reopened"} and each.interaction_id in spoken_of
    }
    reported = {
        (each["type"], parse_time(each["created_time"]), each["conversation_id"])
        for each in run.records["conversation_events"]
        if each["type"] in {"created", "reopened"}
    }
    everything = {(each.kind, each.time, each.conversation_id) for each in events}
    assert reported >= happened
    assert reported <= everything


@pytest.mark.e2e
def test_an_interaction_start_without_a_row_is_reported_by_the_first_later_one_and_not_again():
    url = "sandbox://?reopened_rows=false"
    start = (NOON - 2 * DAYS).isoformat()
    runs = [run_tap(NOON, url=url, start_date=start)]
    for number in range(1, 25):
        state = runs[-1].state
        runs.append(run_tap(NOON + number * QUARTER, state, url=url, start_date=start))
    ids = [record["id"] for run in runs for record in run.records["conversation_events"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.e2e
@pytest.mark.parametrize("sparse", ["none", "all"])
def test_no_later_event_reports_a_reopening_without_a_row_as_the_creation(sparse):
    url = f"sandbox://?reopened_rows=false&sparse_conversations={sparse}&conversations_per_day=80"
    streams = ("conversation_events", "message_events")
    first = NOON + 2 * DAYS
    start = (first - timedelta(hours=20)).isoformat()
    runs = [run_tap(first, url=url, start_date=start, streams=streams)]
    runs.append(run_tap(NOON + 3 * DAYS, runs[0].state, url=url, start_date=start, streams=streams))
    happenings = truth(url, NOON - 60 * DAYS, NOON + 3 * DAYS)
    created = {each.conversation_id: each.time for each in happenings if each.kind == "created"}
    reopened = {each.conversation_id for each in happenings if each.kind == "reopened"}
    known = reopened & set(created)
    said = [
        (record["conversation_id"], tree["created_time"])
        for run in runs
        for record in run.events
        for tree in (record.get("conversation"), record.get("message"))
        if tree and tree.get("created_time") and record["conversation_id"] in known
    ]
    assert len(said) > 100
    second = timedelta(seconds=1)
    assert [each for each in said if abs(parse_time(each[1]) - created[each[0]]) > second] == []


@pytest.mark.e2e
def test_runs_of_adjacent_bounded_periods_report_each_interaction_start_once():
    start, end = NOON - 4 * DAYS, NOON - 2 * DAYS
    whole = truth("sandbox://", start, end)
    created = [each for each in whole if each.kind == "created"]
    cut = created[len(created) // 2].time + timedelta(milliseconds=1)
    runs = [
        run_tap(
            NOON,
            streams=("conversation_events",),
            start_date=since.isoformat(),
            end_date=until.isoformat(),
        )
        for since, until in ((start, cut), (cut, end))
    ]
    times = Counter(happening for run in runs for happening in map(reported, run.events))
    assert [each for each in map(happened, created) if times[each] != 1] == []
