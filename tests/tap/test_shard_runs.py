"""Shards: several runs that share the work."""

import json
from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap

from tap_freshchat.tap import TapFreshchat

pytestmark = pytest.mark.e2e

TAP = TapFreshchat(config={"api_url": "sandbox://"}, validate_config=False)
START = {"start_date": (NOON - timedelta(days=2)).isoformat()}


@pytest.fixture(scope="module")
def whole():
    return run_tap(NOON, streams=tuple(TAP.streams), **START)


@pytest.fixture(scope="module")
def shards():
    return [
        run_tap(NOON, streams=tuple(TAP.streams), shard_count=3, shard_index=index, **START)
        for index in range(3)
    ]


@pytest.mark.parametrize("stream", TAP.streams)
def test_shards_joined_are_the_unsharded_run_and_share_nothing(whole, shards, stream):
    keys = TAP.streams[stream].primary_keys

    def of(run):
        return sorted([record[key] for key in keys] for record in run.records[stream])

    joined = sorted(key for shard in shards for key in of(shard))
    assert joined == of(whole)
    assert joined


def test_each_shard_has_its_own_small_state(shards):
    for shard in shards:
        assert len(json.dumps(shard.state)) < 50_000


def test_a_shard_looks_up_only_its_own_conversations():
    one, shard = (run_tap(NOON, shard_count=count, shard_index=0) for count in (1, 4))
    looked_up = [sum("/conversations/" in each for each in run.requests) for run in (one, shard)]
    assert looked_up[1] < looked_up[0] / 2


def test_shards_that_read_via_rest_are_the_unsharded_run_and_share_nothing():
    streams = ("conversation_events", "message_events", "messages", "conversations")
    chosen = {"streams": streams, "activity_source": "rest", **START}
    whole = run_tap(NOON, **chosen)
    shards = [run_tap(NOON, shard_count=2, shard_index=index, **chosen) for index in range(2)]
    for stream in streams:
        keys = TAP.streams[stream].primary_keys
        of_whole, *of_shards = (
            [tuple(record[key] for key in keys) for record in run.records[stream]]
            for run in (whole, *shards)
        )
        assert all(of_shards)
        assert sorted(key for shard in of_shards for key in shard) == sorted(of_whole)
