"""Several runs that share the work."""

from fakes.clock import NOON
from fakes.runs import run_tap
from hypothesis import given
from hypothesis import strategies as st

from tap_freshchat.shards import shard_of

STREAMS = ("agent_activity", "conversation_events", "message_events", "messages")


def test_shards_joined_are_the_unsharded_run_and_share_nothing():
    whole = run_tap(NOON, streams=STREAMS)
    shards = [
        run_tap(NOON, streams=STREAMS, shard_count=3, shard_index=index) for index in range(3)
    ]
    for stream in STREAMS:
        parts = [{record["id"] for record in shard.records[stream]} for shard in shards]
        assert all(parts)
        assert sum(map(len, parts)) == len(whole.records[stream])
        assert set().union(*parts) == {record["id"] for record in whole.records[stream]}


def test_a_shard_looks_up_only_its_own_conversations():
    whole, shard = (run_tap(NOON, shard_count=count, shard_index=0) for count in (1, 4))
    looked_up = [sum("/conversations/" in each for each in run.requests) for run in (whole, shard)]
    assert looked_up[1] < looked_up[0] / 2


@given(st.text(), st.integers(1, 50))
def test_every_id_falls_to_one_shard_and_always_to_the_same(owner_id, count):
    assert 0 <= shard_of(owner_id, count) < count
    assert shard_of(owner_id, count) == shard_of(owner_id, count)
