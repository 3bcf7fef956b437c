"""Message history: the state of a conversation at a time."""

from datetime import timedelta

import pytest
from fakes.clock import NOON

from tap_freshchat.activity.conversation_state import ConversationState
from tap_freshchat.activity.message_history import (
    FIRST_RESPONSE_DUE,
    MAX_MESSAGES,
    NO_RESPONSE_DUE,
    RESPONSE_DUE,
    SYSTEM_MESSAGE_TOLERANCE,
    MessageHistory,
    load_back_to,
)
from tap_freshchat.payloads.statistics import compute_statistics


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def interaction(minutes):
    return f"7-{int(at(minutes).timestamp() * 1000)}"


def message(minutes, who, began=0, kind="normal", **more):
    return {
        "id": f"{minutes}-{who}",
        "created_time": at(minutes).isoformat(),
        "actor_type": who,
        "message_type": kind,
        "interaction_id": interaction(began),
        **more,
    }


TALK = [
    message(0, "user", message_source="web"),
    message(1, "system", kind="system"),
    message(2, "bot"),
    message(3, "user"),
    message(4, "agent", kind="private"),
    message(5, "agent"),
    message(6, "user"),
    message(7, "agent", kind="system", meta_data={"isResolved": "true"}),
    message(9, "user", began=9, kind="system", meta_data={"isReopen": True}),
    message(10, "user", began=9),
    message(12, "agent", began=9),
]
WHOLE = MessageHistory(TALK[::-1], complete=True)


@pytest.mark.parametrize(
    ("minutes", "due"),
    [
        (-1, None),
        (0, FIRST_RESPONSE_DUE),
        (2, NO_RESPONSE_DUE),
        (3, FIRST_RESPONSE_DUE),
        (4, FIRST_RESPONSE_DUE),
        (5, NO_RESPONSE_DUE),
        (6, RESPONSE_DUE),
        (7, NO_RESPONSE_DUE),
        (10, FIRST_RESPONSE_DUE),
        (12, NO_RESPONSE_DUE),
    ],
)
def test_the_last_author_decides_who_is_to_respond(minutes, due):
    assert WHOLE.response_due(at(minutes)) == due


def test_a_time_belongs_to_the_open_period_that_started_last():
    said = MessageHistory([message(0, "user"), message(9, "user", began=9)], complete=True)
    assert said.interaction_at(at(8)) == interaction(0)
    assert said.interaction_at(at(9)) == interaction(9)
    assert said.interaction_at(at(-1)) is None


def test_the_opening_is_the_first_message_that_a_person_reads():
    assert WHOLE.first_visible_message.id == "0-user"
    assert MessageHistory(TALK, complete=False).first_visible_message is None


def test_a_response_is_the_first_only_within_its_open_period():
    first = [
        each.id for each in WHOLE.messages if WHOLE.position_flags(each)["is_agent_first_response"]
    ]
    assert first == ["5-agent", "12-agent"]


def test_only_one_message_is_the_first():
    first = [each.id for each in WHOLE.messages if WHOLE.position_flags(each)["is_first_message"]]
    assert first == ["0-user"]
    reply = WHOLE.by_id["5-agent"]
    # Loading stopped at an earlier interaction, or in the middle of one.
    earlier = MessageHistory(TALK, complete=False)
    assert earlier.position_flags(reply)["is_first_message"] is False
    cut = MessageHistory(TALK, complete=False, cut=True)
    assert "is_first_message" not in cut.position_flags(reply)


def test_the_system_message_of_a_change_is_the_nearest_in_time_if_any_is_near():
    assert WHOLE.nearest_system_message(at(7) + timedelta(seconds=1)).id == "7-agent"
    assert WHOLE.nearest_system_message(at(5)) is None
    assert WHOLE.nearest_system_message(at(7) + SYSTEM_MESSAGE_TOLERANCE).id == "7-agent"
    assert WHOLE.nearest_system_message(at(7) + SYSTEM_MESSAGE_TOLERANCE * 1.01) is None


def test_the_source_is_where_the_customers_messages_of_the_interaction_enter():
    assert WHOLE.source_at(at(8)) == "web"
    assert WHOLE.source_at(at(10)) is None
    mobile = message(11, "user", began=9, message_source="android")
    both = MessageHistory([*TALK, mobile], complete=True)
    assert [both.source_at(at(minutes)) for minutes in (8, 10)] == ["web", "android"]


def test_whether_messages_are_older_is_unknown_only_if_loading_did_not_reach_an_earlier_one():
    whole = MessageHistory(TALK[-2:], complete=True)
    assert [whole.has_messages_before(at(minutes)) for minutes in (10, 11)] == [False, True]
    part = load_back_to(reversed(TALK), at(10))
    assert part.has_messages_before(at(9)) is True
    cut = MessageHistory(TALK[-2:], complete=False, back_to=at(10), cut=True)
    assert [cut.has_messages_before(at(minutes)) for minutes in (10, 11)] == [None, True]
    for complete in (True, False):
        assert MessageHistory(complete=complete).has_messages_before(at(0)) is None


@pytest.mark.parametrize(
    ("minutes", "unchanged"), [(0, False), (7, False), (8, False), (9, True), (12, True)]
)
def test_a_change_shows_as_a_system_message_or_as_a_new_interaction(minutes, unchanged):
    assert WHOLE.shows_no_change_since(at(minutes)) is unchanged
    quiet = [each for each in TALK if each["message_type"] != "system"]
    bare = MessageHistory(quiet, complete=True)
    assert bare.shows_no_change_since(at(minutes)) is (minutes in {9, 12})


def test_a_system_message_at_the_same_time_counts_on_request_unless_it_reopens_or_resolves():
    one = MessageHistory(TALK[:2], complete=True)
    assert one.shows_no_change_since(at(1))
    assert not one.shows_no_change_since(at(1), is_inclusive=True)
    for last in (TALK[7], TALK[8]):
        flagged = MessageHistory([last], complete=True)
        time = flagged.messages[0].time
        assert flagged.shows_no_change_since(time, is_inclusive=True)


def test_messages_that_do_not_reach_back_to_a_time_show_nothing_of_it():
    assert not load_back_to(reversed(TALK), at(10)).shows_no_change_since(at(8))
    assert not MessageHistory(complete=True).shows_no_change_since(at(8))


@pytest.mark.parametrize(
    ("back_to", "kept", "complete"),
    [(12, 3, False), (10, 3, False), (9, 3, False), (7, 11, True), (6, 11, True), (0, 11, True)],
)
def test_messages_are_read_back_to_the_start_of_the_interaction(back_to, kept, complete):
    asked = iter(reversed(TALK))
    history = load_back_to(asked, at(back_to))
    assert (len(history.messages), history.complete) == (kept, complete)
    assert history.covers(at(back_to))


def test_a_message_without_an_id_ends_no_open_period_wherever_reading_starts():
    lacking = {**message(7, "agent", kind="system"), "interaction_id": None}
    talk = [*TALK[:7], lacking]
    for minutes in (5, 7.5, 8):
        read = load_back_to(reversed(talk), at(minutes))
        assert [each.id for each in read.messages] == [each["id"] for each in talk]


def test_messages_slightly_out_of_order_do_not_extend_reading():
    two_seconds = SYSTEM_MESSAGE_TOLERANCE / timedelta(minutes=1)
    early, late = message(10, "user", began=9), message(10 - two_seconds, "agent", began=9)
    earlier = [message(0, "user"), message(1, "user")]
    read = load_back_to(iter([late, early, *reversed(earlier)]), at(9.5))
    assert [each.id for each in read.messages] == [late["id"], early["id"]]
    assert not read.complete


def test_messages_that_come_oldest_first_are_all_read():
    read = load_back_to(TALK, at(11))
    assert [each.id for each in read.messages] == [each.id for each in WHOLE.messages]
    assert read.complete


def test_an_open_period_without_an_end_is_read_back_within_a_limit():
    endless = [message(-minutes, "user") for minutes in range(MAX_MESSAGES + 5)]
    cut = load_back_to(endless, at(1))
    assert (len(cut.messages), cut.complete, cut.cut) == (MAX_MESSAGES, False, True)
    assert cut.covers(at(1))
    assert not cut.covers(at(0))
    whole = load_back_to(endless[:MAX_MESSAGES], at(1))
    assert (len(whole.messages), whole.complete, whole.cut) == (MAX_MESSAGES, True, False)


def test_messages_cover_the_interaction_that_was_loaded_and_none_before():
    history = load_back_to(reversed(TALK), at(10))
    assert not history.covers(at(8))
    assert history.covers(at(9))
    assert history.covers(at(11))
    assert history.covers(None)


def state_of(**known):
    """The state of a conversation whose first interaction was read from its start on."""
    return ConversationState(**{"interaction_id": interaction(0), "created_time": at(0), **known})


def test_the_statistics_are_spans_between_what_happened():
    state = state_of(
        first_agent_assigned_time=at(1),
        agent_assigned_time=at(4),
        first_group_assigned_time=at(0.5),
        group_assigned_time=at(2),
        resolved_time=at(7),
    )
    assert compute_statistics(at(7), state, WHOLE) == {
        # From the first assignment to an agent.
        "first_response_time_chrs": 240.0,
        "resolution_time_chrs": 360.0,
        # From the start.
        "first_group_assignment_time_chrs": 30.0,
        "time_to_first_agent_seconds": 60.0,
        "time_to_resolution_seconds": 420.0,
        # From the first to the latest.
        "first_to_last_agent_seconds": 180.0,
        "first_to_last_group_seconds": 90.0,
        # From the customer's first message to the first reply.
        "customer_wait_seconds": 300.0,
    }


def test_what_had_not_happened_yet_has_no_figure():
    state = state_of(first_agent_assigned_time=at(1))
    assert compute_statistics(at(3), state, WHOLE) == {"time_to_first_agent_seconds": 60.0}


def test_figures_of_an_earlier_open_period_do_not_count():
    state = ConversationState(
        interaction_id=interaction(9), resolved_time=at(7), group_assigned_time=at(2)
    )
    assert compute_statistics(at(9), state, WHOLE) == {}


def test_without_an_open_period_there_are_no_figures():
    state = ConversationState(resolved_time=at(7))
    assert compute_statistics(at(9), state, MessageHistory(complete=False)) == {}


@pytest.mark.parametrize(
    ("assigned", "seconds"),
    # The bot's last message before the reply is in the second minute, the reply in the fifth.
    [(None, 180.0), (1, 240.0), (4, 60.0), (5, 0.0), (5.5, 180.0)],
)
def test_the_first_response_counts_from_the_assignment_before_it_or_from_the_bots_last_message(
    assigned, seconds
):
    first = None if assigned is None else at(assigned)
    state = state_of(first_agent_assigned_time=first)
    assert compute_statistics(at(6), state, WHOLE)["first_response_time_chrs"] == seconds


def test_without_assignment_and_bot_the_first_response_counts_from_the_start():
    talk = [each for each in TALK if each["actor_type"] != "bot"]
    figures = compute_statistics(at(6), state_of(), MessageHistory(talk, complete=True))
    assert figures["first_response_time_chrs"] == 300.0


def test_a_bot_that_writes_after_the_first_reply_changes_no_figure():
    history = MessageHistory([*TALK, message(6.5, "bot")], complete=True)
    assert compute_statistics(at(7), state_of(), history)["first_response_time_chrs"] == 180.0


@pytest.mark.parametrize(("assigned", "seconds"), [(None, 420.0), (1, 360.0), (7, 0.0)])
def test_a_resolution_counts_from_the_first_assignment_or_from_the_start(assigned, seconds):
    first = None if assigned is None else at(assigned)
    state = state_of(
        first_agent_assigned_time=first, agent_assigned_time=first, resolved_time=at(7)
    )
    figures = compute_statistics(at(7), state, MessageHistory(complete=False))
    assert figures["resolution_time_chrs"] == seconds
    assert figures["time_to_resolution_seconds"] == 420.0


@pytest.mark.parametrize(
    "unknown",
    [
        # The interaction's start was not read, so an assignment before may be missing.
        {"created_time": None},
        {"created_time": at(-5)},
        # The assignment that is known may not be the first.
        {"agent_assigned_time": at(4)},
        # REST lists none.
        {"lists_assignments": False},
    ],
)
def test_figures_that_count_from_the_first_assignment_are_absent_if_it_may_be_unknown(unknown):
    figures = compute_statistics(at(7), state_of(resolved_time=at(7), **unknown), WHOLE)
    assert not figures.keys() & {"resolution_time_chrs", "first_response_time_chrs"}
    assert figures["time_to_resolution_seconds"] == 420.0
    assert figures["customer_wait_seconds"] == 300.0


@pytest.mark.parametrize("missing", [{"has_gaps": True}, {"cut": True}])
def test_figures_of_messages_are_absent_if_messages_are_missing(missing):
    history = MessageHistory(TALK, complete=False, **missing)
    figures = compute_statistics(at(7), state_of(resolved_time=at(7)), history)
    assert figures == {"resolution_time_chrs": 420.0, "time_to_resolution_seconds": 420.0}


def test_an_assignment_that_was_the_only_one_was_no_reassignment():
    state = state_of(
        first_agent_assigned_time=at(1),
        agent_assigned_time=at(1),
        first_group_assigned_time=at(2),
        group_assigned_time=at(2),
    )
    assert compute_statistics(at(3), state, MessageHistory(complete=False)) == {
        "time_to_first_agent_seconds": 60.0,
        "first_group_assignment_time_chrs": 120.0,
    }


def test_figures_are_in_seconds_to_the_millisecond():
    state = state_of(resolved_time=at(0) + timedelta(microseconds=1_234_567))
    figures = compute_statistics(at(1), state, MessageHistory(complete=False))
    assert set(figures.values()) == {1.235}


def test_what_happened_at_the_very_interaction_start_took_no_time():
    figures = compute_statistics(
        at(1), state_of(resolved_time=at(0)), MessageHistory(complete=False)
    )
    assert figures["resolution_time_chrs"] == 0.0


def test_the_open_period_is_that_of_the_messages_when_no_row_names_it():
    state = state_of(interaction_id=None, resolved_time=at(7))
    assert compute_statistics(at(7), state, WHOLE)["resolution_time_chrs"] == 420.0


def test_what_a_missing_message_could_disprove_is_unknown():
    whole, gaps = WHOLE, MessageHistory(TALK, complete=True, has_gaps=True)
    last = whole.messages[-1]
    assert whole.shows_no_change_since(at(13))
    assert not gaps.shows_no_change_since(at(13))
    assert whole.has_messages_before(at(0)) is False
    assert gaps.has_messages_before(at(0)) is None
    assert gaps.has_messages_before(at(1)) is True
    assert (gaps.response_due(at(13)), gaps.first_visible_message) == (None, None)
    assert whole.position_flags(last) != {} == gaps.position_flags(last)
