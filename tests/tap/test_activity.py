"""Parser of report rows into events and status changes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.clock import NOON
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.activity.agent_status import (
    AgentStatusChange,
    agent_statuses,
    normalise_status,
    status_change_from_row,
)
from tap_freshchat.activity.conversation_state import ConversationState, apply_event
from tap_freshchat.activity.event_log import EventLog
from tap_freshchat.activity.events import (
    ConversationEvent,
    event_from_row,
    infer_start,
    parse_row_time,
)
from tap_freshchat.activity.interaction_starts import classify_starts
from tap_freshchat.activity.message_history import MessageHistory, Snapshot
from tap_freshchat.enumerations import read_flag
from tap_freshchat.errors import ReportError
from tap_freshchat.ids import stable_id
from tap_freshchat.reports import catalog
from tap_freshchat.times import format_time
from tap_freshchat.windows import Window

ALWAYS = Window(NOON - timedelta(days=30), NOON + timedelta(days=30))
IN_MEMORY = Path(":memory:")


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def text(moment):
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def interaction(minutes):
    return f"77-{int(at(minutes).timestamp() * 1000)}"


def row(minutes, began=0, **values):
    return {
        "conversation_id": "c",
        "interaction_id": interaction(began),
        "created_at": text(at(minutes)),
        **values,
    }


def story(**rows):
    """Events of conversation c, created at noon, from rows given by kind of report."""
    reports = {
        "created": catalog.CONVERSATION_CREATED,
        "agent": catalog.AGENT_ASSIGNED,
        "group": catalog.GROUP_ASSIGNED,
        "resolved": catalog.CONVERSATION_RESOLVED,
    }
    log = EventLog(IN_MEMORY, ConversationEvent)
    for name, report_rows in rows.items():
        for each in report_rows:
            event = event_from_row(reports[name], each)
            log.add(filter(None, (event, infer_start(event))))
    created = Snapshot(
        conversation={"created_time": format_time(at(0))},
        user_id=None,
        time=NOON,
        history=MessageHistory(complete=False),
    )
    return classify_starts(log.of_keys(["c"], ALWAYS)["c"], created)


def steps_of(events):
    state, steps = ConversationState(), []
    for each in events:
        step = apply_event(state, each)
        steps.append(step)
        state = step.state
    return steps


WHOLE_LIFE = {
    "created": [row(0, group_id="g1"), row(50, began=50, reopened="true", group_id="")],
    "group": [row(5, group_id="g2")],
    "agent": [row(10, agent_id="a1"), row(20, agent_id="a2")],
    "resolved": [row(40, agent_id="a2"), row(60, began=50)],
}


def test_events_come_in_order_of_time_with_old_and_new_values():
    reported = [(step.event.kind, dict(step.changes)) for step in steps_of(story(**WHOLE_LIFE))]
    assert reported == [
        ("created", {}),
        ("assigned_to_group", {"assigned_group_id": ("g1", "g2")}),
        ("assigned_to_agent", {"status": ("new", "assigned"), "assigned_agent_id": (None, "a1")}),
        ("assigned_to_agent", {"assigned_agent_id": ("a1", "a2")}),
        ("resolved", {"status": ("assigned", "resolved")}),
        (
            "reopened",
            {
                "status": ("resolved", "new"),
                "assigned_agent_id": ("a2", None),
                "assigned_group_id": ("g2", None),
            },
        ),
        ("resolved", {"status": ("new", "resolved")}),
    ]
    assert all(step.previous_values_known for step in steps_of(story(**WHOLE_LIFE)))


def test_an_old_value_that_no_row_shows_is_null_and_marked_as_unknown():
    [step] = steps_of(story(agent=[row(10, agent_id="a1")], created=[])[1:])
    assert dict(step.changes) == {"assigned_agent_id": (None, "a1")}
    assert not step.previous_values_known


def test_a_resolution_without_earlier_rows_reports_the_new_status_only():
    event = story(resolved=[row(10, agent_id="a1")])[-1]
    step = apply_event(ConversationState(), event)
    assert dict(step.changes) == {"status": (None, "resolved")}
    assert step.state.values["assigned_agent_id"] == "a1"


def test_a_reopening_is_known_to_come_from_resolved():
    [event] = story(created=[row(0, reopened="1")])
    step = apply_event(ConversationState(), event)
    assert dict(step.changes) == {"status": ("resolved", "new")}
    assert step.previous_values_known


def test_an_interaction_without_a_created_row_has_a_start():
    reported = story(resolved=[row(40)], agent=[row(60, began=50, agent_id="a")])
    assert [(each.kind, each.time) for each in reported] == [
        ("created", at(0)),
        ("resolved", at(40)),
        ("reopened", at(50)),
        ("assigned_to_agent", at(60)),
    ]


def test_an_interaction_start_has_one_id_whichever_row_reports_it():
    reported = story(created=[row(0)])[0]
    inferred = story(resolved=[row(40)])[0]
    assert reported.id == inferred.id
    assert reported.time == inferred.time


def test_an_assignment_back_to_the_first_agent_is_an_event_of_its_own():
    agents = [row(10, agent_id="a"), row(20, agent_id="b"), row(30, agent_id="a")]
    assert len({each.id for each in story(agent=agents)}) == 4


def test_a_row_that_comes_twice_is_one_event():
    assert len(story(created=[row(0), row(0)], agent=[row(10, agent_id="a")] * 3)) == 2


def test_an_interaction_start_belongs_to_the_window_of_its_row_which_may_be_the_next_one():
    [created] = story(created=[row(1, began=0)])
    assert (created.time, created.reported_at) == (at(0), at(1))


def test_the_time_in_the_interaction_id_counts_if_the_rows_time_agrees():
    [near] = story(created=[{**row(0), "created_at": text(at(0) + timedelta(milliseconds=52))}])
    [far] = story(created=[{**row(0), "created_at": text(at(30))}])
    assert (near.time, far.time) == (at(0), at(30))


def test_a_row_without_a_time_is_an_error_that_names_the_report_and_the_setting():
    with pytest.raises(ReportError, match=r"Conversation-Created.*report_columns"):
        story(created=[{**row(0), "created_at": ""}])


@given(st.permutations([(k, r) for k, rows in WHOLE_LIFE.items() for r in rows]))
def test_the_order_of_rows_does_not_matter(shuffled):
    rows: dict[str, Any] = {}
    for kind, each in shuffled:
        rows.setdefault(kind, []).append(each)
    assert story(**rows) == story(**WHOLE_LIFE)


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_have_different_ids(one, other):
    assert (stable_id(*one) == stable_id(*other)) == (one == other)


@pytest.mark.parametrize(
    ("spelling", "status"),
    [
        ("available", "AVAILABLE"),
        ("On", "AVAILABLE"),
        ("Active on Intelli Assign", "AVAILABLE"),
        ("UNAVAILABLE", "UNAVAILABLE"),
        ("off", "UNAVAILABLE"),
        ("Inactive on Intelli Assign", "UNAVAILABLE"),
        ("Tea break ☕", "Tea break ☕"),
    ],
)
def test_agent_statuses_become_one_of_two_and_custom_ones_are_unchanged(spelling, status):
    assert normalise_status(spelling) == status


def status_log(*rows):
    """Changes of rows, each given with its report."""
    log = EventLog(IN_MEMORY, AgentStatusChange)
    log.add(status_change_from_row(report, row) for report, row in rows)
    return list(log.reported_in(ALWAYS))


def test_the_two_kinds_of_agent_activity_are_separate_and_each_row_counts_once():
    each = {"agent_id": "a", "status": "on", "created_at": text(NOON)}
    reports = (catalog.AVAILABILITY, catalog.AVAILABILITY, catalog.INTELLIASSIGN)
    found = status_log(*((report, each) for report in reports))
    assert len(found) == len({change.key for change in found}) == 2


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        (True, True),
        ("TRUE", True),
        ("1", True),
        (1, True),
        (" Yes ", True),
        ("false", False),
        ("", False),
        (None, False),
        ("0", False),
    ],
)
def test_flags_are_read_in_every_form(flag, expected):
    assert bool(read_flag(flag)) is expected


FLAT = {
    name: name
    for name in (
        *("interaction_id", "channel_id", "agent_id", "group_id", "actor_id", "actor_type"),
        *("label_category_name", "label_sub_category_name"),
    )
}


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        (catalog.CONVERSATION_CREATED, "started"),
        (catalog.AGENT_ASSIGNED, "assigned_to_agent"),
        (catalog.GROUP_ASSIGNED, "assigned_to_group"),
        (catalog.CONVERSATION_RESOLVED, "resolved"),
        (catalog.RESOLUTION_LABEL, "labelled"),
    ],
)
def test_an_event_has_every_value_of_its_row(report, kind):
    assert event_from_row(report, {**row(0), **FLAT}) == ConversationEvent(
        kind=kind,
        time=at(0),
        conversation_id="c",
        interaction_id="interaction_id",
        channel_id="channel_id",
        agent_id="agent_id",
        has_agent_column=True,
        group_id="group_id",
        has_group_column=True,
        actor_id="actor_id",
        actor_type="actor_type",
        label_category="label_category_name",
        label_subcategory="label_sub_category_name",
    )


def test_blank_cells_mean_only_that_there_is_no_assignee():
    blank = event_from_row(catalog.CONVERSATION_RESOLVED, {**row(0), **dict.fromkeys(FLAT, "")})
    assert blank == ConversationEvent(
        kind="resolved",
        time=at(0),
        conversation_id="c",
        has_agent_column=True,
        has_group_column=True,
    )
    bare = {"conversation_id": "c", "created_at": text(at(0))}
    assert event_from_row(catalog.CONVERSATION_RESOLVED, bare) == ConversationEvent(
        kind="resolved", time=at(0), conversation_id="c"
    )


def test_an_assignment_without_an_assignee_is_an_unassignment():
    for blank in ({"agent_id": ""}, {}):
        reported = event_from_row(catalog.AGENT_ASSIGNED, row(3, group_id="g", **blank))
        assert (reported.kind, reported.agent_id, reported.group_id) == ("unassigned", None, "g")
        assert reported.id == stable_id("unassigned", "c", "", at(3).isoformat())
    assert event_from_row(catalog.GROUP_ASSIGNED, row(3, agent_id="")).kind == "assigned_to_group"


@pytest.mark.parametrize(("skew", "believed"), [(300, True), (-300, True), (301, False)])
def test_the_time_in_an_interaction_id_counts_up_to_five_minutes_from_the_rows(skew, believed):
    when = at(0) + timedelta(seconds=skew)
    reported = event_from_row(catalog.CONVERSATION_CREATED, {**row(0), "created_at": text(when)})
    assert reported.time == (at(0) if believed else when)
    assert reported.row_time == (when if believed else None)


@pytest.mark.parametrize(
    ("reopened", "kind"), [("true", "reopened"), ("false", "created"), ("", "created")]
)
def test_a_column_of_reopenings_classifies_a_start_and_without_it_evidence_must(reopened, kind):
    reported = event_from_row(catalog.CONVERSATION_CREATED, {**row(0), "reopened": reopened})
    assert reported.kind == kind
    assert event_from_row(catalog.CONVERSATION_CREATED, row(0)).kind == "started"


def test_an_interaction_start_is_inferred_from_any_row_that_names_the_interaction():
    resolved = event_from_row(
        catalog.CONVERSATION_RESOLVED, {**row(40), "channel_id": "ch", "agent_id": "a"}
    )
    assert infer_start(resolved) == ConversationEvent(
        kind="started",
        time=at(0),
        conversation_id="c",
        interaction_id=interaction(0),
        channel_id="ch",
        inferred_from=at(40),
    )
    nameless = {**row(40), "interaction_id": "no time"}
    assert infer_start(event_from_row(catalog.CONVERSATION_RESOLVED, nameless)) is None
    for columns in ({}, {"reopened": "true"}):
        reported = event_from_row(catalog.CONVERSATION_CREATED, {**row(0), **columns})
        assert infer_start(reported) is None


def test_an_interaction_that_several_rows_name_started_once_as_of_the_earliest_row():
    started = story(resolved=[row(40)], agent=[row(20, agent_id="a"), row(30, agent_id="b")])[0]
    assert (started.kind, started.reported_at) == ("created", at(20))


def event(kind="resolved", **values):
    return ConversationEvent(**{"kind": kind, "time": at(0), "conversation_id": "c", **values})


def test_ids_never_change():
    for kind in ("created", "reopened", "started"):
        assert event(kind, interaction_id="i").id == stable_id("began", "i")
    assert event("resolved", interaction_id="i").id == stable_id("resolved", "i")
    when = at(0).isoformat()
    assert event("resolved").id == stable_id("resolved", "c", when)
    assert event("created").id == stable_id("began", "c", when)
    assert event("labelled", interaction_id="i").id == stable_id("labelled", "c", when)
    for kind, field in (("assigned_to_agent", "agent_id"), ("assigned_to_group", "group_id")):
        reported = {"agent_id": "a", "group_id": "g", "interaction_id": "i"}
        assert event(kind, **reported).id == stable_id(kind, "c", reported[field], when)
        seen = {**reported, "observed_status": ""}
        assert event(kind, **seen).id == stable_id(kind, "c", reported[field], "i")
        bare = event(kind, observed_status="new")
        assert bare.id == stable_id(kind, "c", "", "")
    assert stable_id("a", "bc") == "5310a58788781ab25d5ad7c3f8503582"


def test_agent_changes_have_every_value_of_their_rows_in_order_of_time():
    rows = [
        {"agent_id": "b", "status": "Off", "created_at": text(at(1)), "agent_email": "b@x.org"},
        {"agent_id": "a", "status": "lunch_break", "created_at": text(at(0)), "agent_email": ""},
    ]
    first, second = status_log(*((catalog.AVAILABILITY, row) for row in rows))
    assert (first.agent_id, first.agent_email, first.status) == ("a", None, "lunch_break")
    assert (second.agent_id, second.agent_email, second.status) == ("b", "b@x.org", "UNAVAILABLE")
    assert (second.report, second.time, second.time_is_approximate) == (
        catalog.AVAILABILITY,
        at(1),
        False,
    )
    assert second.id == stable_id(catalog.AVAILABILITY, "b", at(1).isoformat(), "UNAVAILABLE")


def test_an_agents_row_without_a_time_names_its_report():
    row = {"agent_id": "b", "status": "Off", "created_at": ""}
    with pytest.raises(ReportError, match=catalog.INTELLIASSIGN):
        status_change_from_row(catalog.INTELLIASSIGN, row)


def test_a_row_without_a_time_names_the_setting_that_says_which_column_has_it():
    with pytest.raises(ReportError, match=r"Chat-Transcript.*report_columns") as error:
        parse_row_time(catalog.TRANSCRIPT, "yesterday")
    assert "yesterday" not in str(error.value)
    assert parse_row_time(catalog.TRANSCRIPT, "2026-11-22 12:00:00") == NOON


@pytest.mark.parametrize(
    ("name", "reported"),
    [("Active on IntelliAssign", True), ("INTELLI assign", True), ("on", False)],
)
def test_the_name_of_a_status_may_mention_intelliassign(name, reported):
    found = agent_statuses([{"id": "a", "agent_status": {"name": name}}])
    assert ("a intelliassign" in found) is reported


@pytest.mark.parametrize("spelling", [" AVAILABLE ", "active_on_intelli_assign", "True", "ENABLED"])
def test_a_status_is_read_whatever_its_case_and_blanks(spelling):
    assert normalise_status(spelling) == "AVAILABLE"
