"""Promises of the ground truth: the same events however they are requested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshchat_sandbox import Options, Sandbox

OPENED = datetime(2025, 6, 1, tzinfo=timezone.utc)
INSTANTS = st.integers(0, 8 * 86_400_000).map(lambda ms: OPENED + timedelta(milliseconds=ms))


def sandbox(**options):
    return Sandbox(Options(**options), lambda: OPENED)


def events_of(one, start, end):
    return list(one.ground_truth(start, end))


@settings(deadline=None, max_examples=12)
@given(st.lists(INSTANTS, min_size=3, max_size=3).map(sorted), st.integers(1, 3))
def test_two_halves_of_a_range_have_the_events_of_the_whole_range(bounds, seed):
    start, middle, end = bounds
    halves = events_of(sandbox(seed=seed), start, middle) + events_of(
        sandbox(seed=seed), middle, end
    )
    assert halves == events_of(sandbox(seed=seed), start, end)


def test_events_are_in_order_of_time_within_the_range_and_none_precedes_the_opening():
    events = events_of(sandbox(), OPENED - timedelta(days=9), OPENED + timedelta(days=9))
    assert all(one.time <= other.time for one, other in pairwise(events))
    assert events[0].time >= OPENED
    assert events[-1].time < OPENED + timedelta(days=9)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("day", [0, 1, 13, 40, 333, 534])
def test_every_week_has_every_kind_of_event(seed, day):
    start = OPENED + timedelta(days=day)
    week = events_of(sandbox(seed=seed), start, start + timedelta(days=7))
    kinds = Counter(one.kind for one in week)
    assert set(kinds) == {
        "created",
        "assigned_to_agent",
        "assigned_to_group",
        "unassigned",
        "resolved",
        "reopened",
        "message",
        "availability",
        "intelliassign",
    }
    assert {(one.actor_type, one.message_type) for one in week if one.kind == "message"} == {
        ("user", "normal"),
        ("agent", "normal"),
        ("agent", "private"),
        ("agent", "system"),
        ("system", "system"),
        ("user", "system"),
        ("bot", "normal"),
    }
    moves = {
        (one.kind, bool(one.previous["assigned_agent_id"]), bool(one.previous["assigned_group_id"]))
        for one in week
        if one.kind.startswith("assigned")
    }
    assert ("assigned_to_agent", True, True) in moves, "an agent takes over from an agent"
    assert ("assigned_to_group", True, True) in moves, "a group takes over from a group"
    assert ("assigned_to_agent", False, False) in moves, "an agent where no group was"
    assert any(both for both in Counter(one.time for one in week).values() if both > 1)
    customers = {one.user_id: one.reference_id for one in week if one.user_id}
    assert 0.35 < sum(map(bool, customers.values())) / len(customers) < 0.75
    assert any(count > 2 for count in _same_agent_again(week).values()), "A, B and A again"


def _same_agent_again(week):
    """Count assignments in interactions where an agent gets back what they gave away."""
    held: dict[str, Any] = {}
    for one in week:
        if one.kind == "assigned_to_agent":
            held.setdefault(one.interaction_id, []).append(one.agent_id)
    return {key: len(agents) for key, agents in held.items() if len(agents) != len(set(agents))}


@settings(deadline=None, max_examples=6)
@given(st.integers(0, 500), st.integers(1, 50))
def test_the_state_before_an_event_is_the_state_after_the_previous_event(day, seed):
    start = OPENED + timedelta(days=day)
    week = events_of(sandbox(seed=seed), start, start + timedelta(days=7))
    states: dict[str, tuple[Any, ...]] = {}
    activity: dict[tuple[Any, ...], str] = {}
    started = set()
    for one in week:
        if one.conversation_id is None:
            key = (one.agent_id, one.kind)
            assert one.previous is None or one.previous["status"] != one.status
            assert one.previous is None or activity.get(key, one.previous["status"]) != one.status
            activity[key] = one.status
            continue
        if one.kind == "created":
            started.add(one.conversation_id)
        if one.conversation_id not in started:
            continue
        before = states.get(one.conversation_id)
        after = (one.status, one.agent_id, one.group_id)
        if one.kind == "message":
            assert after == before
        elif one.kind != "created":
            assert tuple(one.previous.values()) == before != after
        states[one.conversation_id] = after
        if one.kind in {"created", "reopened"}:
            stamp = one.time.timestamp() * 1000
            assert one.interaction_id.split("-")[1] == f"{stamp:.0f}"
            assert one.status == "new"
            assert one.agent_id is None


def test_every_hour_has_events():
    start = OPENED + timedelta(days=100)
    hours = {one.time.replace(minute=0, second=0, microsecond=0)
             for one in events_of(sandbox(), start, start + timedelta(days=7))}  # fmt: skip
    assert len(hours) == 7 * 24


def test_the_ground_truth_does_not_depend_on_the_hash_seed_or_the_process():
    arguments = [sys.executable, "-m", "freshchat_sandbox", "--seed", "5", "--ground-truth"]
    arguments += ["2026-01-05T00:00:00Z", "2026-01-05T06:00:00Z"]
    outputs = [
        subprocess.run(
            arguments,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    lines = [json.loads(line) for line in outputs[0].decode().splitlines()]
    start = datetime(2026, 1, 5, tzinfo=timezone.utc)
    assert lines == [
        one.as_json() for one in events_of(sandbox(seed=5), start, start + timedelta(hours=6))
    ]
