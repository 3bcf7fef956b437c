"""Pipeline of tap and target as two real processes, and the ground truth to compare with."""

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


# Authors whose messages are events; private and system messages are records only.
SENT_MESSAGES = {"user", "agent", "bot"}


@dataclass
class Pipeline:
    """One tap and one target, joined by a pipe as in a shell."""

    tap: subprocess.Popen[bytes]
    target: subprocess.Popen[bytes]
    folder: Path

    def wait(self) -> tuple[int, int]:
        """Both exit codes, tap first; the last STATE is written to the folder."""
        out, _ = self.target.communicate(timeout=60)
        code = self.tap.wait(timeout=60)
        states = out.decode().splitlines()
        if states:
            (self.folder / "state.json").write_text(states[-1])
        return code, self.target.returncode

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


def start_pipeline(folder: Path, tap: dict[str, Any], target: dict[str, Any]) -> Pipeline:
    """Start both, from the state of an earlier run in the folder."""
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
    return Pipeline(reading, writing, folder)


def expected_events(
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
    """The identity of a Segment event."""
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


def event_of(key: tuple[Any, ...], truth_event: GroundTruthEvent) -> dict[str, Any]:
    """The Segment event of an event of the ground truth, as far as it identifies it."""
    name, time, owner, what = key
    return {
        "event": name,
        "timestamp": time.isoformat(),
        "messageId": str(key),
        "userId": truth_event.reference_id,
        "anonymousId": truth_event.user_id or truth_event.agent_id,
        "properties": {
            "conversation_id" if truth_event.conversation_id else "agent_id": owner,
            "message_id" if truth_event.message_id else "update_type": what,
        },
    }


def _key_of_truth(event: GroundTruthEvent) -> tuple[Any, ...]:
    kinds = {"created": None, "availability": "General", "intelliassign": "Intelliassign"}
    return (
        event.event,
        event.time,
        event.conversation_id or event.agent_id,
        event.message_id or kinds.get(event.kind, event.kind),
    )


def _catalog(folder: Path) -> dict[str, Any]:
    found = subprocess.run(
        [sys.executable, "-m", "tap_freshchat", "--discover"],
        cwd=folder,
        capture_output=True,
        check=True,
    )
    catalog: dict[str, Any] = json.loads(found.stdout)
    for stream in catalog["streams"]:
        whole = next(each for each in stream["metadata"] if each["breadcrumb"] == [])
        whole["metadata"]["selected"] = stream["tap_stream_id"] in EVENT_STREAMS
    return catalog
