"""Signals and kills of a real process: STATE never runs ahead of delivery."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.segment import Scripted

SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
    "key_properties": ["id"],
}
BODY = 10


class Process:
    """The target in its own process, fed line by line."""

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
        """Write records of `count` bodies, a STATE after each, and one more record."""
        for body in range(first, first + count):
            for number in range(body * BODY, (body + 1) * BODY):
                self.write({"type": "RECORD", "stream": "orders", "record": {"id": number}})
            self.write({"type": "STATE", "value": {"after": (body + 1) * BODY}})
        last = (first + count) * BODY
        self.write({"type": "RECORD", "stream": "orders", "record": {"id": last}})

    def read_state(self):
        """Wait for the next STATE and return it."""
        return json.loads(self.process.stdout.readline())["after"]

    def wait_until_interrupted(self):
        """Wait until the target logs that it ends."""
        for line in self.process.stderr:
            if b"Interrupted" in line:
                return
        raise AssertionError("The target never noticed")

    def end(self):
        """Wait for the end; return the exit status and the unread STATE lines."""
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
    """Count the records that arrived without a gap, from the first."""
    numbers = {event["properties"]["record_id"] for event in segment.accepted}
    return next(number for number in range(len(numbers) + 1) if number not in numbers)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_waiting_for_input_ends_at_once_with_the_safe_state(
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


def test_a_signal_during_a_request_lets_it_finish_and_emits_its_state(start, segment):
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


def test_a_full_disk_under_stdout_is_one_error_line_and_the_table(start):
    with Path("/dev/full").open("wb") as full:
        target = start(stdout=full)
        target.write_bodies(0, 1)
        target.process.stdin.close()
        assert target.process.wait(30) == 1
    stderr = target.process.stderr.read()
    assert b"STATE cannot be written: No space left on device" in stderr
    assert b"target-segment: failed" in stderr
    assert b"Traceback" not in stderr


def test_state_is_utf_8_in_any_encoding_of_the_terminal():
    program = (
        'from target_segment.shutdown import write_state; write_state(\'{"day":"日"}\'.encode())'
    )
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env=environment
    )
    assert json.loads(finished.stdout.decode("utf-8")) == {"day": "日"}


def test_if_the_last_state_cannot_be_written_table_and_status_remain(start, segment):
    with Path("/dev/full").open("wb") as full:
        target = start(stdout=full)
        segment.gate.clear()
        target.write_bodies(0, 1)
        assert segment.arrived.acquire(timeout=20)
        target.process.send_signal(signal.SIGTERM)
        target.wait_until_interrupted()
        segment.gate.set()
        assert target.process.wait(30) == 143
    stderr = target.process.stderr.read()
    assert b"STATE cannot be written: No space left on device" in stderr
    assert b"target-segment: interrupted" in stderr
    assert b"Traceback" not in stderr


def test_a_signal_under_back_pressure_emits_only_acknowledged_state(start, segment):
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


def test_a_signal_ends_a_look_up_of_the_write_key_that_hangs(start, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings["cdn_url"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings["request_timeout"] = 3600
        target = start()
        connection, _ = silent.accept()
        with connection:
            target.process.send_signal(signal.SIGTERM)
            assert target.end() == (143, [])


def test_a_locked_dead_letter_file_is_logged_at_once_and_a_signal_ends_the_wait(start, settings):
    with Path(settings["dead_letter_path"]).open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        target = start()
        target.write({"type": "RECORD", "stream": "orders", "record": {"id": None}})
        for line in target.process.stderr:
            if b"is locked by another process" in line:
                break
        target.process.send_signal(signal.SIGTERM)
        assert target.end() == (143, [])
    assert Path(settings["dead_letter_path"]).read_bytes() == b""


def test_a_signal_ends_the_wait_for_a_retry(start, settings, segment):
    settings["max_retry_seconds"] = 3600
    segment.fault = lambda: Scripted(status=503, headers={"Retry-After": "300"})
    target = start()
    target.write_bodies(0, 1)
    assert segment.arrived.acquire(timeout=20)
    target.process.send_signal(signal.SIGTERM)
    assert target.end() == (143, [])
    assert segment.accepted == []


@pytest.mark.parametrize("log", ["2>&-", "2>/dev/full"])
def test_without_a_log_the_run_ends_as_with_one(tmp_path, settings, segment, log):
    record = {"type": "RECORD", "stream": "orders", "record": {"id": 1, "user": "u"}}
    messages = [SCHEMA, record, {"type": "STATE", "value": {"n": 1}}]
    (tmp_path / "config.json").write_text(json.dumps(settings))
    ended = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m target_segment --config config.json {log}'],
        cwd=tmp_path,
        input="".join(json.dumps(each) + "\n" for each in messages),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, json.loads(ended.stdout)) == (0, {"n": 1})
    assert len(segment.accepted) == 1


@pytest.mark.e2e
def test_a_request_that_hangs_does_not_keep_the_target_from_ending(start, settings, segment):
    settings["request_timeout"] = 3600
    target = start()
    segment.gate.clear()
    target.write_bodies(0, 1)
    assert segment.arrived.acquire(timeout=20)
    target.process.send_signal(signal.SIGTERM)
    assert target.end() == (143, [])
    segment.gate.set()


@pytest.mark.e2e
@pytest.mark.parametrize("bodies", [1, 3, 5])
def test_after_a_kill_the_next_run_completes_with_the_same_ids(start, segment, bodies):
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


def test_the_end_of_the_input_is_not_an_interruption(start, segment):
    target = start()
    target.write_bodies(0, 2)
    target.process.stdin.close()
    assert target.process.wait(30) == 0
    assert covered(segment) == 2 * BODY + 1
