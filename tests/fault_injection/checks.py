"""Holds what was received, and every STATE, against what truly happened; pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from fakes.pair import key_of_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_freshchat.sandbox import Occurrence

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
        value: What it says.
        received: How many events the receiver had taken in when it was read.
        letters: How many dead letters there were.
    """

    value: Mapping[str, Any]
    received: int
    letters: int


@dataclass
class Evidence:
    """All that a trial left behind.

    Attributes:
        truth: What happened and should be told, by what identifies it.
        received: Events in order of arrival, each message id once.
        again: Events that came once more under a message id that was there.
        dropped: Why the receiver would have dropped events, other than that.
        letters: Events in the dead-letter file, in order.
        states: STATE lines in order.
        overlap: How much before its bookmark a STATE has read again.
    """

    truth: Mapping[Key, Occurrence]
    received: list[dict[str, Any]] = field(default_factory=list)
    again: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    letters: list[dict[str, Any]] = field(default_factory=list)
    states: list[StateLine] = field(default_factory=list)
    overlap: timedelta = timedelta(0)


def violations(evidence: Evidence) -> Iterator[str]:
    """What must not be, one line each; nothing when all is well."""
    ids: dict[Key, set[str]] = defaultdict(set)
    for event in [*evidence.received, *evidence.again, *evidence.letters]:
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
        yield "occurrences and message ids received are not the same number"
    for why in sorted(set(evidence.dropped)):
        yield f"the receiver dropped events: {why}"
    strangers = [
        key
        for event in evidence.received
        if (occurrence := evidence.truth.get(key := key_of_event(event)))
        and (event.get("userId"), event["anonymousId"])
        != (occurrence.reference_id, occurrence.user_id or occurrence.agent_id)
    ]
    if strangers:
        yield f"{len(strangers)} under another's identity: {_some(strangers)}"
    yield from _premature(evidence)


def _premature(evidence: Evidence) -> Iterator[str]:
    """STATE lines that cover what nobody had received when they were written."""
    arrivals: dict[Key, int] = {}
    for number, event in enumerate(evidence.received):
        arrivals.setdefault(key_of_event(event), number)
    letters: dict[Key, int] = {}
    for number, event in enumerate(evidence.letters):
        letters.setdefault(key_of_event(event), number)
    for number, state in enumerate(evidence.states):
        missing = [
            key
            for key in covered(state.value, evidence.truth, evidence.overlap)
            if arrivals.get(key, state.received) >= state.received
            and letters.get(key, state.letters) >= state.letters
        ]
        if missing:
            yield f"STATE {number} is ahead by {len(missing)}: {_some(missing)}"


def covered(
    state: Mapping[str, Any], truth: Mapping[Key, Occurrence], overlap: timedelta
) -> list[Key]:
    """Occurrences that lie before the bookmarks of a STATE, and before what is read again."""
    found = []
    for stream, events in _EVENTS.items():
        bookmark = state.get("bookmarks", {}).get(stream, {}).get("replication_key_value")
        if bookmark is None:
            continue
        moment = datetime.fromisoformat(bookmark) - overlap
        found += [
            key
            for key, occurrence in truth.items()
            if occurrence.event in events and occurrence.time < moment
        ]
    return found


def exact_by_rest(evidence: Evidence) -> Evidence:
    """The part of it that REST tells exactly: without assignments and agents' statuses.

    Those have the time at which they were seen.
    """
    exact = {"created", "reopened", "resolved", "message"}
    received = [_is_exact(event) for event in evidence.received]
    letters = [_is_exact(event) for event in evidence.letters]
    return Evidence(
        truth={key: each for key, each in evidence.truth.items() if each.kind in exact},
        received=[event for event in evidence.received if _is_exact(event)],
        again=[event for event in evidence.again if _is_exact(event)],
        dropped=evidence.dropped,
        letters=[event for event in evidence.letters if _is_exact(event)],
        states=[
            StateLine(state.value, sum(received[: state.received]), sum(letters[: state.letters]))
            for state in evidence.states
        ],
        overlap=evidence.overlap,
    )


def _is_exact(event: Mapping[str, Any]) -> bool:
    told = {"onConversationUpdate": {"reopened", "resolved"}, "onAgentActivityCreate": set()}
    kinds = told.get(event["event"])
    return kinds is None or event["properties"].get("update_type") in kinds


def _some(keys: Sequence[Key] | set[Key]) -> str:
    shown = sorted(keys, key=str)[:3]
    return "; ".join(" ".join(map(str, key)) for key in shown)
