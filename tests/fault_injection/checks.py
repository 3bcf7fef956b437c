"""Checks of the received events and every STATE against the ground truth; pure."""

from __future__ import annotations

import signal
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from fakes.pipeline import key_of_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from freshchat_sandbox import GroundTruthEvent


Key: TypeAlias = "tuple[Any, ...]"

_EVENTS = {
    "agent_activity": {"onAgentActivityCreate"},
    "conversation_events": {"onConversationCreate", "onConversationUpdate"},
    "message_events": {"onMessageCreate"},
}


@dataclass(frozen=True)
class StateLine:
    """A STATE as the target wrote it.

    Attributes:
        value: Its content.
        received: Number of events that the server had accepted when it was read.
        dead_letters: Number of dead letters at that time.
    """

    value: Mapping[str, Any]
    received: int
    dead_letters: int


@dataclass
class Evidence:
    """Everything that a schedule left behind.

    Attributes:
        truth: Ground truth: the events that must arrive, by their identity.
        received: Events in order of arrival, each message id once.
        again: Events received again under a message id that was already there.
        dropped: Reasons for which Segment would have dropped events, other than duplicates.
        dead_letters: Events in the dead-letter file, in order.
        states: STATE lines in order.
        overlap: How much before its bookmark a STATE has read again.
        rows_are_late: Whether rows are later than that, so that only what is settled is covered.
    """

    truth: Mapping[Key, GroundTruthEvent]
    received: list[dict[str, Any]] = field(default_factory=list)
    again: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    dead_letters: list[dict[str, Any]] = field(default_factory=list)
    states: list[StateLine] = field(default_factory=list)
    overlap: timedelta = timedelta(0)
    rows_are_late: bool = False


def violations(evidence: Evidence) -> Iterator[str]:
    """The violations, one line each."""
    ids: dict[Key, set[str]] = defaultdict(set)
    for event in [*evidence.received, *evidence.again, *evidence.dead_letters]:
        ids[key_of_event(event)].add(event["messageId"])
    lost, invented = evidence.truth.keys() - ids.keys(), ids.keys() - evidence.truth.keys()
    if lost:
        yield f"{len(lost)} lost: {_some(lost)}"
    if invented:
        yield f"{len(invented)} invented: {_some(invented)}"
    double = [key for key, each in ids.items() if len(each) > 1]
    if double:
        yield f"{len(double)} under two message ids: {_some(double)}"
    if len({event["messageId"] for event in evidence.received}) != len(ids):
        yield "the numbers of events and of message ids received differ"
    for why in sorted(set(evidence.dropped)):
        yield f"Segment would drop events: {why}"
    misattributed = [
        key
        for event in evidence.received
        if (event_truth := evidence.truth.get(key := key_of_event(event)))
        and (event.get("userId"), event["anonymousId"])
        != (event_truth.reference_id, event_truth.user_id or event_truth.agent_id)
    ]
    if misattributed:
        yield f"{len(misattributed)} with the identity of another user: {_some(misattributed)}"
    yield from _premature(evidence)


def _premature(evidence: Evidence) -> Iterator[str]:
    """STATE lines that cover events which were not delivered when they were written."""
    arrivals: dict[Key, int] = {}
    for number, event in enumerate(evidence.received):
        arrivals.setdefault(key_of_event(event), number)
    dead_letters: dict[Key, int] = {}
    for number, event in enumerate(evidence.dead_letters):
        dead_letters.setdefault(key_of_event(event), number)
    for number, state in enumerate(evidence.states):
        missing = [
            key
            for key in covered(state.value, evidence)
            if arrivals.get(key, state.received) >= state.received
            and dead_letters.get(key, state.dead_letters) >= state.dead_letters
        ]
        if missing:
            yield f"STATE {number} is ahead of delivery by {len(missing)}: {_some(missing)}"


def covered(state: Mapping[str, Any], evidence: Evidence) -> list[Key]:
    """Events before the bookmarks of a STATE, less what is read again."""
    found = []
    for stream, events in _EVENTS.items():
        stored = state.get("bookmarks", {}).get(stream, {})
        if "replication_key_value" not in stored:
            continue
        if evidence.rows_are_late:
            covered_until = datetime.fromisoformat(stored["reports"]["settled_until"])
        else:
            bookmark = datetime.fromisoformat(stored["replication_key_value"])
            covered_until = bookmark - evidence.overlap
        found += [
            key
            for key, event_truth in evidence.truth.items()
            if event_truth.event in events and event_truth.time < covered_until
        ]
    return found


def exact_by_rest(evidence: Evidence) -> Evidence:
    """The part that REST reports with exact times: without assignments and agent statuses.

    Those have the time at which the tap observed them.
    """
    exact = {"created", "reopened", "resolved", "message"}
    received = [_is_exact(event) for event in evidence.received]
    dead_letters = [_is_exact(event) for event in evidence.dead_letters]
    return Evidence(
        truth={key: each for key, each in evidence.truth.items() if each.kind in exact},
        received=[event for event in evidence.received if _is_exact(event)],
        again=[event for event in evidence.again if _is_exact(event)],
        dropped=evidence.dropped,
        dead_letters=[event for event in evidence.dead_letters if _is_exact(event)],
        states=[
            StateLine(
                state.value,
                sum(received[: state.received]),
                sum(dead_letters[: state.dead_letters]),
            )
            for state in evidence.states
        ],
        overlap=evidence.overlap,
        rows_are_late=evidence.rows_are_late,
    )


def _is_exact(event: Mapping[str, Any]) -> bool:
    kinds_by_event: dict[str, set[str]] = {
        "onConversationUpdate": {"reopened", "resolved"},
        "onAgentActivityCreate": set(),
    }
    kinds = kinds_by_event.get(event["event"])
    return kinds is None or event["properties"].get("update_type") in kinds


def _some(keys: Sequence[Key] | set[Key]) -> str:
    shown = sorted(keys, key=str)[:3]
    return "; ".join(" ".join(map(str, key)) for key in shown)


def run_violations(statuses: Mapping[str, int | None], logs: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what must not happen in a run: a traceback, or a program that hangs.

    Args:
        statuses: Exit statuses by program; None for one that hung.
        logs: Standard error by program.
    """
    for name, log in logs.items():
        # Before a program installs its handlers, Python handles the signal with a traceback.
        if b"Traceback" in log and statuses[name] != -signal.SIGINT:
            yield f"{name} shows a traceback"
    yield from (f"{name} hung" for name, status in statuses.items() if status is None)
