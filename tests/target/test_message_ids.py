"""Message ids: the same for the same event, and different for different events."""

from hypothesis import given, settings
from hypothesis import strategies as st

from target_segment.mapping.message_ids import message_ids
from target_segment.segment_spec import MAX_MESSAGE_ID_CHARS

parts = st.lists(st.text() | st.integers() | st.none() | st.booleans(), max_size=4)


@settings(deadline=None)
@given(parts, parts)
def test_ids_are_equal_exactly_when_the_parts_are(one, other):
    ids = message_ids("key", "stream")
    same = [(type(part), part) for part in one] == [(type(part), part) for part in other]
    assert (ids(one) == ids(other)) is same


@settings(deadline=None)
@given(st.text(), st.text(min_size=1), st.text(), st.text())
def test_no_boundary_between_parts_can_be_moved(key, moved, stream, name):
    assert message_ids(key, stream + moved)([name]) != message_ids(key, stream)([moved + name])
    assert message_ids("k" + moved, stream)([name]) != message_ids("k", moved + stream)([name])


@settings(deadline=None)
@given(st.text(min_size=1), parts)
def test_an_id_is_short_and_shows_nothing_of_the_key(key, one):
    message_id = message_ids(key, "stream")(one)
    assert 0 < len(message_id) <= MAX_MESSAGE_ID_CHARS
    assert set(message_id) <= set("0123456789abcdef")


def test_two_destinations_never_share_an_id():
    ids = {message_ids(key, "stream")(["e", 1]) for key in ("a", "b", None)}
    assert len(ids) == 3


def test_an_id_never_changes():
    assert message_ids("key-1", "orders")(["Order Placed", 1]) == (
        "822edaa63920ab22cafd51eaa157d6655f93cfe2"
    )
