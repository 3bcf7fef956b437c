"""The smallest tap on the SDK's defaults, its records ready: run as a process of its own.

`python ready_tap.py RECORDS.jsonl COUNT` sends the file's records over and over, COUNT in all,
through the SDK's own loop to stdout, and the seconds that took to stderr.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream, Tap
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_freshchat import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = json.loads((Path(schemas.__path__[0]) / "messages.json").read_text(encoding="utf-8"))


class Messages(Stream):
    """Records of a file, over and over."""

    name = "messages"
    schema = SCHEMA
    primary_keys = ("conversation_id", "id")
    # The default looks into parts of messages, whose properties no schema lists, and fails.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.ROOT_ONLY

    def get_records(self, context: Any) -> Iterator[dict[str, Any]]:
        """Yield as many as asked for."""
        del context
        lines = Path(self.config["path"]).read_text(encoding="utf-8").splitlines()
        records = [json.loads(line)["record"] for line in lines]
        yield from islice(cycle(records), self.config["count"])


class ReadyTap(Tap):
    """One stream and nothing to read."""

    name = "ready-tap"
    config_jsonschema = {"properties": {}}  # noqa: RUF012 - the SDK declares it so

    def discover_streams(self) -> list[Stream]:
        """The one stream."""
        return [Messages(self)]


tap = ReadyTap(config={"path": sys.argv[1], "count": int(sys.argv[2])})
began = time.perf_counter()
tap.sync_all()
sys.stderr.write(f"{time.perf_counter() - began}\n")
