"""What a stream remembers between runs."""

from datetime import timedelta

from fakes.clock import NOON
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.bookmarks import MAX_OVERLAP_IDS, REPORTS, REST, Bookmark

HOUR = timedelta(hours=1)


def minutes_ago(count):
    return NOON - timedelta(minutes=count)


def test_without_a_bookmark_reading_begins_at_the_start_date():
    assert Bookmark({}, "created_time", HOUR).start_time(minutes_ago(500)) == minutes_ago(500)


def test_reading_begins_one_overlap_before_the_bookmark():
    state = {}
    Bookmark(state, "created_time", HOUR).advance(NOON)
    assert Bookmark(state, "created_time", HOUR).start_time(minutes_ago(500)) == minutes_ago(60)


def test_reading_never_begins_before_the_start_date():
    state = {}
    Bookmark(state, "created_time", HOUR).advance(NOON)
    assert Bookmark(state, "created_time", HOUR).start_time(minutes_ago(5)) == minutes_ago(5)


def test_a_start_counted_back_from_now_never_passes_a_bookmark():
    state = {}
    Bookmark(state, "created_time", HOUR).advance(NOON)
    assert Bookmark(state, "created_time", HOUR).start_time(minutes_ago(5), explicit=False) == (
        minutes_ago(60)
    )
    assert Bookmark({}, "created_time", HOUR).start_time(NOON, explicit=False) == NOON


def test_the_first_reports_go_on_where_rest_stands_unless_a_start_date_was_chosen():
    state = {}
    Bookmark(state, "created_time", HOUR, source=REST).advance(NOON)
    reports = Bookmark(state, "created_time", HOUR, source=REPORTS)
    assert reports.start_time(minutes_ago(5), explicit=False) == minutes_ago(60)
    assert reports.start_time(minutes_ago(500), explicit=False) == minutes_ago(500)
    assert reports.start_time(minutes_ago(5)) == minutes_ago(5)


def test_what_the_overlap_gave_is_not_new_in_the_next_run_and_a_late_row_is():
    state = {}
    first = Bookmark(state, "created_time", HOUR)
    assert first.is_new("early", minutes_ago(200))
    assert first.is_new("late", minutes_ago(20))
    first.advance(NOON)
    second = Bookmark(state, "created_time", HOUR)
    assert not second.is_new("late", minutes_ago(20))
    assert second.is_new("latecomer", minutes_ago(30))


def test_what_was_not_new_is_still_remembered_by_the_run_after_next():
    state = {}
    for end in (NOON, NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)):
        bookmark = Bookmark(state, "created_time", HOUR)
        assert bookmark.is_new("one", minutes_ago(20)) == (end == NOON)
        bookmark.advance(end)


def test_ids_older_than_the_overlap_leave_the_state():
    state = {}
    bookmark = Bookmark(state, "created_time", HOUR)
    bookmark.is_new("one", minutes_ago(20))
    bookmark.advance(NOON)
    bookmark.advance(NOON + 2 * HOUR)
    assert set(state) == {"replication_key", "replication_key_value"}


def test_the_state_names_its_key_and_holds_ids_to_the_very_edge_of_the_overlap():
    state = {}
    bookmark = Bookmark(state, "created_time", HOUR)
    for name, minutes in (("edge", 60), ("beyond", 61)):
        bookmark.is_new(name, minutes_ago(minutes))
    bookmark.advance(NOON)
    assert state == {
        "replication_key": "created_time",
        "replication_key_value": "2026-11-22T12:00:00.000000+00:00",
        "overlap_ids": ["edge"],
    }


def test_a_window_that_was_not_finished_leaves_no_trace():
    state = {}
    Bookmark(state, "created_time", HOUR).is_new("one", minutes_ago(20))
    assert state == {}


def by(source, state):
    return Bookmark(state, "created_time", HOUR, source=source)


def test_where_reports_ended_is_kept_while_rest_stands_in_for_them():
    state = {}
    by(REPORTS, state).advance(NOON)
    for hours in (1, 2):
        by(REST, state).advance(NOON + hours * HOUR)
        assert by(REST, state).value == NOON + hours * HOUR
        assert (by(REPORTS, state).value, by(REPORTS, state).resumes_reports_after_rest) == (
            NOON,
            True,
        )
    assert all(isinstance(value, str) for value in state.values())
    by(REPORTS, state).advance(NOON + HOUR)
    assert (by(REPORTS, state).value, by(REPORTS, state).resumes_reports_after_rest) == (
        NOON + HOUR,
        False,
    )


def test_reports_that_were_never_read_begin_at_the_start_date_whatever_rest_reported():
    state = {}
    by(REST, state).advance(NOON)
    assert not by(REPORTS, state).written_by_reports
    assert by(REPORTS, state).start_time(minutes_ago(500)) == minutes_ago(500)


def test_the_state_holds_the_newest_ids_up_to_a_bound():
    state = {}
    bookmark = Bookmark(state, "created_time", HOUR)
    for number in range(MAX_OVERLAP_IDS + 10):
        moment = minutes_ago(50) + timedelta(milliseconds=number)
        assert bookmark.is_new(f"id-{number}", moment)
    bookmark.advance(NOON)
    assert len(state["overlap_ids"]) == MAX_OVERLAP_IDS
    again = Bookmark(state, "created_time", HOUR)
    assert again.is_new("id-9", minutes_ago(50))
    assert not again.is_new("id-10", minutes_ago(50))


@given(st.lists(st.integers(0, 59), max_size=40), st.integers(0, 40))
def test_two_runs_over_one_overlap_emit_each_id_once(offsets, cut):
    state = {}
    emitted = []
    for rows in (offsets[:cut], offsets):
        bookmark = Bookmark(state, "created_time", HOUR)
        emitted += [n for n in rows if bookmark.is_new(str(n), minutes_ago(n))]
        bookmark.advance(NOON)
    assert sorted(emitted) == sorted(set(offsets))


def test_reports_after_nothing_but_rest_are_read_from_the_start():
    state = {}
    Bookmark(state, "created_time", HOUR, source=REST).advance(NOON)
    again = Bookmark(state, "created_time", HOUR, source=REPORTS)
    assert again.start_time(minutes_ago(500)) == minutes_ago(500)
    again.advance(NOON)
    assert state["source"] == REPORTS


def test_where_more_was_given_than_is_remembered_only_the_lookback_is_read_again_for_certain():
    def bookmark():
        return Bookmark(state, "created_time", 24 * HOUR, lookback=HOUR)

    state = {}
    few = bookmark()
    few.is_new("one", minutes_ago(600))
    few.advance(NOON)
    assert bookmark().start_time(minutes_ago(9999)) == minutes_ago(24 * 60)
    many = bookmark()
    for number in range(MAX_OVERLAP_IDS + 1):
        many.is_new(str(number), minutes_ago(600) + timedelta(seconds=number))
    many.advance(NOON)
    oldest = minutes_ago(600) + timedelta(seconds=1)
    assert bookmark().start_time(minutes_ago(9999)) == oldest
    crowded = bookmark()
    for number in range(MAX_OVERLAP_IDS):
        crowded.is_new(f"late {number}", minutes_ago(10))
    crowded.advance(NOON)
    assert bookmark().start_time(minutes_ago(9999)) == minutes_ago(60)
    bookmark().advance(NOON + 48 * HOUR)
    assert bookmark().start_time(minutes_ago(9999)) == NOON + 24 * HOUR
    assert "overlap_since" not in state


def test_how_far_ids_are_remembered_is_of_no_use_where_all_of_the_overlap_is_read_anyway():
    state = {}
    crowded = Bookmark(state, "created_time", HOUR)
    for number in range(MAX_OVERLAP_IDS):
        crowded.is_new(str(number), minutes_ago(10))
    crowded.advance(NOON)
    assert len(state["overlap_ids"]) == MAX_OVERLAP_IDS
    assert "overlap_since" not in state
