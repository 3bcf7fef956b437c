"""Checks of what events say: against the ground truth, and against an unbroken run; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.pipeline import key_of_event

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from freshchat_sandbox import GroundTruthEvent

    Event = Mapping[str, Any]

# Values of the present, which two runs read at different times, and flags that depend on the time
# of the run: whether a row can still arrive.
_PRESENT = frozenset(
    {
        *("enriched_at", "associations", "actor", "properties", "login_status"),
        *("previous_values_known", "state_is_provisional"),
    }
)

# State that is absent where the present conversation has changed since: the later run lacks it.
_STATE = frozenset(
    {
        *("status", "assigned_agent_id", "assigned_group_id", "agent_id", "group_id"),
        *("assigned_org_agent_id", "assigned_org_group_id"),
    }
)


def contradictions(
    events: Iterable[Event], truth: Mapping[Any, GroundTruthEvent], *, rows_are_late: bool
) -> Iterator[str]:
    """Values that contradict the truth, one line each.

    Args:
        events: as Segment received them.
        truth: by the identity of the event.
        rows_are_late: whether a flag excuses a wrong value.
    """
    for event in events:
        true = truth.get(key_of_event(dict(event)))
        if true is None or event["event"] == "onAgentActivityCreate":
            continue
        properties = event["properties"]
        conversation = properties.get("conversation") or properties["message"]
        expected = {
            "status": true.status,
            "assigned_agent_id": true.agent_id,
            "assigned_group_id": true.group_id,
        }
        yield from _inexact(event, true)
        if not (rows_are_late and properties["state_is_provisional"]):
            for name, value in expected.items():
                # Segment drops properties that are null.
                if conversation.get(name, value) != value:
                    yield f"{event['event']}: {name} contradicts the truth"
        changes = properties.get("changes", {}).get("model_changes", {})
        if properties.get("previous_values_known"):
            for name, (old, new) in changes.items():
                if (true.previous or {}).get(name) != old:
                    yield f"{event['event']}: the old {name} contradicts the truth"
                if expected[name] != new:
                    yield f"{event['event']}: the new {name} contradicts the truth"


def _inexact(event: Event, true: GroundTruthEvent) -> Iterator[str]:
    """Wrong values among those that do not depend on when a row arrives."""
    exact = {
        "conversation_id": true.conversation_id,
        "interaction_id": true.interaction_id,
        "channel_id": true.channel_id,
        "user_id": true.user_id,
        "message_id": true.message_id,
        "message_type": true.message_type,
        "message_text": true.text,
    }
    for name, value in exact.items():
        if event["properties"].get(name, value) != value:
            yield f"{event['event']}: {name} contradicts the truth"


def differences(
    events: Iterable[Event], unbroken: Iterable[Event], hit: Collection[str]
) -> Iterator[str]:
    """Events whose content differs from that of an unbroken run, one line each.

    Args:
        events: as Segment received them.
        unbroken: the same.
        hit: ids of conversations, users and agents of which something cannot be read: one of the
            two may lack what the other has.
    """
    expected = {event["messageId"]: _content(event["properties"]) for event in unbroken}
    for event in events:
        content = _content(event["properties"])
        whole = expected.get(event["messageId"], content)
        owners = event["anonymousId"], event["properties"].get("conversation_id")
        lacks_details = any(owner in hit for owner in owners)
        names = sorted(
            name
            for name in {*content, *whole}
            if content.get(name) != whole.get(name)
            and not (
                (lacks_details or name.rpartition(".")[2] in _STATE)
                and None in {content.get(name), whole.get(name)}
            )
        )
        if names:
            yield f"{event['event']} differs from an unbroken run in {', '.join(names)}"


def _content(value: Any, path: str = "") -> dict[str, Any]:
    """The values of an event by path, without those of the present."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    content: dict[str, Any] = {}
    for name, item in items:
        if name in _PRESENT:
            continue
        place = f"{path}.{name}" if path else str(name)
        content.update(_content(item, place) if isinstance(item, (dict, list)) else {place: item})
    return content
