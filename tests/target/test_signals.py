"""Signals and sudden deaths of a real process: STATE never runs ahead of Segment."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
    "key_properties": ["id"],
}
BODY = 10


class Process:
    """The target in a process of its own, fed line by line."""

    def __init__(self, folder, settings, stdout=subprocess.PIPE):
        settings = {
            **settings,
            "batch_max_events": BODY,
            "max_concurrency": 1,
            "streams": {"orders": {"anonymous_id": "id"}},
            "state_flush_seconds": 3600,
        }
        (folder / "config.json").write_text(json.dumps(settings))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "target_segment", "--config", str(folder / "config.json")],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
        self.write(SCHEMA)

    def write(self, *messages):
        text = "".join(json.dumps(message) + "\n" for message in messages)
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def write_bodies(self, first, count):
        """Records of so many bodies, a STATE behind each, and one record that closes the last."""
        for body in range(first, first + count):
            for number in range(body * BODY, (body + 1) * BODY):
                self.write({"type": "RECORD", "stream": "orders", "record": {"id": number}})
            self.write({"type": "STATE", "value": {"after": (body + 1) * BODY}})
        last = (first + count) * BODY
        self.write({"type": "RECORD", "stream": "orders", "record": {"id": last}})

    def read_state(self):
        """The next STATE; waits until there is one."""
        return json.loads(self.process.stdout.readline())["after"]

    def wait_until_interrupted(self):
        """Return when the target has said that it ends."""
        for line in self.process.stderr:
            if b"Interrupted" in line:
                return
        raise AssertionError("The target never noticed")

    def end(self):
        """Exit status and the STATE lines not read so far; the input stays open till then."""
        status = self.process.wait(30)
        states = [json.loads(line)["after"] for line in self.process.stdout]
        return status, states


@pytest.fixture
def start(tmp_path, settings):
    started = []

    def make(**options):
        started.append(Process(tmp_path, settings, **options))
        return started[-1]

    yield make
    for one in started:
        one.process.kill()
        one.process.wait()
        for pipe in filter(None, (one.process.stdin, one.process.stdout, one.process.stderr)):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def covered(segment):
    """How many records from the first on have arrived without a gap."""
    numbers = {event["properties"]["record_id"] for event in segment.accepted}
    return next(number for number in range(len(numbers) + 1) if number not in numbers)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_waiting_for_input_ends_at_once_with_what_is_safe(
    start, segment, number, status
):
    target = start()
    target.write_bodies(0, 2)
    while target.read_state() < 2 * BODY:
        pass
    target.process.send_signal(number)
    target.wait_until_interrupted()
    assert target.end() == (status, [])
    assert covered(segment) == 2 * BODY
    assert b"target-segment: interrupted" in target.process.stderr.read()


def test_a_signal_during_a_request_lets_it_finish_and_emits_what_it_covers(start, segment):
    target = start()
    segment.gate.clear()
    target.write_bodies(0, 1)
    assert segment.arrived.acquire(timeout=20)
    target.process.send_signal(signal.SIGTERM)
    target.wait_until_interrupted()
    segment.gate.set()
    status, states = target.end()
    assert status == 143
    assert states == [BODY]
    assert covered(segment) == BODY


def test_a_disk_full_under_state_ends_in_one_line_and_the_table(start):
    with Path("/dev/full").open("wb") as full:
        target = start(stdout=full)
        target.write_bodies(0, 1)
        target.process.stdin.close()
        assert target.process.wait(30) == 1
    told = target.process.stderr.read()
    assert b"STATE cannot be written: No space left on device" in told
    assert b"target-segment: failed" in told
    assert b"Traceback" not in told


def test_state_is_utf_8_whatever_the_terminals_encoding():
    program = (
        'from target_segment.shutdown import write_state; write_state(\'{"day":"日"}\'.encode())'
    )
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env=environment
    )
    assert json.loads(finished.stdout.decode("utf-8")) == {"day": "日"}


def test_a_last_state_that_cannot_be_written_costs_neither_the_table_nor_the_status(start, segment):
    with Path("/dev/full").open("wb") as full:
        target = start(stdout=full)
        segment.gate.clear()
        target.write_bodies(0, 1)
        assert segment.arrived.acquire(timeout=20)
        target.process.send_signal(signal.SIGTERM)
        target.wait_until_interrupted()
        segment.gate.set()
        assert target.process.wait(30) == 143
    told = target.process.stderr.read()
    assert b"STATE cannot be written: No space left on device" in told
    assert b"target-segment: interrupted" in told
    assert b"Traceback" not in told


def test_a_signal_while_the_input_is_held_back_emits_no_more_than_is_acknowledged(start, segment):
    target = start()
    segment.gate.clear()
    target.write_bodies(0, 6)
    assert segment.arrived.acquire(timeout=20)
    target.process.send_signal(signal.SIGINT)
    segment.gate.set()
    status, states = target.end()
    assert status == 130
    assert max(states, default=0) <= covered(segment)


def test_a_second_signal_ends_the_process_and_writes_nothing(start, segment):
    target = start()
    segment.gate.clear()
    target.write_bodies(0, 1)
    assert segment.arrived.acquire(timeout=20)
    target.process.send_signal(signal.SIGINT)
    target.wait_until_interrupted()
    target.process.send_signal(signal.SIGTERM)
    assert target.end() == (143, [])
    segment.gate.set()


@pytest.mark.e2e
@pytest.mark.parametrize("bodies", [1, 3, 5])
def test_after_a_sudden_death_the_next_run_completes_with_the_same_ids(start, segment, bodies):
    first = start()
    first.write_bodies(0, bodies)
    for _ in range(bodies):
        assert segment.arrived.acquire(timeout=20)
    first.process.kill()
    status, states = first.end()
    assert status == -signal.SIGKILL
    safe = max(states, default=0)
    assert safe <= covered(segment)

    second = start()
    second.write_bodies(safe // BODY, 7 - safe // BODY)
    second.process.stdin.close()
    assert second.process.wait(30) == 0
    assert covered(segment) == len(segment.accepted) == 7 * BODY + 1
    assert {why for _, why in segment.swallowed} <= {"duplicate"}


def test_the_end_of_the_input_is_no_signal(start, segment):
    target = start()
    target.write_bodies(0, 2)
    target.process.stdin.close()
    assert target.process.wait(30) == 0
    assert covered(segment) == 2 * BODY + 1
