"""Bookmark of a stream for each source, with the ids that were emitted from its overlap."""

from datetime import timedelta
from typing import Any

from fakes.clock import NOON
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.bookmarks import MAX_OVERLAP_IDS, REPORTS, REST, Bookmark

HOUR = timedelta(hours=1)


def minutes_ago(count):
    return NOON - timedelta(minutes=count)


def bookmark(state, source=REPORTS, **options):
    return Bookmark(state, "created_time", source, **{"overlap": HOUR, **options})


def test_without_a_bookmark_reading_starts_at_the_start_date():
    assert bookmark({}).start_time(minutes_ago(500)) == minutes_ago(500)


def test_reading_starts_one_overlap_before_the_bookmark():
    state: dict[str, Any] = {}
    bookmark(state).advance(NOON)
    assert bookmark(state).start_time(minutes_ago(500)) == minutes_ago(60)


def test_reading_never_starts_before_the_start_date():
    state: dict[str, Any] = {}
    bookmark(state).advance(NOON)
    assert bookmark(state).start_time(minutes_ago(5)) == minutes_ago(5)


def test_a_default_start_never_skips_past_a_bookmark():
    state: dict[str, Any] = {}
    bookmark(state).advance(NOON)
    assert bookmark(state).start_time(minutes_ago(5), explicit=False) == (minutes_ago(60))
    assert bookmark({}).start_time(NOON, explicit=False) == NOON


def test_the_first_reports_continue_where_rest_ended_unless_a_start_date_is_set():
    state: dict[str, Any] = {}
    bookmark(state, REST).advance(NOON)
    reports = bookmark(state)
    assert reports.start_time(minutes_ago(5), explicit=False) == minutes_ago(60)
    assert reports.start_time(minutes_ago(500), explicit=False) == minutes_ago(500)
    assert reports.start_time(minutes_ago(5)) == minutes_ago(5)


def test_an_id_from_the_overlap_is_not_new_in_the_next_run_and_a_late_row_is():
    state: dict[str, Any] = {}
    first = bookmark(state)
    assert first.is_new("early", minutes_ago(200))
    assert first.is_new("late", minutes_ago(20))
    first.advance(NOON)
    second = bookmark(state)
    assert not second.is_new("late", minutes_ago(20))
    assert second.is_new("latecomer", minutes_ago(30))


def test_an_id_that_was_not_new_is_still_stored_for_the_run_after_next():
    state: dict[str, Any] = {}
    for end in (NOON, NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)):
        present = bookmark(state)
        assert present.is_new("one", minutes_ago(20)) == (end == NOON)
        present.advance(end)


def test_ids_older_than_the_overlap_leave_the_state():
    state: dict[str, Any] = {}
    present = bookmark(state)
    present.is_new("one", minutes_ago(20))
    present.advance(NOON)
    present.advance(NOON + 2 * HOUR)
    assert state[REPORTS]["overlap_ids"] == []


def test_the_state_names_its_key_and_contains_ids_up_to_the_edge_of_the_overlap():
    state: dict[str, Any] = {}
    present = bookmark(state)
    for name, minutes in (("edge", 60), ("beyond", 61)):
        present.is_new(name, minutes_ago(minutes))
    present.advance(NOON)
    assert state == {
        "replication_key": "created_time",
        "replication_key_value": "2026-11-22T12:00:00.000000+00:00",
        "reports": {"end": "2026-11-22T12:00:00.000000+00:00", "overlap_ids": ["edge"]},
    }


def test_an_unfinished_window_leaves_the_state_unchanged():
    state: dict[str, Any] = {}
    bookmark(state).is_new("one", minutes_ago(20))
    assert state == {}


def test_the_bookmark_of_reports_is_kept_while_rest_replaces_them():
    state: dict[str, Any] = {}
    bookmark(state).advance(NOON)
    for hours in (1, 2):
        bookmark(state, REST).advance(NOON + hours * HOUR)
        assert bookmark(state, REST).value == NOON + hours * HOUR
        assert (bookmark(state).value, bookmark(state).resumes_reports_after_rest) == (
            NOON,
            True,
        )
    for hours, resumes in ((1, True), (2, False)):
        bookmark(state).advance(NOON + hours * HOUR)
        assert (bookmark(state).value, bookmark(state).resumes_reports_after_rest) == (
            NOON + hours * HOUR,
            resumes,
        )


def test_reports_that_were_never_read_start_at_the_start_date_regardless_of_rest():
    state: dict[str, Any] = {}
    bookmark(state, REST).advance(NOON)
    assert not bookmark(state).has_read_reports
    assert bookmark(state).start_time(minutes_ago(500)) == minutes_ago(500)


def test_the_state_contains_the_newest_ids_up_to_a_limit():
    state: dict[str, Any] = {}
    present = bookmark(state)
    for number in range(MAX_OVERLAP_IDS + 10):
        moment = minutes_ago(50) + timedelta(milliseconds=number)
        assert present.is_new(f"id-{number}", moment)
    present.advance(NOON)
    assert len(state[REPORTS]["overlap_ids"]) == MAX_OVERLAP_IDS
    again = bookmark(state)
    assert again.is_new("id-9", minutes_ago(50))
    assert not again.is_new("id-10", minutes_ago(50))


@given(st.lists(st.integers(0, 59), max_size=40), st.integers(0, 40))
def test_two_runs_over_one_overlap_emit_each_id_once(offsets, cut):
    state: dict[str, Any] = {}
    emitted = []
    for rows in (offsets[:cut], offsets):
        present = bookmark(state)
        emitted += [n for n in rows if present.is_new(str(n), minutes_ago(n))]
        present.advance(NOON)
    assert sorted(emitted) == sorted(set(offsets))


def test_reports_after_nothing_but_rest_are_read_from_the_start():
    state: dict[str, Any] = {}
    bookmark(state, REST).advance(NOON)
    again = bookmark(state)
    assert again.start_time(minutes_ago(500)) == minutes_ago(500)
    again.advance(NOON)
    assert REST not in state


def test_with_more_ids_than_are_stored_only_the_lookback_is_certain_to_be_read_again():
    def long():
        return bookmark(state, overlap=24 * HOUR, lookback=HOUR)

    state: dict[str, Any] = {}
    few = long()
    few.is_new("one", minutes_ago(600))
    few.advance(NOON)
    assert long().start_time(minutes_ago(9999)) == minutes_ago(24 * 60)
    many = long()
    for number in range(MAX_OVERLAP_IDS + 1):
        many.is_new(str(number), minutes_ago(600) + timedelta(seconds=number))
    many.advance(NOON)
    oldest = minutes_ago(600) + timedelta(seconds=1)
    assert long().start_time(minutes_ago(9999)) == oldest
    crowded = long()
    for number in range(MAX_OVERLAP_IDS):
        crowded.is_new(f"late {number}", minutes_ago(10))
    crowded.advance(NOON)
    assert long().start_time(minutes_ago(9999)) == minutes_ago(60)
    long().advance(NOON + 48 * HOUR)
    assert long().start_time(minutes_ago(9999)) == NOON + 24 * HOUR
    assert "overlap_since" not in state[REPORTS]


def test_a_lookback_of_the_whole_overlap_stores_no_start_of_the_stored_ids():
    state: dict[str, Any] = {}
    crowded = bookmark(state)
    for number in range(MAX_OVERLAP_IDS):
        crowded.is_new(str(number), minutes_ago(10))
    crowded.advance(NOON)
    assert len(state[REPORTS]["overlap_ids"]) == MAX_OVERLAP_IDS
    assert "overlap_since" not in state[REPORTS]


def test_a_value_without_sub_states_is_the_bookmark_of_whichever_source_reads_it():
    plain = {"replication_key": "created_time", "replication_key_value": NOON.isoformat()}
    for source in (REPORTS, REST):
        assert bookmark(dict(plain), source).value == NOON
    state = dict(plain)
    bookmark(state, REST).advance(NOON + HOUR)
    assert bookmark(state, REST).value == NOON + HOUR


def test_rest_continues_where_either_source_ended_and_reports_where_reports_ended():
    state: dict[str, Any] = {}
    bookmark(state).advance(NOON)
    assert bookmark(state, REST).value == NOON
    bookmark(state, REST).advance(NOON + HOUR)
    assert bookmark(state, REST).value == NOON + HOUR
    assert bookmark(state).value == NOON


def test_an_id_emitted_from_one_source_is_not_new_from_the_other():
    state: dict[str, Any] = {}
    for source, new in ((REPORTS, True), (REST, False), (REPORTS, False)):
        one = bookmark(state, source)
        assert one.is_new("one", minutes_ago(20)) is new
        one.advance(NOON)


def test_each_source_stores_the_further_state_of_a_stream():
    state: dict[str, Any] = {}
    for source in (REPORTS, REST):
        bookmark(state, source).source_state["extra"] = source
    assert {
        source: bookmark(state, source).source_state["extra"] for source in (REPORTS, REST)
    } == {
        REPORTS: REPORTS,
        REST: REST,
    }


def test_reports_that_caught_up_with_rest_leave_no_state_of_rest():
    state: dict[str, Any] = {}
    bookmark(state, REST).advance(NOON)
    bookmark(state).advance(NOON - HOUR)
    assert REST in state
    bookmark(state).advance(NOON)
    assert REST not in state


def test_a_plain_singer_state_still_counts_after_a_stream_stored_something_beside_it():
    plain = {"replication_key": "created_time", "replication_key_value": NOON.isoformat()}
    Bookmark(plain, "created_time", REST, overlap=HOUR).source_state["assignees"] = {}
    for source in (REPORTS, REST):
        assert Bookmark(plain, "created_time", source, overlap=HOUR).value == NOON


def test_a_record_that_is_forgotten_is_new_to_the_next_run():
    state: dict[str, Any] = {}
    first = Bookmark(state, "created_time", REPORTS, overlap=timedelta(hours=1))
    assert first.is_new("a", NOON)
    assert first.is_new("b", NOON)
    first.forget("a")
    first.advance(NOON + timedelta(minutes=1))
    later = Bookmark(state, "created_time", REPORTS, overlap=timedelta(hours=1))
    assert later.is_new("a", NOON)
    assert not later.is_new("b", NOON)
