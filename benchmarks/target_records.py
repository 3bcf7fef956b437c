"""Records for measuring the target: those of tap-freshchat, and short ones of any tap.

`support` are the events that tap-freshchat reports from the sandbox, about 4 KB each,
with the target's preset; of them only those that become events. `short` are messages of a chat,
about 700 bytes each, with a mapping such as a user would write.
"""

from __future__ import annotations

import json
import random
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from tap_process import run_tap

from target_segment.mapping.stream_mapping import Skipped, StreamInfo
from target_segment.presets import load_preset
from target_segment.target import TargetSegment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENT_STREAMS = ("conversation_events", "message_events", "agent_activity")
# Three days of the embedded Freshchat, some thousand events; they are sent over and over, under
# ids of their own. Compression looks back over eight of them at most, so it does not notice.
START, END = "2026-03-02T00:00:00Z", "2026-03-05T00:00:00Z"

SHORT_MAPPING: dict[str, dict[str, Any]] = {
    "chat_messages": {
        "event": {"value": "Message Posted"},
        "user_id": "user_id",
        "anonymous_id": "device_id",
        "timestamp": "created_time",
        "properties": [
            "message_id",
            "conversation_id",
            "channel_id",
            "actor",
            "message_type",
            "message_text",
            "message_parts",
            "time_is_approximate",
            "position",
        ],
    }
}
MAPPING_SETTINGS: dict[str, dict[str, Any]] = {
    "support": {"preset": "freshchat"},
    "short": {"preset": "none", "streams": SHORT_MAPPING},
}
_WORDS = ("hello", "order", "late", "refund", "thanks", "where", "is", "my", "parcel", "please")
_TEXT = {"type": ["string", "null"]}
_SHORT_SCHEMA = {
    "type": "object",
    "properties": {
        "message_id": {"type": "string"},
        "conversation_id": _TEXT,
        "channel_id": _TEXT,
        "user_id": _TEXT,
        "device_id": _TEXT,
        "message_type": _TEXT,
        "message_text": _TEXT,
        "created_time": {"type": "string", "format": "date-time"},
        "actor": {"type": "object", "properties": {"id": {"type": "string"}}},
        "message_parts": {"type": "array", "items": {"type": "object"}},
        "time_is_approximate": {"type": "boolean"},
        "position": {"type": "integer"},
    },
}


def property_names(kind: str) -> dict[str, dict[str, Any]]:
    """The fields that become properties, by stream and name, for a sender without our mapping."""
    if kind == "short":
        return {
            stream: {n: n for n in spec["properties"]} for stream, spec in SHORT_MAPPING.items()
        }
    streams = load_preset("freshchat").streams
    chosen = {stream: streams[stream]["properties"].items() for stream in EVENT_STREAMS}
    return {
        stream: {name: field for name, field in pairs if isinstance(field, str)}
        for stream, pairs in chosen.items()
    }


def write_records(kind: str, path: Path, count: int) -> Path:
    """Write Singer messages with so many records, each of which becomes an event."""
    heads, records = _short(count) if kind == "short" else _support(path.parent)
    with path.open("w", encoding="utf-8") as file:
        for head in heads:
            file.write(json.dumps(head) + "\n")
        for number, message in enumerate(islice(records, count)):
            if kind == "support":
                message["record"]["id"] = f"{number:032x}"
            file.write(json.dumps(message) + "\n")
        file.write(json.dumps({"type": "STATE", "value": {"position": count}}) + "\n")
    return path


def _support(folder: Path) -> tuple[list[dict[str, Any]], Iterator[dict[str, Any]]]:
    output = folder / "support.singer"
    if not output.exists():
        config = {"api_url": "sandbox://", "start_date": START, "end_date": END}
        run_tap(EVENT_STREAMS, config, output)
    messages = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    heads = [message for message in messages if message["type"] == "SCHEMA"]
    target = TargetSegment(config={"dry_run": True})
    mappings = {
        head["stream"]: target.settings.routing.mapping_of(
            StreamInfo(name=head["stream"], schema=head["schema"], keys=head["key_properties"])
        )
        for head in heads
    }
    records = [message for message in messages if message["type"] == "RECORD"]
    events = []
    for message in records:
        mapping = mappings[message["stream"]]
        assert not isinstance(mapping, Skipped)  # noqa: S101 - the preset maps all three
        if not isinstance(mapping.map(message["record"]), Skipped):
            events.append(message)
    # Streams come one after the other; mixed, each part of the input is like any other.
    random.Random(4).shuffle(events)  # noqa: S311 - the same order every time
    return heads, cycle(events)


def _short(count: int) -> tuple[list[dict[str, Any]], Iterator[dict[str, Any]]]:
    head = {
        "type": "SCHEMA",
        "stream": "chat_messages",
        "schema": _SHORT_SCHEMA,
        "key_properties": ["message_id"],
    }
    return [head], _short_records(count)


def _short_records(count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(4)  # noqa: S311 - the same records every time
    for number in range(count):
        text = " ".join(chance.choices(_WORDS, k=24))
        record = {
            "message_id": f"{number:08}-{chance.getrandbits(64):016x}",
            "conversation_id": f"{chance.getrandbits(128):032x}",
            "channel_id": f"channel-{number % 7}",
            "user_id": f"user-{number % 9_973}",
            "device_id": f"{number % 9_973:032x}",
            "created_time": f"2026-11-{1 + number % 20:02}T10:{number % 60:02}:22.220000+00:00",
            "actor": {"id": f"agent-{number % 50}", "type": "agent", "first_name": "Ada"},
            "message_type": "normal",
            "message_text": text,
            "message_parts": [{"text": {"content": text}}],
            "time_is_approximate": False,
            "position": number,
        }
        yield {"type": "RECORD", "stream": "chat_messages", "record": record}
