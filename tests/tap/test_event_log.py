"""Log of a run's events on disk: by key, by time and by report time."""

from datetime import timedelta

import pytest
from fakes.clock import NOON
from msgspec.structs import replace

from tap_freshchat.activity.event_log import CACHE_KIB, EventLog
from tap_freshchat.activity.events import ConversationEvent
from tap_freshchat.windows import Window

ALWAYS = Window(NOON - timedelta(days=9), NOON + timedelta(days=9))


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def event(minutes, kind="resolved", **values):
    return ConversationEvent(
        **{"kind": kind, "time": at(minutes), "conversation_id": "c", **values}
    )


@pytest.fixture
def log(tmp_path):
    return EventLog(tmp_path / "events.sqlite", ConversationEvent)


def test_more_events_than_fit_in_memory_are_sorted_and_unique(log):
    text = "x" * 2000
    count = 2 * CACHE_KIB * 1024 // len(text)
    log.add(
        event(
            number % count * 7919 % count / 60,
            conversation_id=f"c{number % 7}",
            label_category=text,
        )
        for number in range(count)
    )
    log.add(event(number / 60, conversation_id="c0", label_category=text) for number in (1, 1))
    times = [each.time for each in log.reported_in(ALWAYS)]
    assert times == sorted(times)
    assert count <= len(times) <= count + 1


def test_the_first_of_two_rows_of_an_event_is_kept(log):
    log.add(event(1, interaction_id="i", agent_id=agent) for agent in ("first", "second"))
    assert [each.agent_id for each in log.reported_in(ALWAYS)] == ["first"]


def test_a_row_replaces_the_same_event_inferred_from_another_row_whichever_comes_first(log):
    inferred = event(0, "started", interaction_id="i", inferred_from=at(5))
    row = event(0, "created", interaction_id="i", row_time=at(1))
    for conversation, order in (("a", (inferred, row)), ("b", (row, inferred))):
        log.add(
            replace(each, conversation_id=conversation, interaction_id=conversation)
            for each in order
        )
    assert [each.kind for each in log.reported_in(ALWAYS)] == ["created", "created"]


def test_the_first_reported_of_two_inferred_events_is_kept(log):
    start = event(0, "started", interaction_id="i", inferred_from=at(5))
    log.add(replace(start, inferred_from=at(minutes)) for minutes in (5, 3, 9))
    [found] = log.reported_in(ALWAYS)
    assert found.reported_at == at(3)
    assert list(log.reported_in(Window(at(3), at(4)))) == [found]


def test_an_event_belongs_to_the_window_of_its_row(log):
    log.add([event(0, "created", row_time=at(1)), event(2)])
    assert [each.time for each in log.reported_in(Window(at(1), at(2)))] == [at(0)]
    assert list(log.reported_in(Window(at(0), at(1)))) == []
    assert [each.time for each in log.reported_in(Window(at(2), at(3)))] == [at(2)]


def test_events_of_some_keys_are_those_of_a_window_of_time_in_order(log):
    log.add(event(minutes, conversation_id=key) for key in "ab" for minutes in (3, 1, 2, 0))
    found = log.of_keys(["b", "nobody"], Window(at(1), at(3)))
    assert {key: [each.time for each in events] for key, events in found.items()} == {
        "b": [at(1), at(2)],
        "nobody": [],
    }


def test_events_of_one_millisecond_come_as_a_conversation_can_pass_through_them(log):
    kinds = ["created", "assigned_to_group", "assigned_to_agent", "labelled", "resolved"]
    log.add(event(0, kind) for kind in reversed(kinds))
    assert [each.kind for each in log.reported_in(ALWAYS)] == kinds
    assert [each.kind for each in log.of_keys(["c"], ALWAYS)["c"]] == kinds


def test_an_event_is_read_back_unchanged(log):
    names = ("channel_id", "agent_id", "group_id", "actor_id", "actor_type", "label_category")
    whole = event(
        0,
        "assigned_to_agent",
        **{name: name for name in names},
        has_agent_column=True,
        has_group_column=True,
        label_subcategory="s",
        row_time=at(1),
    )
    log.add([whole])
    assert list(log.reported_in(ALWAYS)) == [whole]


def test_a_window_without_rows_has_no_events(log):
    assert list(log.reported_in(ALWAYS)) == []
    log.add([])
    assert log.of_keys([], ALWAYS) == {}
