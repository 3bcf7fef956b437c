"""How conversations stand from one occurrence to the next."""

from datetime import timedelta

import pytest
from fakes.clock import NOON

from tap_freshchat.activity.conversation_state import ConversationState, ConversationStates
from tap_freshchat.activity.events import ConversationEvent


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def event(minutes, kind, **values):
    return ConversationEvent(kind=kind, time=at(minutes), conversation_id="c", **values)


def after(*events):
    """What the last of some occurrences changed, and how the conversation stands."""
    states = ConversationStates()
    *_, (changes, state) = [states.apply(each) for each in events]
    return dict(changes.pairs), changes.previous_values_known, state


CREATED = event(0, "created", group_id="g1", channel_id="ch", interaction_id="i")
TAKEN = event(1, "assigned_to_agent", agent_id="a1")


def test_each_kind_leaves_its_time():
    _, _, state = after(
        CREATED,
        event(1, "assigned_to_group", group_id="g2"),
        event(2, "assigned_to_agent", agent_id="a1"),
        event(3, "assigned_to_group", group_id="g3"),
        event(4, "assigned_to_agent", agent_id="a2"),
        event(5, "labelled", label_category="Orders", label_subcategory="Late"),
        event(6, "resolved"),
    )
    assert state == ConversationState(
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
    reopened = event(9, "reopened", interaction_id="j")
    _, _, state = after(CREATED, TAKEN, event(5, "resolved"), reopened)
    assert state == ConversationState(
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
    _, _, state = after(CREATED, event(1, "resolved", channel_id="other"))
    assert state.channel_id == "other"


@pytest.mark.parametrize(("agent", "status"), [(None, "new"), ("a2", "assigned")])
def test_handed_to_another_group_it_has_the_agent_that_the_row_reports(agent, status):
    handed = event(2, "assigned_to_group", group_id="g2", has_agent_column=True, agent_id=agent)
    pairs, known, state = after(CREATED, TAKEN, handed)
    changed = {"assigned_group_id": ("g1", "g2"), "assigned_agent_id": ("a1", agent)}
    assert pairs == (changed if agent else {**changed, "status": ("assigned", "new")})
    assert known
    assert state.known["status"] == status


def test_handed_to_another_group_it_keeps_its_agent_where_the_row_cannot_tell():
    pairs, _, state = after(CREATED, TAKEN, event(2, "assigned_to_group", group_id="g2"))
    assert pairs == {"assigned_group_id": ("g1", "g2")}
    assert state.known["assigned_agent_id"] == "a1"


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("assigned_to_agent", {"assigned_agent_id": (None, "a")}),
        ("assigned_to_group", {"assigned_group_id": (None, "g")}),
    ],
)
def test_what_an_event_is_about_is_reported_even_where_nothing_was_known(kind, own):
    pairs, known, _ = after(event(0, kind, agent_id="a", group_id="g"))
    assert pairs == own
    assert not known


def test_a_reopening_reports_its_status_even_where_the_resolution_was_missed():
    pairs, _, _ = after(CREATED, event(9, "reopened", group_id="g1"))
    assert pairs == {"status": ("new", "new")}


def test_who_had_it_is_learnt_from_a_resolution():
    _, _, state = after(event(0, "resolved", agent_id="a", group_id="g"))
    assert state.known == {
        "status": "resolved",
        "assigned_agent_id": "a",
        "assigned_group_id": "g",
    }
    _, _, state = after(CREATED, TAKEN, event(2, "resolved", agent_id="x", group_id="y"))
    assert state.known["assigned_agent_id"] == "a1"
    assert state.known["assigned_group_id"] == "g1"


def test_an_assignment_to_an_agent_reports_the_group_but_not_the_other_way_round():
    _, _, state = after(event(0, "assigned_to_agent", agent_id="a", group_id="g"))
    assert state.known["assigned_group_id"] == "g"
    _, _, state = after(event(0, "assigned_to_group", agent_id="a", group_id="g"))
    assert state.known == {"assigned_group_id": "g"}


@pytest.mark.parametrize(("status", "known_status"), [("assigned", "assigned"), ("", None)])
def test_an_assignment_that_was_seen_reports_who_has_it_and_not_since_when(status, known_status):
    seen = {"agent_id": "a", "group_id": "g", "observed_status": status}
    _, _, state = after(event(0, "assigned_to_agent", **seen))
    assert state == ConversationState(
        known={"status": known_status, "assigned_agent_id": "a", "assigned_group_id": "g"},
        time=at(0),
    )
    _, _, state = after(event(0, "assigned_to_group", **seen))
    assert state == ConversationState(
        known={"status": known_status, "assigned_group_id": "g"}, time=at(0)
    )


def test_one_conversation_is_kept_however_long_its_story():
    states = ConversationStates(max_states=2)
    for minutes in range(5):
        states.apply(event(minutes, "assigned_to_agent", agent_id=str(minutes)))
    assert states.at("c", at(0)).known["assigned_agent_id"] == "0"


def test_who_lets_go_of_a_conversation_leaves_it_new_and_to_its_group():
    pairs, known, state = after(CREATED, TAKEN, event(2, "unassigned", group_id="g1"))
    assert pairs == {"assigned_agent_id": ("a1", None), "status": ("assigned", "new")}
    assert known
    assert state.known == {
        "status": "new",
        "assigned_agent_id": None,
        "assigned_group_id": "g1",
    }
    assert after(event(2, "unassigned"))[:2] == ({"assigned_agent_id": (None, None)}, False)
    over = after(CREATED, TAKEN, event(2, "resolved"), event(3, "unassigned"))
    assert over[0] == {"assigned_agent_id": ("a1", None)}


def test_what_was_held_for_the_creation_can_be_taken_for_a_reopening_ever_since():
    states = ConversationStates()
    for each in (
        CREATED,
        event(1, "assigned_to_group", group_id="g2"),
        event(2, "resolved"),
        event(3, "reopened"),
    ):
        states.apply(each)
    states.mark_reopened("c", at(1))
    states.mark_reopened("nobody's", at(0))
    assert states.at("c", at(2)).created_time == at(0)
    states.mark_reopened("c", at(0))
    states = [states.at("c", at(minutes)) for minutes in range(4)]
    assert [each.created_time for each in states] == [None] * 4
    assert [each.first_group_assigned_time for each in states] == [None] * 4
    assert [each.reopened_time for each in states] == [at(0), at(0), at(0), at(3)]
