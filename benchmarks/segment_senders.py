"""The senders that are compared, each run as a process of its own.

`python segment_senders.py target|library|limit FILE PORT [OPTIONS as JSON]` sends the records of a
file of Singer messages to the receiver at a port, and prints the seconds it took, from the first
byte read to the last acknowledgement; the imports before are not counted.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from pathlib import Path
from typing import Any

BODY_BYTES = 480_000
MAPPING = {
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
            "observed",
            "position",
        ],
    }
}


def target(path: Path, port: int, options: dict[str, Any]) -> float:
    """Send with this target, with its default settings but for the ceiling of the rate."""
    from singer_sdk.plugin_base import _ConfigInput  # noqa: PLC0415 - only here is it measured

    from target_segment.target import TargetSegment  # noqa: PLC0415 - the same

    config = {
        "write_key": "key",
        "api_url": f"http://127.0.0.1:{port}/v1",
        "check_write_key": False,
        "preset": "none",
        "streams": MAPPING,
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


def library(path: Path, port: int, options: dict[str, Any]) -> float:
    """Send with segment-analytics-python, as a script that reads the same file would."""
    from datetime import datetime  # noqa: PLC0415 - only here is it measured

    from segment.analytics.client import Client  # noqa: PLC0415 - the same

    properties = MAPPING["chat_messages"]["properties"]
    began = time.perf_counter()
    client = Client("key", host=f"http://127.0.0.1:{port}", max_queue_size=10**7, **options)
    with path.open() as file:
        for line in file:
            message = json.loads(line)
            if message["type"] != "RECORD":
                continue
            record = message["record"]
            client.track(
                user_id=record["user_id"],
                anonymous_id=record["device_id"],
                event="Message Posted",
                timestamp=datetime.fromisoformat(record["created_time"]),
                properties={name: record[name] for name in properties},
                message_id=record["message_id"],
            )
    client.flush()
    return time.perf_counter() - began


def limit(path: Path, _port: int, _options: dict[str, Any]) -> float:
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
    given = json.loads(sys.argv[4]) if len(sys.argv) > 4 else {}  # noqa: PLR2004 - see above
    print(senders[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]), given))
