"""Rows of reports become occurrences."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.clock import NOON
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.activity.agent_status import agent_occurrences, agent_status, is_intelliassign
from tap_freshchat.activity.conversation_state import Timelines
from tap_freshchat.activity.event_sorter import conversation_occurrences
from tap_freshchat.activity.events import Occurrence, row_time, told_by
from tap_freshchat.activity.interaction_starts import beginning_of
from tap_freshchat.conform import is_true
from tap_freshchat.errors import ReportError
from tap_freshchat.ids import digest
from tap_freshchat.reports import catalog

LONG_AGO = NOON - timedelta(days=30)


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
    """Occurrences of rows given by kind of report."""
    reports = {
        "created": catalog.CREATED,
        "agent": catalog.AGENT_ASSIGNED,
        "group": catalog.GROUP_ASSIGNED,
        "resolved": catalog.RESOLVED,
    }
    named = {reports[k]: v for k, v in rows.items()}
    return list(conversation_occurrences(named, since=LONG_AGO))


def changes_of(occurrences):
    timelines = Timelines()
    return [(each.kind, timelines.apply(each)[0]) for each in occurrences]


WHOLE_LIFE = {
    "created": [row(0, group_id="g1"), row(50, began=50, reopened="true")],
    "group": [row(5, group_id="g2")],
    "agent": [row(10, agent_id="a1"), row(20, agent_id="a2")],
    "resolved": [row(40, agent_id="a2"), row(60, began=50)],
}


def test_a_life_is_told_in_order_of_time_with_old_and_new_values():
    told = [(kind, dict(changes.pairs)) for kind, changes in changes_of(story(**WHOLE_LIFE))]
    assert told == [
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
    assert all(changes.previous_known for _, changes in changes_of(story(**WHOLE_LIFE)))


def test_an_old_value_that_nobody_told_is_null_and_said_to_be_unknown():
    [(_, changes)] = changes_of(story(agent=[row(10, agent_id="a1")], created=[])[1:])
    assert dict(changes.pairs) == {"assigned_agent_id": (None, "a1")}
    assert not changes.previous_known


def test_a_resolution_out_of_nowhere_tells_the_new_status_only():
    occurrence = story(resolved=[row(10, agent_id="a1")])[-1]
    changes, timeline = Timelines().apply(occurrence)
    assert dict(changes.pairs) == {"status": (None, "resolved")}
    assert timeline.known["assigned_agent_id"] == "a1"


def test_a_reopening_is_known_to_come_from_resolved():
    [occurrence] = story(created=[row(0, reopened="1")])
    changes, _ = Timelines().apply(occurrence)
    assert dict(changes.pairs) == {"status": ("resolved", "new")}
    assert changes.previous_known


def test_an_interaction_without_a_created_row_has_begun_all_the_same():
    told = story(resolved=[row(40)], agent=[row(60, began=50, agent_id="a")])
    assert [(each.kind, each.time) for each in told] == [
        ("created", at(0)),
        ("resolved", at(40)),
        ("reopened", at(50)),
        ("assigned_to_agent", at(60)),
    ]


def test_an_interaction_that_began_before_the_window_is_not_told_again():
    rows = {catalog.RESOLVED: [row(40)]}
    assert [each.kind for each in conversation_occurrences(rows, since=at(1))] == ["resolved"]


def test_a_beginning_has_one_id_whichever_row_tells_of_it():
    told = story(created=[row(0)])[0]
    inferred = story(resolved=[row(40)])[0]
    assert told.id == inferred.id
    assert told.time == inferred.time


def test_an_assignment_back_to_the_first_agent_is_an_occurrence_of_its_own():
    agents = [row(10, agent_id="a"), row(20, agent_id="b"), row(30, agent_id="a")]
    assert len({each.id for each in story(agent=agents)}) == 4


def test_a_row_that_comes_twice_is_one_occurrence():
    assert len(story(created=[row(0), row(0)], agent=[row(10, agent_id="a")] * 3)) == 2


def test_a_beginning_belongs_to_the_window_of_its_row_which_may_be_the_next_one():
    [created] = story(created=[row(1, began=0)])
    assert (created.time, created.told_at) == (at(0), at(1))


def test_the_time_hidden_in_the_interaction_wins_over_the_rows_when_they_agree():
    [near] = story(created=[{**row(0), "created_at": text(at(0) + timedelta(milliseconds=52))}])
    [far] = story(created=[{**row(0), "created_at": text(at(30))}])
    assert (near.time, far.time) == (at(0), at(30))


def test_a_row_without_a_time_is_an_error_that_names_the_report_and_the_setting():
    with pytest.raises(ReportError, match=r"Conversation-Created.*report_columns"):
        story(created=[{**row(0), "created_at": ""}])


@given(st.permutations([(k, r) for k, rows in WHOLE_LIFE.items() for r in rows]))
def test_the_order_of_rows_does_not_matter(shuffled):
    rows = {}
    for kind, each in shuffled:
        rows.setdefault(kind, []).append(each)
    assert story(**rows) == story(**WHOLE_LIFE)


def test_how_a_conversation_stood_at_any_moment_is_kept():
    timelines = Timelines()
    for each in story(created=[row(0, group_id="g1")], group=[row(5, group_id="g2")]):
        timelines.apply(each)
    groups = [
        state and state.known["assigned_group_id"]
        for state in (timelines.at("c", at(minutes)) for minutes in (-1, 0, 4, 5, 60))
    ]
    assert groups == [None, "g1", "g1", "g2", "g2"]
    assert timelines.at("another", at(5)) is None


def test_only_so_many_states_are_kept_in_mind():
    timelines = Timelines(max_states=3)
    for name in ("c1", "c2", "c3", "c4"):
        [occurrence] = story(created=[{**row(0), "conversation_id": name, "interaction_id": ""}])
        timelines.apply(occurrence)
    kept = [name for name in ("c1", "c2", "c3", "c4") if timelines.at(name, at(9))]
    assert kept == ["c2", "c3", "c4"]


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_different_parts_have_different_ids(one, other):
    assert (digest(*one) == digest(*other)) == (one == other)


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
def test_agent_statuses_are_brought_to_the_two_known_ones_and_custom_ones_kept(spelling, status):
    assert agent_status(spelling) == status


def test_the_two_kinds_of_agent_activity_stay_apart():
    each = {"agent_id": "a", "status": "on", "created_at": text(NOON)}
    told = agent_occurrences({catalog.AVAILABILITY: [each, each], catalog.INTELLIASSIGN: [each]})
    assert len(told) == 2


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
    assert is_true(flag) is expected


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
        (catalog.CREATED, "created"),
        (catalog.AGENT_ASSIGNED, "assigned_to_agent"),
        (catalog.GROUP_ASSIGNED, "assigned_to_group"),
        (catalog.RESOLVED, "resolved"),
        (catalog.RESOLUTION_LABEL, "labelled"),
    ],
)
def test_a_row_tells_all_that_its_columns_hold(report, kind):
    assert told_by(report, {**row(0), **FLAT}) == Occurrence(
        kind=kind,
        time=at(0),
        conversation_id="c",
        interaction_id="interaction_id",
        channel_id="channel_id",
        agent_id="agent_id",
        agent_told=True,
        group_id="group_id",
        actor_id="actor_id",
        actor_type="actor_type",
        label_category="label_category_name",
        label_subcategory="label_sub_category_name",
    )


def test_blank_cells_tell_nothing_but_that_there_is_no_agent():
    blank = told_by(catalog.RESOLVED, {**row(0), **dict.fromkeys(FLAT, "")})
    assert blank == Occurrence(kind="resolved", time=at(0), conversation_id="c", agent_told=True)
    bare = {"conversation_id": "c", "created_at": text(at(0))}
    assert told_by(catalog.RESOLVED, bare) == Occurrence(
        kind="resolved", time=at(0), conversation_id="c"
    )


def test_an_assignment_to_nobody_is_an_unassignment():
    for blank in ({"agent_id": ""}, {}):
        told = told_by(catalog.AGENT_ASSIGNED, row(3, group_id="g", **blank))
        assert (told.kind, told.agent_id, told.group_id) == ("unassigned", None, "g")
        assert told.id == digest("unassigned", "c", "", at(3).isoformat())
    assert told_by(catalog.GROUP_ASSIGNED, row(3, agent_id="")).kind == "assigned_to_group"


@pytest.mark.parametrize(("skew", "believed"), [(300, True), (-300, True), (301, False)])
def test_an_interactions_time_is_believed_up_to_five_minutes_from_the_rows(skew, believed):
    when = at(0) + timedelta(seconds=skew)
    told = told_by(catalog.CREATED, {**row(0), "created_at": text(when)})
    assert told.time == (at(0) if believed else when)
    assert told.row_time == (when if believed else None)


def test_a_beginning_is_inferred_from_the_first_that_speaks_of_it():
    spoken = told_by(catalog.RESOLVED, {**row(40), "channel_id": "ch", "agent_id": "a"})
    assert beginning_of(spoken, first_seen=at(0), since=at(0)) == Occurrence(
        kind="created",
        time=at(0),
        conversation_id="c",
        interaction_id=interaction(0),
        channel_id="ch",
        inferred_from=at(40),
    )
    assert beginning_of(spoken, first_seen=at(-1), since=at(0)).kind == "reopened"
    assert beginning_of(spoken, first_seen=at(0), since=at(1)) is None
    for reopened in ("", "true"):
        told = told_by(catalog.CREATED, {**row(0), "reopened": reopened})
        assert beginning_of(told, first_seen=at(0), since=at(0)) is None


def occurrence(kind="resolved", **values):
    return Occurrence(**{"kind": kind, "time": at(0), "conversation_id": "c", **values})


def test_ids_are_the_same_for_ever():
    assert occurrence("created", interaction_id="i").id == digest("began", "i")
    assert occurrence("reopened", interaction_id="i").id == digest("began", "i")
    assert occurrence("resolved", interaction_id="i").id == digest("resolved", "i")
    when = at(0).isoformat()
    assert occurrence("resolved").id == digest("resolved", "c", when)
    assert occurrence("created").id == digest("began", "c", when)
    assert occurrence("labelled", interaction_id="i").id == digest("labelled", "c", when)
    for kind, field in (("assigned_to_agent", "agent_id"), ("assigned_to_group", "group_id")):
        told = {"agent_id": "a", "group_id": "g", "interaction_id": "i"}
        assert occurrence(kind, **told).id == digest(kind, "c", told[field], when)
        seen = {**told, "observed_status": ""}
        assert occurrence(kind, **seen).id == digest(kind, "c", told[field], "i")
        bare = occurrence(kind, observed_status="new")
        assert bare.id == digest(kind, "c", "", "")
    assert digest("a", "bc") == "5310a58788781ab25d5ad7c3f8503582"


def test_an_agents_change_tells_all_that_its_row_holds_and_comes_in_order_of_time():
    rows = [
        {"agent_id": "b", "status": "Off", "created_at": text(at(1)), "agent_email": "b@x.org"},
        {"agent_id": "a", "status": "lunch_break", "created_at": text(at(0)), "agent_email": ""},
    ]
    first, second = agent_occurrences({catalog.AVAILABILITY: rows})
    assert (first.agent_id, first.agent_email, first.status) == ("a", None, "lunch_break")
    assert (second.agent_id, second.agent_email, second.status) == ("b", "b@x.org", "UNAVAILABLE")
    assert (second.report, second.time, second.observed) == (catalog.AVAILABILITY, at(1), False)
    assert second.id == digest(catalog.AVAILABILITY, "b", at(1).isoformat(), "UNAVAILABLE")


def test_an_agents_row_without_a_time_names_its_report():
    row = {"agent_id": "b", "status": "Off", "created_at": ""}
    with pytest.raises(ReportError, match=catalog.INTELLIASSIGN):
        agent_occurrences({catalog.INTELLIASSIGN: [row]})


def test_a_row_without_a_time_names_the_setting_that_says_which_column_has_it():
    with pytest.raises(ReportError, match=r"Chat-Transcript.*report_columns") as error:
        row_time(catalog.TRANSCRIPT, "yesterday")
    assert "yesterday" not in str(error.value)
    assert row_time(catalog.TRANSCRIPT, "2026-11-22 12:00:00") == NOON


@pytest.mark.parametrize(
    ("name", "told"), [("Active on IntelliAssign", True), ("INTELLI assign", True), ("on", False)]
)
def test_the_name_of_a_status_may_tell_of_intelliassign(name, told):
    assert is_intelliassign(name) is told


@pytest.mark.parametrize("spelling", [" AVAILABLE ", "active_on_intelli_assign", "True", "ENABLED"])
def test_a_status_is_read_whatever_its_case_and_blanks(spelling):
    assert agent_status(spelling) == "AVAILABLE"


def test_the_first_assignment_is_told_only_where_the_beginning_was_seen():
    def first_times(occurrences):
        timelines = Timelines()
        last = [timelines.apply(each)[1] for each in occurrences][-1]
        return last.first_agent_assigned_time, last.first_group_assigned_time

    assigned = {"agent": [row(10, agent_id="a")], "group": [row(5, group_id="g")]}
    # Its interaction began long before anything that was read.
    cut = [
        replace(each, interaction_id=None)
        for each in story(**assigned)
        if each.kind in {"assigned_to_agent", "assigned_to_group"}
    ]
    assert first_times(cut) == (None, None)
    assert first_times(story(created=[row(0)], **assigned)) == (at(10), at(5))
