"""Assignment of records to shards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.ids import shard_of
from tap_freshchat.streams.base import shard_key


@given(st.text(), st.integers(1, 50))
def test_every_id_belongs_to_one_shard_and_always_to_the_same(owner_id, count):
    assert 0 <= shard_of(owner_id, count) < count
    assert shard_of(owner_id, count) == shard_of(owner_id, count)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_every_shard_has_its_share(count):
    assert {shard_of(str(number), count) for number in range(100)} == set(range(count))


def test_an_id_always_belongs_to_the_same_shard():
    # CRC-32 of "123456789" is 0xCBF43926, its published check value.
    assert shard_of("123456789", 2**32) == 0xCBF43926
    assert shard_of("123456789", 1) == 0


@pytest.mark.parametrize(
    ("record", "owner"),
    [
        ({"id": 1, "conversation_id": "c", "agent_id": "a"}, "c"),
        ({"id": 1, "conversation_id": None, "agent_id": "a"}, "a"),
        ({"id": 1, "conversation_id": "c"}, "c"),
        ({"id": 1, "agent_id": ""}, "1"),
        ({"id": 1}, "1"),
    ],
)
def test_a_record_is_in_the_shard_of_its_conversation_or_agent_or_of_its_own_id(record, owner):
    assert shard_key(record, ["id", "conversation_id"]) == owner
