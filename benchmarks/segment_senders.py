"""The senders that are compared, each run as a process of its own.

`python segment_senders.py target|library|limit support|short FILE PORT [OPTIONS as JSON]` sends
the records of a file of Singer messages, of one of the kinds of `target_records.py`, to the
receiver at a port, and prints the seconds it took, from the first byte read to the last
acknowledgement; the imports before are not counted.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

from target_records import MAPPING_SETTINGS, property_names

BODY_BYTES = 480_000


def target(kind: str, path: Path, port: int, options: dict[str, Any]) -> float:
    """Send with this target, with its default settings but for the ceiling of the rate."""
    from singer_sdk.plugin_base import _ConfigInput  # noqa: PLC0415 - only here is it measured

    from target_segment.target import TargetSegment  # noqa: PLC0415 - the same

    config = {
        "write_key": "key",
        "api_url": f"http://127.0.0.1:{port}/v1",
        "check_write_key": False,
        **MAPPING_SETTINGS[kind],
        "max_events_per_second": 0,
        "dead_letter_path": str(path.with_suffix(".dead")),
        **options,
    }
    sys.stdout, stdout = sys.stderr, sys.stdout
    with path.open() as file:
        began = time.perf_counter()
        try:
            TargetSegment.invoke(config=_ConfigInput(config=config), file_input=file)
        except SystemExit as end:
            if end.code:
                raise
    seconds = time.perf_counter() - began
    sys.stdout = stdout
    return seconds


def library(kind: str, path: Path, port: int, options: dict[str, Any]) -> float:
    """Send with segment-analytics-python, as a script that reads the same file would."""
    from segment.analytics.client import Client  # noqa: PLC0415 - only here is it measured

    chosen = property_names(kind)
    track = _track_short if kind == "short" else _track_support
    began = time.perf_counter()
    client = Client("key", host=f"http://127.0.0.1:{port}", max_queue_size=10**7, **options)
    with path.open() as file:
        for line in file:
            message = json.loads(line)
            if message["type"] == "RECORD":
                record = message["record"]
                fields = chosen[message["stream"]].items()
                properties = {n: record[f] for n, f in fields if record.get(f) is not None}
                track(client, record, properties)
    client.flush()
    return time.perf_counter() - began


def _track_short(client: Any, record: dict[str, Any], properties: dict[str, Any]) -> None:
    client.track(
        user_id=record["user_id"],
        anonymous_id=record["device_id"],
        event="Message Posted",
        timestamp=datetime.fromisoformat(record["created_time"]),
        properties=properties,
        message_id=record["message_id"],
    )


def _track_support(client: Any, record: dict[str, Any], properties: dict[str, Any]) -> None:
    client.track(
        user_id=record["user_reference_id"],
        anonymous_id=record["user_id"] or record.get("conversation_id") or record["agent_id"],
        event=record["event"],
        timestamp=datetime.fromisoformat(record["created_time"].replace("Z", "+00:00")),
        properties=properties,
        message_id=record["id"],
    )


def limit(_kind: str, path: Path, _port: int, _options: dict[str, Any]) -> float:
    """Parse, encode and compress the same records, and send nothing: the least there is to do."""
    import msgspec  # noqa: PLC0415 - only here is it measured

    began = time.perf_counter()
    decoder, encoder = msgspec.json.Decoder(), msgspec.json.Encoder()
    body: list[bytes] = []
    size = 0

    def close() -> None:
        compressor = zlib.compressobj(1, zlib.DEFLATED, wbits=31)
        compressor.compress(b",".join(body))
        compressor.flush()

    with path.open("rb") as file:
        for line in file:
            record = decoder.decode(line).get("record")
            if record is None:
                continue
            event = encoder.encode(record)
            size += len(event)
            if size > BODY_BYTES:
                close()
                body.clear()
                size = len(event)
            body.append(event)
    close()
    return time.perf_counter() - began


if __name__ == "__main__":
    senders = {sender.__name__: sender for sender in (target, library, limit)}
    name, records, file_name, port_number, *given = sys.argv[1:]
    settings = json.loads(given[0]) if given else {}
    print(senders[name](records, Path(file_name), int(port_number), settings))
