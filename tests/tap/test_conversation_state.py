"""State of a conversation at a time, replayed from its events."""

from datetime import timedelta

import pytest
from fakes.clock import NOON
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_freshchat.activity.conversation_history import (
    CONTEXT_PERIOD,
    ConversationHistory,
    context_end,
    context_start,
)
from tap_freshchat.activity.conversation_state import ConversationState, apply_event
from tap_freshchat.activity.events import ConversationEvent
from tap_freshchat.activity.message_history import MessageHistory, Snapshot
from tap_freshchat.times import format_time

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
LATER = NOON + 30 * DAY


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def event(minutes, kind, **values):
    return ConversationEvent(
        kind=kind,
        time=at(minutes),
        conversation_id="c",
        **{"has_group_column": "group_id" in values, **values},
    )


def after(*events):
    """What the last of some events changed, and the state after it."""
    state = ConversationState()
    for each in events:
        step = apply_event(state, each)
        state = step.state
    return dict(step.changes), step.previous_values_known, step.state


def history(*events, **options):
    return ConversationHistory(events, **{"known_until": LATER, "settled_until": LATER, **options})


def present(*messages, **conversation):
    """The present conversation with its messages, each given as minutes or as (minutes, type)."""
    pairs = [each if isinstance(each, tuple) else (each, "normal") for each in messages]
    contents = [
        {"id": str(number), "created_time": format_time(at(minutes)), "message_type": kind}
        for number, (minutes, kind) in enumerate(pairs)
    ]
    return Snapshot(
        conversation={"conversation_id": "c", **conversation},
        user_id=None,
        time=LATER,
        history=MessageHistory(contents, complete=True),
    )


CREATED = event(0, "created", group_id="g1", channel_id="ch", interaction_id="i")
TAKEN = event(1, "assigned_to_agent", agent_id="a1")
ASSIGNED = {"status": "assigned", "assigned_agent_id": "a1", "assigned_group_id": "g1"}


def test_each_kind_of_event_sets_its_time():
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
        values={"status": "resolved", "assigned_agent_id": "a2", "assigned_group_id": "g3"},
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


def test_a_reopening_resets_the_agents_times_and_keeps_the_others():
    reopened = event(9, "reopened", interaction_id="j", group_id=None)
    _, _, state = after(CREATED, TAKEN, event(5, "resolved"), reopened)
    assert state == ConversationState(
        values={"status": "new", "assigned_agent_id": None, "assigned_group_id": None},
        interaction_id="j",
        channel_id="ch",
        created_time=at(0),
        assigned_time=at(1),
        reopened_time=at(9),
        resolved_time=at(5),
    )


def test_a_start_without_a_group_column_leaves_the_group_unknown():
    _, _, state = after(CREATED, event(9, "reopened", interaction_id="j"))
    assert state.values == {"status": "new", "assigned_agent_id": None}


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
    assert state.values["status"] == status


def test_handed_to_another_group_it_keeps_its_agent_if_the_row_has_no_agent_column():
    pairs, _, state = after(CREATED, TAKEN, event(2, "assigned_to_group", group_id="g2"))
    assert pairs == {"assigned_group_id": ("g1", "g2")}
    assert state.values["assigned_agent_id"] == "a1"


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("assigned_to_agent", {"assigned_agent_id": (None, "a")}),
        ("assigned_to_group", {"assigned_group_id": (None, "g")}),
    ],
)
def test_an_events_own_field_is_reported_even_if_its_old_value_is_unknown(kind, own):
    pairs, known, _ = after(event(0, kind, agent_id="a", group_id="g"))
    assert pairs == own
    assert not known


def test_a_reopening_reports_its_status_even_if_the_resolution_was_missed():
    pairs, _, _ = after(CREATED, event(9, "reopened", group_id="g1"))
    assert pairs == {"status": ("new", "new")}


def test_a_resolution_shows_the_assignees_that_are_not_known_yet():
    _, _, state = after(event(0, "resolved", agent_id="a", group_id="g"))
    assert state.values == {
        "status": "resolved",
        "assigned_agent_id": "a",
        "assigned_group_id": "g",
    }
    _, _, state = after(CREATED, TAKEN, event(2, "resolved", agent_id="x", group_id="y"))
    assert state.values["assigned_agent_id"] == "a1"
    assert state.values["assigned_group_id"] == "g1"


def test_an_assignment_to_an_agent_shows_the_group_but_not_the_other_way_round():
    _, _, state = after(event(0, "assigned_to_agent", agent_id="a", group_id="g"))
    assert state.values["assigned_group_id"] == "g"
    _, _, state = after(event(0, "assigned_to_group", agent_id="a", group_id="g"))
    assert state.values == {"assigned_group_id": "g"}


@pytest.mark.parametrize(("status", "known"), [("assigned", {"status": "assigned"}), ("", {})])
def test_an_assignment_read_from_the_present_conversation_has_assignees_and_no_time(status, known):
    seen = {"agent_id": "a", "group_id": "g", "observed_status": status}
    _, _, state = after(event(0, "assigned_to_agent", **seen))
    assert state == ConversationState(
        values={**known, "assigned_agent_id": "a", "assigned_group_id": "g"}
    )
    _, _, state = after(event(0, "assigned_to_group", **seen))
    assert state == ConversationState(values={**known, "assigned_group_id": "g"})


def test_an_unassignment_leaves_a_conversation_new_and_in_its_group():
    pairs, known, state = after(CREATED, TAKEN, event(2, "unassigned", group_id="g1"))
    assert pairs == {"assigned_agent_id": ("a1", None), "status": ("assigned", "new")}
    assert known
    assert state.values == {"status": "new", "assigned_agent_id": None, "assigned_group_id": "g1"}


def test_an_unassignment_keeps_a_resolved_status_and_an_unknown_one_unknown():
    over = after(CREATED, TAKEN, event(2, "resolved"), event(3, "unassigned"))
    assert over[0] == {"assigned_agent_id": ("a1", None)}
    assert over[2].values["status"] == "resolved"
    pairs, known, state = after(event(2, "unassigned"))
    assert (pairs, known) == ({"assigned_agent_id": (None, None)}, False)
    assert "status" not in state.values


def test_an_unknown_change_leaves_every_value_unknown_and_the_times_as_they_were():
    pairs, _, state = after(CREATED, TAKEN, event(2, "unknown_change"))
    assert pairs == {}
    assert state.values == {}
    assert (state.created_time, state.agent_assigned_time) == (at(0), at(1))


def test_the_first_assignment_is_known_only_if_the_interaction_start_is():
    assigned = [event(5, "assigned_to_group", group_id="g"), event(9, "assigned_to_agent")]
    for start, first in (((), (None, None)), ((CREATED,), (at(9), at(5)))):
        _, _, state = after(*start, *assigned)
        assert (state.first_agent_assigned_time, state.first_group_assigned_time) == first


def test_the_state_at_a_time_is_that_after_the_last_change_before_it():
    story = history(CREATED, event(5, "assigned_to_group", group_id="g2"))
    groups = [story.at(at(minutes)).values.get("assigned_group_id") for minutes in (1, 4, 6, 60)]
    assert groups == ["g1", "g1", "g2", "g2"]


def test_a_change_in_the_millisecond_of_a_message_is_not_in_its_state():
    story = history(CREATED, event(5, "assigned_to_group", group_id="g2"))
    assert story.at(at(5)).values == {"status": "new", "assigned_agent_id": None}


def test_asking_for_one_state_changes_no_other():
    handed = event(5, "assigned_to_group", group_id="g2")
    asked, fresh = history(CREATED, handed), history(CREATED, handed)
    asked.at(at(5)).values.clear()
    assert asked.at(at(6)) == fresh.at(at(6))
    assert asked.after(handed.id) == fresh.after(handed.id)


def test_a_message_in_the_millisecond_of_the_start_has_the_state_after_it():
    assert history(CREATED).at(at(0)).values == {
        "status": "new",
        "assigned_agent_id": None,
        "assigned_group_id": "g1",
    }


def test_a_system_message_has_the_state_after_its_change():
    story = history(CREATED, TAKEN)
    assert story.at(at(1), is_system_message=True).values == ASSIGNED
    assert story.at(at(1) + SECOND, is_system_message=True).values == ASSIGNED


def test_a_system_message_of_two_simultaneous_changes_has_neither_in_its_state():
    handed = event(1, "assigned_to_group", group_id="g2")
    state = history(CREATED, handed, TAKEN).at(at(1), is_system_message=True)
    assert state.values == {}


def test_a_system_message_that_no_event_explains_means_that_the_state_is_unknown():
    assert history(CREATED, TAKEN).at(at(1) + 3 * SECOND, is_system_message=True).values == {}


def test_before_the_first_change_the_state_is_the_old_value_that_it_shows():
    reopened = event(60, "reopened", group_id="g1")
    assert history(reopened).at(at(0)).values == {"status": "resolved"}
    resolved = event(60, "resolved", agent_id="a1", group_id="g1")
    assert history(resolved).at(at(0)).values == {
        "assigned_agent_id": "a1",
        "assigned_group_id": "g1",
    }
    assert history(event(60, "assigned_to_agent", agent_id="a")).at(at(0)).values == {}


def test_an_unknown_change_hides_what_later_events_show():
    resolved = event(60, "resolved", agent_id="a1", group_id="g1")
    assert history(event(30, "unknown_change"), resolved).at(at(0)).values == {}


def test_the_present_conversation_counts_if_its_messages_show_no_change_since():
    options = {"known_until": at(60), "snapshot": present(-60, 30, **ASSIGNED)}
    state = history(**options).at(at(0))
    assert state.values == ASSIGNED
    assert state.is_provisional
    for message in ((30, "system"), (60, "system")):
        changed = {**options, "snapshot": present(-60, message, **ASSIGNED)}
        assert history(**changed).at(at(0)).values == {}


def test_via_rest_an_assignment_in_the_same_millisecond_hides_the_present_conversation():
    for messages, group in (((0, 1), "g"), ((0, (0, "system"), 1), None)):
        options = {"known_until": at(60), "snapshot": present(*messages, assigned_group_id="g")}
        start = event(0, "created")
        story = history(start, lists_assignments=False, **options)
        assert story.after(start.id).state.values.get("assigned_group_id") == group
        assert story.at(at(0)).values.get("assigned_group_id") == group


def test_an_unknown_change_in_the_millisecond_of_a_message_leaves_its_state_unknown():
    resolved = event(9, "resolved", agent_id="a1", group_id="g1")
    story = history(CREATED, event(5, "unknown_change"), resolved)
    assert story.at(at(5)).values == {}


def test_the_present_conversation_does_not_count_without_messages_or_much_later():
    options = {"known_until": at(60), "snapshot": present(**ASSIGNED)}
    assert history(**options).at(at(0)).values == {}
    much_later = context_end(at(0)) + SECOND
    options = {"known_until": much_later, "snapshot": present(-60, **ASSIGNED)}
    assert history(**options).at(at(0)).values == {}


def test_events_count_from_two_days_before_the_day_of_the_time_to_two_days_after_it():
    assert context_start(NOON) == NOON.replace(hour=0) - CONTEXT_PERIOD
    assert context_end(NOON) == NOON.replace(hour=0) + DAY + CONTEXT_PERIOD
    for time, counts in ((context_start(NOON), True), (context_start(NOON) - SECOND, False)):
        old = event((time - NOON) / timedelta(minutes=1), "created", group_id="g1")
        assert bool(history(old).at(NOON).values) is counts
    for time, counts in ((context_end(NOON) - SECOND, True), (context_end(NOON), False)):
        late = event((time - NOON) / timedelta(minutes=1), "reopened")
        assert bool(history(late).at(NOON).values) is counts


def test_a_state_is_provisional_as_long_as_an_earlier_row_can_arrive():
    for settled, provisional in ((at(1), False), (at(0.5), True)):
        story = history(CREATED, TAKEN, settled_until=settled, snapshot=present(0, 1))
        assert story.after(TAKEN.id).state.is_provisional is provisional
        assert story.at(at(1), is_system_message=True).is_provisional is provisional


def test_an_agent_who_can_have_left_unseen_makes_a_state_provisional():
    assert history(CREATED, TAKEN).at(at(2)).is_provisional
    assert not history(CREATED, TAKEN, snapshot=present(0, 2)).at(at(2)).is_provisional
    assert not history(CREATED).at(at(2)).is_provisional


def test_old_values_are_known_only_if_no_row_before_can_still_arrive():
    for settled, known in ((at(1), True), (at(0.5), False)):
        story = history(CREATED, TAKEN, settled_until=settled)
        assert story.after(TAKEN.id).previous_values_known is known


def test_old_values_are_known_only_if_the_agent_cannot_have_left_unseen():
    again = event(5, "assigned_to_agent", agent_id="a2")
    for snapshot, known in ((None, False), (present(0, 5), True)):
        step = history(CREATED, TAKEN, again, snapshot=snapshot).after(again.id)
        assert step.changes == {"assigned_agent_id": ("a1", "a2")}
        assert step.previous_values_known is known


def test_between_start_and_resolution_rest_leaves_the_state_unknown():
    resolved = event(9, "resolved", interaction_id="i")
    story = history(CREATED, resolved, lists_assignments=False)
    assert story.at(at(0)).values == {
        "status": "new",
        "assigned_agent_id": None,
        "assigned_group_id": "g1",
    }
    assert story.at(at(5)).values == {}
    assert story.at(at(10)).values == {"status": "resolved"}
    assert not story.after(resolved.id).previous_values_known


KINDS = (
    *("assigned_to_agent", "assigned_to_group", "resolved", "reopened", "unassigned"),
    "unknown_change",
)
STEPS = st.lists(
    st.tuples(
        st.integers(1, 3000),
        st.sampled_from(KINDS),
        st.sampled_from("ab"),
        st.sampled_from("gh"),
        st.booleans(),
    ),
    max_size=12,
)


# A time, or a position among the events, whose time is meant.
TIMES = st.integers(-5 * 24 * 60, 5 * 24 * 60).map(at) | st.integers(0, 12)


def time_in(story, drawn):
    return story[drawn % len(story)][0].time if isinstance(drawn, int) else drawn


def true_story(steps):
    """Events of a conversation, each with the true state after it.

    A step is minutes since the last one, kind, agent, group, and whether rows name the agent of
    an assignment to a group. An unknown change is one of the others without a row.
    """
    minutes, status, agent, group = -5 * 24 * 60, "new", None, "g"
    story = [(event(minutes, "created", group_id="g"), (status, agent, group))]
    for wait, kind, next_agent, next_group, names_agent in steps:
        minutes += wait
        change = kind
        if kind == "unknown_change":
            change = {"a": "resolved", "b": "assigned_to_agent"}[next_agent]
        if (change == "reopened") is not (status == "resolved") and change != "unassigned":
            continue
        row = {"agent_id": agent, "group_id": group}
        if change == "reopened":
            status, agent, group = "new", None, next_group
            row = {"group_id": group}
        elif change == "resolved":
            status = "resolved"
        elif change == "assigned_to_agent":
            status, agent = "assigned", next_agent
            row["agent_id"] = agent
        elif change == "unassigned":
            agent = None
            status = status if status == "resolved" else "new"
            row["agent_id"] = None
        else:
            group = next_group
            if names_agent:
                status, agent = "new", None
            row = {"group_id": group, "has_agent_column": names_agent}
        story.append(
            (event(minutes, kind, **({} if kind == "unknown_change" else row)),
             (status, agent, group))
        )  # fmt: skip
    return story


@given(STEPS, TIMES, st.booleans())
@settings(deadline=None)
def test_every_value_of_a_state_is_true_or_absent(steps, drawn, is_system_message):
    story = true_story(steps)
    time = time_in(story, drawn)
    true = [state for each, state in story if each.time <= time][-1]
    expected = dict(zip(ASSIGNED, true, strict=True))
    values = (
        history(*(each for each, _ in story)).at(time, is_system_message=is_system_message).values
    )
    assert values.items() <= expected.items()


@given(STEPS)
@settings(deadline=None)
def test_every_value_after_an_event_and_every_known_old_value_is_true_or_absent(steps):
    story = true_story(steps)
    events = [each for each, _ in story]
    replayed = history(*events, snapshot=present(-8000, 1))
    for position, (each, true) in enumerate(story):
        step = replayed.after(each.id)
        assert step.state.values.items() <= dict(zip(ASSIGNED, true, strict=True)).items()
        if position and step.previous_values_known:
            before = dict(zip(ASSIGNED, story[position - 1][1], strict=True))
            old = {name: pair[0] for name, pair in step.changes.items()}
            assert old.items() <= before.items()


@given(STEPS, TIMES, st.booleans(), st.booleans())
@settings(deadline=None)
def test_events_outside_the_context_of_a_time_make_no_difference_to_its_state(
    steps, drawn, has_older, has_newer
):
    story = true_story(steps)
    events, time = [each for each, _ in story], time_in(story, drawn)
    start, end = context_start(time), context_end(time)
    part = [
        each
        for each in events
        if (has_older or each.time >= start) and (has_newer or each.time < end)
    ]
    assert history(*part).at(time) == history(*events).at(time)
    for each in part:
        if context_start(each.time) >= start and context_end(each.time) <= end:
            assert history(*part).after(each.id) == history(*events).after(each.id)


@pytest.mark.parametrize(
    ("earlier", "last", "changes_nothing"),
    [
        ((CREATED,), event(1, "unassigned"), True),
        ((CREATED, TAKEN), event(2, "unassigned"), False),
        ((CREATED, TAKEN, event(2, "unassigned")), event(3, "unassigned"), True),
        # Who had it before is not known.
        ((), event(1, "unassigned"), False),
        ((CREATED,), event(1, "unassigned", group_id="g2"), True),
        ((event(0, "created", group_id=None),), event(1, "assigned_to_group", group_id=None), True),
        ((CREATED,), event(1, "assigned_to_group", group_id=None), False),
        ((CREATED,), TAKEN, False),
        ((CREATED,), event(1, "resolved"), False),
    ],
)
def test_an_event_that_leaves_nobody_assigned_where_nobody_was_changes_nothing(
    earlier, last, changes_nothing
):
    assert history(*earlier, last).after(last.id).changes_nothing == changes_nothing
