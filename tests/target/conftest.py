"""Fixtures: the target in this process, as the command line runs it, with a fake Segment."""

from __future__ import annotations

import io
import json
import logging
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.segment import FakeSegment

from target_segment.sdk import ConfigInput
from target_segment.target import TargetSegment


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a shell sees of a run, and its error lines."""

    status: int
    states: list[Any]
    table: str
    errors: list[str]


def lines(*messages):
    """Return Singer messages as input; text and bytes are used as they are."""
    texts = (each if isinstance(each, (str, bytes)) else json.dumps(each) for each in messages)
    encoded = (each if isinstance(each, bytes) else each.encode() for each in texts)
    return io.BytesIO(b"".join(each + b"\n" for each in encoded))


ORDERS = {"orders": {"event": {"value": "Order Placed"}, "user_id": "user"}}


@pytest.fixture
def segment():
    with FakeSegment() as server:
        yield server


@pytest.fixture
def settings(segment, tmp_path):
    """Settings that send orders to the fake Segment."""
    return {
        "write_key": "key-1",
        "api_url": segment.api_url,
        "cdn_url": segment.cdn_url,
        "preset": "none",
        "streams": ORDERS,
        # Tests do not wait for the ceiling.
        "max_events_per_second": 0,
        "dead_letter_path": str(tmp_path / "dead.jsonl"),
        "output_path": str(tmp_path / "output"),
    }


@pytest.fixture
def dead(settings):
    """Read the dead letters."""

    def read():
        text = Path(settings["dead_letter_path"]).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    return read


@pytest.fixture(autouse=True)
def restored_process():
    """Restore the signal handlers, the switch interval and the factory that a run changes."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    interval, factory = sys.getswitchinterval(), logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)
    sys.setswitchinterval(interval)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def run(capsys, caplog):
    """Run the command to its end."""

    def run_target(config, *messages, parse_env=False, **options):
        caplog.clear()
        with pytest.raises(SystemExit) as end:
            TargetSegment.invoke(
                config=ConfigInput(config=dict(config), parse_env=parse_env),
                file_input=lines(*messages),
                **options,
            )
        out, err = capsys.readouterr()
        return Finished(
            status=int(end.value.code or 0),
            states=[json.loads(line) for line in out.splitlines()],
            table=err,
            errors=[entry.message for entry in caplog.records if entry.levelname == "ERROR"],
        )

    return run_target
