"""States that a run is given: what can be read, and the one line for what cannot."""

import pytest

from tap_freshchat.state_checks import StateError, check_state, misplaced_state

STREAMS = ("messages", "users")
TIME = "2026-11-22T10:00:00+00:00"


def of(**state):
    return {"bookmarks": {"messages": state}}


@pytest.mark.parametrize(
    ("state", "named"),
    [
        ({"bookmarks": []}, "bookmarks"),
        ({"bookmarks": "x"}, "bookmarks"),
        ({"bookmarks": {"messages": 5}}, "messages is a number"),
        ({"bookmarks": {"messages": [TIME]}}, "messages is a list"),
        (of(replication_key_value="yesterday"), "replication_key_value"),
        (of(replication_key_value=1795791646000), "replication_key_value is a number"),
        (of(replication_key_value="0001-01-01"), "before 2010"),
        (of(replication_key_value=True), "replication_key_value is true or false"),
        (of(reports=[]), "reports is a list"),
        (of(rest="x"), "rest is a text"),
        (of(reports={"end": {}}), "reports.end"),
        (of(reports={"end": TIME, "overlap_ids": [1]}), "reports.overlap_ids"),
        (of(reports={"end": TIME, "overlap_ids": {}}), "reports.overlap_ids is an object"),
        (of(reports={"overlap_since": 1}), "reports.overlap_since"),
        (of(reports={"reports_read": "Chat-Transcript"}), "reports.reports_read"),
        (of(rest={"assignees": []}), "rest.assignees"),
        (of(rest={"agent_statuses": {"a": None}}), "rest.agent_statuses"),
        (of(rest={"unread": []}), "rest.unread is a list"),
        (of(rest={"unread": {"users": ["u"]}}), "rest.unread"),
        (of(rest={"unread": {"users": {"u": "yesterday"}}}), "rest.unread"),
        (of(reports={"accepted_window_minutes": {"others": 0}}), "accepted_window_minutes"),
        (of(reports={"accepted_window_minutes": {"others": "60"}}), "accepted_window_minutes"),
        (of(reports={"accepted_window_minutes": 60}), "accepted_window_minutes is a number"),
        (of(reports={"shared_job_limit_since": 5}), "reports.shared_job_limit_since"),
    ],
)
def test_a_value_of_the_wrong_kind_is_one_line_that_names_stream_and_key(state, named):
    with pytest.raises(StateError, match=named) as error:
        check_state(state, STREAMS)
    assert "\n" not in str(error.value)
    assert "messages" in str(error.value) or "bookmarks" in str(error.value)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"bookmarks": None},
        {"bookmarks": {"messages": None}},
        {"bookmarks": {"another_tap": 5}},
    ],
)
def test_null_and_streams_of_other_taps_count_as_absent(state):
    assert not check_state(state, STREAMS).get("bookmarks")


def test_null_at_any_level_is_absent_and_unknown_keys_stay():
    state = of(
        replication_key_value=TIME, rest=None, reports={"end": None, "x": 1}, partitions=5, y=[]
    )
    assert check_state(state, STREAMS) == of(replication_key_value=TIME, reports={"x": 1}, y=[])


@pytest.mark.parametrize("state", [{"singer_state": {"bookmarks": {}}}, {"messages": TIME}])
def test_a_state_without_bookmarks_is_a_warning_that_names_what_to_pass(state):
    assert "ignored" in (misplaced_state(state) or "")


@pytest.mark.parametrize("state", [{}, {"bookmarks": {}}, {"bookmarks": {}, "x": 1}])
def test_an_empty_state_or_one_with_bookmarks_is_no_warning(state):
    assert misplaced_state(state) is None
