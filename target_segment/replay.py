"""Dead letters once more: events with the same ids, records through today's mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_segment.dead_letters import read_letters
from target_segment.events import Event, fault_of
from target_segment.intake import Intake
from target_segment.mapping.stream_mapping import Stream
from target_segment.outlet import Outlet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_segment.dead_letters import Letter
    from target_segment.mapping.routing import Routing
    from target_segment.wiring import Run


def replay(path: Path, routing: Routing, run: Run, heed: Callable[[], None]) -> None:
    """Send what a dead-letter file holds; what fails again is kept again.

    Args:
        path: The file; it is read as it is at the start and left as it is.
        routing: Mappings for records that could not be mapped the first time.
        run: Where events go, and what fails again, perhaps to the same file.
        heed: Called for each line; raises to end the run.

    Raises:
        TargetSegmentError: The file cannot be read, or the delivery has failed.
    """
    delivery, truncate = run.delivery, routing.rules.truncate
    for letter in read_letters(path):
        heed()
        if letter is None:
            delivery.report.skipped[path.name, "a line that is no dead letter"] += 1
            continue
        stream = Stream(name=letter.stream, keys=letter.keys)
        outlet = Outlet(stream, run, truncate=truncate)
        if letter.event is None:
            mapping = routing.mapping_of(stream)
            Intake(stream, mapping, outlet, run.now).take(letter.record or {})
            continue
        fault = fault_of(letter.event)
        if fault is None:
            outlet.hand_over(_event(letter, letter.event))
        else:
            outlet.refuse(letter.event, fault)
    delivery.settle()


def _event(letter: Letter, event: Any) -> Event:
    return Event(
        payload=letter.payload,
        message_id=event["messageId"],
        name=event["event"] if event["type"] == "track" else event["type"],
        stream=letter.stream,
        identity="userId" if event.get("userId") else "anonymousId",
    )
