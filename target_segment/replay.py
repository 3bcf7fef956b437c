"""Dead letters once more: events with the same ids, records through today's mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_segment.dead_letters import read_dead_letters
from target_segment.mapping.stream_mapping import StreamInfo
from target_segment.outlet import Outlet
from target_segment.segment_spec import Event, validate_event
from target_segment.stream_pipeline import StreamPipeline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_segment.dead_letters import DeadLetter
    from target_segment.mapping.routing import Routing
    from target_segment.run import Run


def replay(path: Path, routing: Routing, run: Run, check_interrupt: Callable[[], None]) -> None:
    """Send what a dead-letter file holds; what fails again is kept again.

    Args:
        path: The file; it is read as it is at the start and left as it is.
        routing: Mappings for records that could not be mapped the first time.
        run: Where events go, and what fails again, perhaps to the same file.
        check_interrupt: Called for each line; raises to end the run.

    Raises:
        TargetSegmentError: The file cannot be read, or the delivery has failed.
    """
    delivery, truncate = run.delivery, routing.rules.truncate
    for letter in read_dead_letters(path):
        check_interrupt()
        if letter is None:
            delivery.stats.skipped[path.name, "a line that is no dead letter"] += 1
            continue
        stream = StreamInfo(name=letter.stream, keys=letter.keys)
        outlet = Outlet(stream, run, truncate=truncate)
        if letter.event is None:
            mapping = routing.mapping_of(stream)
            StreamPipeline(stream, mapping, outlet, run.now).process(letter.record or {})
            continue
        fault = validate_event(letter.event)
        if fault is None:
            outlet.enqueue(_event(letter, letter.event))
        else:
            outlet.reject(letter.event, fault)
    delivery.flush()


def _event(letter: DeadLetter, event: Any) -> Event:
    return Event(
        payload=letter.payload,
        message_id=event["messageId"],
        name=event["event"] if event["type"] == "track" else event["type"],
        stream=letter.stream,
        identity="userId" if event.get("userId") else "anonymousId",
    )
