"""How conversations stand from one occurrence to the next."""

from datetime import timedelta

import pytest
from fakes.clock import NOON

from tap_freshchat.activity.conversation_state import Timeline, Timelines
from tap_freshchat.activity.events import Occurrence


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def occurrence(minutes, kind, **values):
    return Occurrence(kind=kind, time=at(minutes), conversation_id="c", **values)


def after(*occurrences):
    """What the last of some occurrences changed, and how the conversation stands."""
    timelines = Timelines()
    *_, (changes, timeline) = [timelines.apply(each) for each in occurrences]
    return dict(changes.pairs), changes.previous_known, timeline


CREATED = occurrence(0, "created", group_id="g1", channel_id="ch", interaction_id="i")
TAKEN = occurrence(1, "assigned_to_agent", agent_id="a1")


def test_each_kind_leaves_its_time():
    _, _, timeline = after(
        CREATED,
        occurrence(1, "assigned_to_group", group_id="g2"),
        occurrence(2, "assigned_to_agent", agent_id="a1"),
        occurrence(3, "assigned_to_group", group_id="g3"),
        occurrence(4, "assigned_to_agent", agent_id="a2"),
        occurrence(5, "labelled", label_category="Orders", label_subcategory="Late"),
        occurrence(6, "resolved"),
    )
    assert timeline == Timeline(
        known={"status": "resolved", "assigned_agent_id": "a2", "assigned_group_id": "g3"},
        time=at(6),
        interaction_id="i",
        channel_id="ch",
        created_time=at(0),
        assigned_time=at(4),
        agent_assigned_time=at(4),
        first_agent_assigned_time=at(2),
        group_assigned_time=at(3),
        first_group_assigned_time=at(1),
        resolved_time=at(6),
        label_category="Orders",
        label_subcategory="Late",
    )


def test_a_reopening_begins_the_agents_times_anew_and_keeps_the_others():
    reopened = occurrence(9, "reopened", interaction_id="j")
    _, _, timeline = after(CREATED, TAKEN, occurrence(5, "resolved"), reopened)
    assert timeline == Timeline(
        known={"status": "new", "assigned_agent_id": None, "assigned_group_id": None},
        time=at(9),
        interaction_id="j",
        channel_id="ch",
        created_time=at(0),
        assigned_time=at(1),
        reopened_time=at(9),
        resolved_time=at(5),
    )


def test_the_latest_channel_counts():
    _, _, timeline = after(CREATED, occurrence(1, "resolved", channel_id="other"))
    assert timeline.channel_id == "other"


@pytest.mark.parametrize(("agent", "status"), [(None, "new"), ("a2", "assigned")])
def test_handed_to_another_group_it_has_the_agent_that_the_row_tells(agent, status):
    handed = occurrence(2, "assigned_to_group", group_id="g2", agent_told=True, agent_id=agent)
    pairs, known, timeline = after(CREATED, TAKEN, handed)
    changed = {"assigned_group_id": ("g1", "g2"), "assigned_agent_id": ("a1", agent)}
    assert pairs == (changed if agent else {**changed, "status": ("assigned", "new")})
    assert known
    assert timeline.known["status"] == status


def test_handed_to_another_group_it_keeps_its_agent_where_the_row_cannot_tell():
    pairs, _, timeline = after(CREATED, TAKEN, occurrence(2, "assigned_to_group", group_id="g2"))
    assert pairs == {"assigned_group_id": ("g1", "g2")}
    assert timeline.known["assigned_agent_id"] == "a1"


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("assigned_to_agent", {"assigned_agent_id": (None, "a")}),
        ("assigned_to_group", {"assigned_group_id": (None, "g")}),
    ],
)
def test_what_an_occurrence_is_about_is_told_even_where_nothing_was_known(kind, own):
    pairs, known, _ = after(occurrence(0, kind, agent_id="a", group_id="g"))
    assert pairs == own
    assert not known


def test_a_reopening_tells_its_status_even_where_the_resolution_was_missed():
    pairs, _, _ = after(CREATED, occurrence(9, "reopened", group_id="g1"))
    assert pairs == {"status": ("new", "new")}


def test_who_had_it_is_learnt_from_a_resolution():
    _, _, timeline = after(occurrence(0, "resolved", agent_id="a", group_id="g"))
    assert timeline.known == {
        "status": "resolved",
        "assigned_agent_id": "a",
        "assigned_group_id": "g",
    }
    _, _, timeline = after(CREATED, TAKEN, occurrence(2, "resolved", agent_id="x", group_id="y"))
    assert timeline.known["assigned_agent_id"] == "a1"
    assert timeline.known["assigned_group_id"] == "g1"


def test_an_assignment_to_an_agent_tells_the_group_but_not_the_other_way_round():
    _, _, timeline = after(occurrence(0, "assigned_to_agent", agent_id="a", group_id="g"))
    assert timeline.known["assigned_group_id"] == "g"
    _, _, timeline = after(occurrence(0, "assigned_to_group", agent_id="a", group_id="g"))
    assert timeline.known == {"assigned_group_id": "g"}


@pytest.mark.parametrize(("status", "known_status"), [("assigned", "assigned"), ("", None)])
def test_an_assignment_that_was_seen_tells_who_has_it_and_not_since_when(status, known_status):
    seen = {"agent_id": "a", "group_id": "g", "observed_status": status}
    _, _, timeline = after(occurrence(0, "assigned_to_agent", **seen))
    assert timeline == Timeline(
        known={"status": known_status, "assigned_agent_id": "a", "assigned_group_id": "g"},
        time=at(0),
    )
    _, _, timeline = after(occurrence(0, "assigned_to_group", **seen))
    assert timeline == Timeline(
        known={"status": known_status, "assigned_group_id": "g"}, time=at(0)
    )


def test_one_conversation_is_kept_however_long_its_story():
    timelines = Timelines(max_states=2)
    for minutes in range(5):
        timelines.apply(occurrence(minutes, "assigned_to_agent", agent_id=str(minutes)))
    assert timelines.at("c", at(0)).known["assigned_agent_id"] == "0"


def test_who_lets_go_of_a_conversation_leaves_it_new_and_to_its_group():
    pairs, known, timeline = after(CREATED, TAKEN, occurrence(2, "unassigned", group_id="g1"))
    assert pairs == {"assigned_agent_id": ("a1", None), "status": ("assigned", "new")}
    assert known
    assert timeline.known == {
        "status": "new",
        "assigned_agent_id": None,
        "assigned_group_id": "g1",
    }
    assert after(occurrence(2, "unassigned"))[:2] == ({"assigned_agent_id": (None, None)}, False)
    over = after(CREATED, TAKEN, occurrence(2, "resolved"), occurrence(3, "unassigned"))
    assert over[0] == {"assigned_agent_id": ("a1", None)}


def test_what_was_held_for_the_creation_can_be_taken_for_a_reopening_ever_since():
    timelines = Timelines()
    for each in (
        CREATED,
        occurrence(1, "assigned_to_group", group_id="g2"),
        occurrence(2, "resolved"),
        occurrence(3, "reopened"),
    ):
        timelines.apply(each)
    timelines.reopened("c", at(1))
    timelines.reopened("nobody's", at(0))
    assert timelines.at("c", at(2)).created_time == at(0)
    timelines.reopened("c", at(0))
    states = [timelines.at("c", at(minutes)) for minutes in range(4)]
    assert [each.created_time for each in states] == [None] * 4
    assert [each.first_group_assigned_time for each in states] == [None] * 4
    assert [each.reopened_time for each in states] == [at(0), at(0), at(0), at(3)]
