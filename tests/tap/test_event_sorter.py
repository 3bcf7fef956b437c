"""Occurrences of a window are brought in order, however many they are."""

from datetime import timedelta

from fakes.clock import NOON

from tap_freshchat.activity.event_sorter import CACHE_KIB, sorted_conversation_events
from tap_freshchat.reports import catalog

SINCE = NOON - timedelta(days=1)


def row(number, **values):
    moment = NOON + timedelta(seconds=number)
    return {
        "conversation_id": f"c{number % 7}",
        "interaction_id": f"{number}-{int(moment.timestamp() * 1000)}",
        "created_at": moment.strftime("%Y-%m-%d %H:%M:%S.%f"),
        **values,
    }


def test_more_than_stays_in_memory_comes_in_order_and_each_once():
    text = "x" * 2000
    count = 2 * CACHE_KIB * 1024 // len(text)
    rows = (row(number % count * 7919 % count, agent_id=text) for number in range(count + 50))
    previous, found = NOON, 0
    for each in sorted_conversation_events({catalog.CONVERSATION_RESOLVED: rows}, SINCE):
        assert each.time >= previous
        previous, found = each.time, found + 1
    # Each was resolved, and begun, though no row says so.
    assert found == 2 * count


def test_of_two_rows_that_tell_of_one_event_the_first_stays():
    rows = [row(1, agent_id="first"), row(1, agent_id="second")]
    reported = list(sorted_conversation_events({catalog.CONVERSATION_RESOLVED: rows}, SINCE))
    assert [each.agent_id for each in reported] == [None, "first"]


def test_everything_that_a_row_reports_comes_back():
    reported = row(1, **{name: name for name in ("channel_id", "agent_id", "group_id", "actor_id")})
    _, event = sorted_conversation_events({catalog.AGENT_ASSIGNED: [reported]}, SINCE)
    assert (event.channel_id, event.agent_id) == ("channel_id", "agent_id")
    assert (event.group_id, event.actor_id) == ("group_id", "actor_id")
    assert event.time == NOON + timedelta(seconds=1)
    assert event.has_agent_column


def test_a_window_without_rows_has_no_events():
    assert list(sorted_conversation_events({catalog.CONVERSATION_CREATED: []}, SINCE)) == []
