"""The pair as two real processes joined by a pipe, and what truly happened to compare with."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fakes.runs import EVENT_STREAMS, truth

if TYPE_CHECKING:
    from pathlib import Path

    from freshchat_sandbox import GroundTruthEvent


# What is a record of the tap but, as private or a system's notice, no event.
SENT_MESSAGES = {"user", "agent", "bot"}


@dataclass
class Pair:
    """One tap and one target, started by hand as a shell would join them."""

    tap: subprocess.Popen[bytes]
    target: subprocess.Popen[bytes]
    folder: Path

    def wait(self) -> tuple[int, int]:
        """Both exit codes, tap first; the last STATE is kept in the folder as a shell would."""
        out, _ = self.target.communicate(timeout=60)
        code = self.tap.wait(timeout=60)
        states = out.decode().splitlines()
        if states:
            (self.folder / "state.json").write_text(states[-1])
        return code, self.target.returncode

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


def start_pair(folder: Path, tap: dict[str, Any], target: dict[str, Any]) -> Pair:
    """Start both, from the state that an earlier pair left in the folder."""
    (folder / "tap.json").write_text(json.dumps(tap))
    (folder / "target.json").write_text(json.dumps(target))
    if not (folder / "catalog.json").exists():
        (folder / "catalog.json").write_text(json.dumps(_catalog(folder)))
    state = folder / "state.json"
    arguments = ["--config", "tap.json", "--catalog", "catalog.json"]
    arguments += ["--state", "state.json"] if state.exists() else []
    with (folder / "tap.log").open("ab") as tap_log, (folder / "target.log").open("ab") as log:
        reading = subprocess.Popen(
            [sys.executable, "-m", "tap_freshchat", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=tap_log,
        )
        writing = subprocess.Popen(
            [sys.executable, "-m", "target_segment", "--config", "target.json"],
            cwd=folder,
            stdin=reading.stdout,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert reading.stdout is not None
    reading.stdout.close()
    return Pair(reading, writing, folder)


def sent_occurrences(
    url: str, start: datetime, end: datetime
) -> dict[tuple[Any, ...], GroundTruthEvent]:
    """What should reach Segment, by what identifies it."""
    return {
        _key_of_truth(each): each
        for each in truth(url, start, end)
        if each.kind != "unassigned"
        and (
            each.kind != "message"
            or (each.message_type == "normal" and each.actor_type in SENT_MESSAGES)
        )
    }


def key_of_event(event: dict[str, Any]) -> tuple[Any, ...]:
    """What identifies the occurrence that a Segment event tells of."""
    properties = event["properties"]
    activity = properties.get("agent_activity", {})
    return (
        event["event"],
        datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")),
        properties.get("conversation_id") or properties["agent_id"],
        properties.get("message_id")
        or properties.get("update_type")
        or activity.get("availability_event_type"),
    )


def _key_of_truth(occurrence: GroundTruthEvent) -> tuple[Any, ...]:
    kinds = {"created": None, "availability": "General", "intelliassign": "Intelliassign"}
    return (
        occurrence.event,
        occurrence.time,
        occurrence.conversation_id or occurrence.agent_id,
        occurrence.message_id or kinds.get(occurrence.kind, occurrence.kind),
    )


def _catalog(folder: Path) -> dict[str, Any]:
    found = subprocess.run(
        [sys.executable, "-m", "tap_freshchat", "--discover"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    catalog = json.loads(found.stdout)
    for stream in catalog["streams"]:
        whole = next(each for each in stream["metadata"] if each["breadcrumb"] == [])
        whole["metadata"]["selected"] = stream["tap_stream_id"] in EVENT_STREAMS
    return catalog
