"""Writer of Singer messages to stdout."""

import contextlib
import io
import json
import re
import subprocess
import sys
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from singer_sdk import Stream
from singer_sdk.singerlib import Catalog, RecordMessage, StateMessage

from tap_freshchat.message_writer import BufferedMessageWriter
from tap_freshchat.tap import TapFreshchat

RECORD = {"id": "m1", "conversation_id": "c1", "message_parts": [{"text": {"content": "Grüße"}}]}
PROGRAM = """
import sys
from singer_sdk.singerlib import RecordMessage
from tap_freshchat.message_writer import BufferedMessageWriter
writer = BufferedMessageWriter()
for number in range(1000):
    writer.write_message(RecordMessage("messages", {"id": number}))
"""


class Wire(io.RawIOBase):
    """Bytes that have left the process."""

    name = "stdout"

    def __init__(self):
        self.sent = b""

    def writable(self):
        return True

    def write(self, data):
        self.sent += bytes(data)
        return len(data)


def written(*messages):
    """Return the lines that have left the process after these messages."""
    wire = Wire()
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BufferedWriter(wire))):
        for message in messages:
            BufferedMessageWriter().write_message(message)
        return [json.loads(line) for line in wire.sent.splitlines()]


def written_by(act):
    """Return the lines that a call writes, after a flush of stdout."""
    wire = Wire()
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BufferedWriter(wire))):
        act()
        sys.stdout.flush()
        return [json.loads(line) for line in wire.sent.splitlines()]


def stream(catalog=None, **config):
    tap = TapFreshchat(config={"api_url": "sandbox://", **config}, catalog=catalog)
    return tap.streams["messages"]


def messages_of(generator):
    found = [message.to_dict() for message in generator]
    for message in found:
        message.pop("time_extracted")
    return found


def test_a_state_is_written_after_all_records_before_it():
    sent = written(RecordMessage("a", {"id": 1}), RecordMessage("a", {"id": 2}), StateMessage({}))
    assert [each["type"] for each in sent] == ["RECORD", "RECORD", "STATE"]


def test_records_are_buffered_until_they_must_be_written():
    assert written(RecordMessage("a", {"id": 1})) == []


@pytest.mark.parametrize(
    "ending", ["", "raise SystemExit(1)", "1 / 0", "import signal; signal.raise_signal(15)"]
)
def test_all_records_are_written_however_the_process_exits(ending):
    handler = "import signal\nsignal.signal(15, lambda *_: sys.exit(0))\n"
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM + handler + ending],
        capture_output=True,
        text=True,
        check=False,
    )
    records = [json.loads(line)["record"]["id"] for line in finished.stdout.splitlines()]
    assert records == list(range(1000))


def test_a_line_is_written_completely_to_an_unbuffered_stdout_that_accepts_parts():
    class Narrow(Wire):
        def write(self, data):
            return super().write(data[:7])

    wire = Narrow()
    with contextlib.redirect_stdout(io.TextIOWrapper(wire)):
        BufferedMessageWriter().write_record("messages", RECORD)
    assert json.loads(wire.sent)["record"] == RECORD


def test_a_callback_between_lines_is_called_at_once_or_after_the_line_being_written():
    writer = BufferedMessageWriter()
    reported: list[str | bytes] = []
    writer.run_between_lines(lambda: reported.append("at once"))
    assert reported == ["at once"]

    class Asking(Wire):
        def write(self, data):
            writer.run_between_lines(lambda: reported.append(self.sent))
            return super().write(data)

    with contextlib.redirect_stdout(io.TextIOWrapper(io.BufferedWriter(Asking()))):
        writer.write_message(StateMessage({}))
    [_, sent] = reported
    assert isinstance(sent, bytes)
    assert sent.endswith(b"\n")


def test_times_and_decimals_are_written_as_singer_specifies():
    moment = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
    message = RecordMessage("a", {"cost": Decimal("1.10")}, time_extracted=moment)
    line = BufferedMessageWriter().serialize_message(message)
    assert b'"cost":1.10' in line
    assert b'"time_extracted":"2026-11-22T12:00:00Z"' in line


def test_a_record_is_written_as_the_sdk_writes_it():
    one = stream()
    short = written_by(lambda: one._write_record_message(dict(RECORD)))
    long = written_by(lambda: Stream._write_record_message(one, dict(RECORD)))
    times = [message.pop("time_extracted") for [message] in (short, long)]
    assert short == long
    assert all(re.fullmatch(r"20.{17}(\.\d+)?Z", time) for time in times)


def test_a_field_that_the_catalog_deselects_is_not_written():
    catalog = Catalog.from_dict(TapFreshchat(config={"api_url": "sandbox://"}).catalog_dict)
    catalog["messages"].metadata["properties", "message_parts"].selected = False
    [message] = messages_of(stream(catalog)._generate_record_messages(dict(RECORD)))
    assert message["record"] == {"id": "m1", "conversation_id": "c1"}


def test_stream_maps_and_flattening_are_applied():
    maps = {"messages": {"__alias__": "talk", "id": "conversation_id + id"}}
    [mapped] = messages_of(stream(stream_maps=maps)._generate_record_messages(dict(RECORD)))
    assert (mapped["stream"], mapped["record"]["id"]) == ("talk", "c1m1")
    flat = stream(flattening_enabled=True, flattening_max_depth=1)
    [flattened] = messages_of(flat._generate_record_messages(dict(RECORD)))
    assert isinstance(flattened["record"]["message_parts"], str)


class Full(io.RawIOBase):
    """A non-blocking pipe that is full."""

    name = "stdout"

    def writable(self):
        return True

    def write(self, data):
        """Return None, as a full pipe does."""


class Unbuffered(io.TextIOWrapper):
    """Standard output as Python has it with PYTHONUNBUFFERED."""

    buffer = Full()


def test_an_output_that_is_full_is_an_error_and_no_line_is_lost():
    with contextlib.redirect_stdout(Unbuffered(io.BytesIO())), pytest.raises(BlockingIOError):
        BufferedMessageWriter().write_record("a", {"id": 1})
