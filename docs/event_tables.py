"""Generator of the tables of docs/events.md: each property of the events, its column, its source.

The properties are those of a dry run over a fortnight of the sandbox, so that the page lists what
is sent and nothing else. event_sources.yml has the source of each, by the longest prefix that fits.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from singer_sdk.singerlib import Catalog

from freshchat_sandbox import SandboxClock
from tap_freshchat.run_context import RunContext
from tap_freshchat.tap import TapFreshchat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.singerlib import Message

SOURCES = Path(__file__).parent / "event_sources.yml"
STREAMS = (
    *("agent_activity", "conversation_events", "message_events"),
    *("csat_events", "label_events", "first_response_events"),
)
# A fixed time, so that the page does not change.
NOW = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
FORTNIGHT = timedelta(days=14)
EVENTS = {
    "onAgentActivityCreate": "A",
    "onConversationCreate": "C",
    "onConversationUpdate": "U",
    "onMessageCreate": "M",
    "onCsatSubmit": "R",
    "onConversationLabel": "L",
    "onFirstResponse": "F",
}
# Properties of the optional events only.
OPTIONAL = {
    *("csat_id", "rating", "comment", "label_category", "label_subcategory", "response_seconds"),
}
# The conversation has two names: its own, and `message` where it contains a message.
TREES = ("conversation", "message")
Found = dict[str, dict[str, set[str]]]


class _Lines:
    """Message writer that keeps the lines for the target."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_message(self, message: Message) -> None:
        self.lines.append(json.dumps(message.to_dict(), default=str) + "\n")


def tables() -> dict[str, str]:
    """The tables of the page, by the name of their marker."""
    found = _found()
    sources = yaml.safe_load(SOURCES.read_text())
    unused = set(sources)
    parts: dict[str, list[str]] = defaultdict(list)
    for path in sorted(found, key=lambda path: (_rank(path), path)):
        prefix = _longest(path, sources)
        unused.discard(prefix)
        source = sources[prefix]
        cells = _cells(path, found, source)
        if cells:
            parts[_part(path)].append(f"| {' | '.join(cells)} |")
    if unused:
        raise ValueError(f"{SOURCES.name}: no event has {', '.join(sorted(unused))}")
    head = ["| Property | Column | In | | From |", "| --- | --- | --- | --- | --- |"]
    return {name: "\n".join([*head, *rows]) for name, rows in parts.items()}


def column(path: str) -> str:
    """What Segment's warehouses call a property (segment.com docs, "Warehouse schemas")."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path.replace(".", "_"))
    return words.lower()


def _part(path: str) -> str:
    first = path.partition(".")[0]
    if first in OPTIONAL:
        return "optional"
    return {"message": "conversation", "agent_activity": "activity"}.get(
        first, first if first in {"actor", "associations", "changes", "conversation"} else "flat"
    )


def _rank(path: str) -> bool:
    return path.partition(".")[0] == "message"


def _longest(path: str, sources: Mapping[str, Any]) -> str:
    plain = re.sub(r"^message\.", "conversation.", path)
    fitting = [each for each in sources if plain == each or plain.startswith(each + ".")]
    if not fitting:
        raise ValueError(f"{SOURCES.name} has no source for {path}")
    return max(fitting, key=len)


def _cells(path: str, found: Found, source: list[str]) -> list[str]:
    tree, _, rest = path.partition(".")
    events = found[path]
    names, columns = f"`{path}`", f"`{column(path)}`"
    if tree in TREES and rest:
        twin = f"{TREES[1 - TREES.index(tree)]}.{rest}"
        if tree == "message" and twin in found:
            return []
        events = events | found.get(twin, {})
        names = f"`….{rest}`" if twin in found else names
        columns = f"`…_{column(rest)}`" if twin in found else columns
    kinds = {kind for each in events.values() for kind in each}
    initials = "".join(initial for name, initial in EVENTS.items() if name in events)
    note = {"list": " (JSON text)", "bool": " (boolean)", "float": " (number)"}
    kind = next((note[each] for each in note if each in kinds), "")
    return [names, columns + kind, initials, *source]


def _found() -> Found:
    found: Found = defaultdict(lambda: defaultdict(set))
    for event in _events():
        for path, value in _leaves(event["properties"]):
            # The names of the sandbox's custom fields mean nothing to other accounts.
            shown = re.sub(r"\.cf_\w+$", ".cf_*", path)
            found[shown][event["event"]].add(type(value).__name__)
    return {path: dict(events) for path, events in found.items()}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else name)
    elif value is not None:
        yield path, value


def _events() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        settings = {"dry_run": True, "output_path": folder, "include_events": [*EVENTS]}
        config.write_text(json.dumps(settings))
        command = [sys.executable, "-m", "target_segment", "--config", config]
        subprocess.run(command, input=_records(), text=True, capture_output=True, check=True)  # noqa: S603 - ours
        for bodies in Path(folder).glob("*.jsonl"):
            for body in bodies.read_text().splitlines():
                yield from json.loads(body)["batch"]


def _records() -> str:
    config = {"api_url": "sandbox://", "start_date": (NOW - FORTNIGHT).isoformat()}
    written = _Lines()
    catalog = Catalog.from_dict(TapFreshchat(config=config).catalog_dict)
    for name, entry in catalog.items():
        entry.metadata.root.selected = name in STREAMS
    tap = TapFreshchat(config=config, catalog=catalog, message_writer=written)  # type: ignore[arg-type]
    tap.run = RunContext.from_config(tap.config, SandboxClock(NOW))
    tap.sync_all()
    return "".join(written.lines)
