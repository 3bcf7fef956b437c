"""Checks of what events say: against the ground truth, and against an unbroken run; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.pipeline import key_of_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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


def differences(events: Iterable[Event], unbroken: Iterable[Event]) -> Iterator[str]:
    """Events whose content differs from that of an unbroken run, one line each."""
    expected = {event["messageId"]: _content(event["properties"]) for event in unbroken}
    for event in events:
        content = _content(event["properties"])
        whole = expected.get(event["messageId"], content)
        names = sorted(
            name
            for name in {*content, *whole}
            if content.get(name) != whole.get(name)
            and not (
                name.rpartition(".")[2] in _STATE and None in {content.get(name), whole.get(name)}
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
