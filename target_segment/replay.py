"""Replay of dead letters: events with the same ids, records through the current mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_segment.dead_letters import read_dead_letters
from target_segment.errors import DeadLetterError
from target_segment.mapping.stream_mapping import Skipped, StreamInfo
from target_segment.segment_spec import Event, validate_event
from target_segment.stream_pipeline import StreamPipeline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from target_segment.mapping.routing import Routing
    from target_segment.run import Run

_NOT_A_DEAD_LETTER = "not a dead letter"


def replay(path: Path, routing: Routing, run: Run, check_interrupt: Callable[[], None]) -> None:
    """Send what a dead-letter file holds; what fails again becomes a dead letter again.

    The file is read as it is at the start and never changed. `check_interrupt` is called for each
    line and raises to end the run. Raises `TargetSegmentError` if reading or delivery fails, or if
    nothing can be sent.
    """
    count = 0
    for entry in read_dead_letters(path):
        check_interrupt()
        if entry is None:
            run.delivery.stats.skipped[path.name, _NOT_A_DEAD_LETTER] += 1
            continue
        count += 1
        stream = StreamInfo(name=entry.stream, keys=entry.keys or ())
        # The stream of an event may have no mapping any more.
        mapping = routing.mapping_of(stream) if entry.event is None else Skipped("mapped already")
        pipeline = StreamPipeline(stream, mapping, run, truncate=routing.rules.truncate)
        if entry.event is None:
            pipeline.process(entry.record or {})
        elif reason := validate_event(entry.event):
            pipeline.reject(entry.event, reason)
        else:
            pipeline.enqueue(
                Event(
                    payload=entry.payload,
                    message_id=entry.event["messageId"],
                    name=entry.event["type" if entry.event["type"] != "track" else "event"],
                    stream=entry.stream,
                    identity="userId" if entry.event.get("userId") else "anonymousId",
                )
            )
    run.delivery.flush()
    stats = run.delivery.stats
    if not count and stats.skipped[path.name, _NOT_A_DEAD_LETTER]:
        raise DeadLetterError(
            f"{path} is not a dead-letter file: none of its lines is a dead letter (a JSON object "
            "with stream and event or record)"
        )
    failed = sum(stats.dead_letters.values()) + stats.skipped[path.name, _NOT_A_DEAD_LETTER]
    if failed and not stats.streams:
        raise DeadLetterError(
            f"Nothing of {path} could be sent: {failed:,} lines failed again; the summary has the "
            "reasons"
        )
