"""A slice of the fault campaign, and that what judges it can say no."""

import base64
import json
import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.clock import NOON
from fakes.pair import sent_occurrences

from fault_injection.campaign import main
from fault_injection.case import Trial
from fault_injection.checks import Evidence, StateLine, violations
from fault_injection.fault_kinds import KINDS, Channel
from fault_injection.fork_server import TESTS, Nursery
from fault_injection.injector import Moments
from fault_injection.leaks import LeakScan
from fault_injection.pipeline_run import PairRun, Start
from fault_injection.programs import FastClock
from fault_injection.schedules import draw

# Between them they hold every kind of fault.
SLICE = (20, 56, 170, 318, 390, 1054, 1504, 1059, 1040, 1745, 137, 16)
TRUTH = sent_occurrences("sandbox://", NOON - timedelta(hours=30), NOON)


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as running:
        yield running


@pytest.mark.parametrize("seed", SLICE)
def test_whatever_goes_wrong_all_arrives_once_with_no_state_ahead_and_nothing_leaked(
    nursery, tmp_path, seed
):
    verdict = Trial(draw(seed), nursery, tmp_path).run()
    assert verdict.violations == [], verdict.schedule
    assert verdict.fired


def test_a_program_that_hangs_says_where_it_stands_before_it_is_killed(nursery, tmp_path):
    run = PairRun(nursery, tmp_path, lambda _: None, execute=False, patience=0)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        host, port = mute.getsockname()
        environ = {
            "PYTHONPATH": str(TESTS),
            "TMPDIR": str(tmp_path),
            "TAP_FRESHCHAT_API_URL": f"http://{host}:{port}/v2",
            "TAP_FRESHCHAT_API_TOKEN": "tok-1",
            **FastClock(NOON.isoformat(), 0, 1).to_environment(),
        }
        start = Start(arguments=("--config=ENV",), environ=environ)
        run.start({"tap": start, "target": start})
        connection, _ = mute.accept()
        with connection:
            run.wait()
    assert run.statuses["tap"] is None
    [stands] = run.logs["tap"].split(b"(most recent call first)")[1:]
    assert b"tap_freshchat/api/client.py" in stands


def test_the_slice_holds_every_kind_of_fault():
    assert {fault.kind for seed in SLICE for fault in draw(seed).faults} == KINDS.keys()


def test_a_seed_is_the_same_schedule_each_time_and_fits_in_a_line():
    schedules = [draw(seed) for seed in range(200)]
    assert schedules == [draw(seed) for seed in range(200)]
    assert len(set(map(str, schedules))) == 200
    assert not any("\n" in str(schedule) for schedule in schedules)


def test_each_fault_strikes_once_at_the_first_chance_from_its_count_on():
    signalled = []
    fault = replace(draw(1).faults[0], kind="zip-cut", channel=Channel.FILE, at=2)
    signal = replace(fault, kind="sigkill-tap")
    moments = Moments([fault, signal], signalled.append)
    assert moments.at(Channel.FILE) is None
    assert moments.at(Channel.FILE, lambda kind: kind != "zip-cut") is None
    assert signalled == [signal]
    assert moments.at(Channel.BATCH) is None
    assert moments.at(Channel.FILE) == fault
    assert moments.at(Channel.FILE) is None


def event_of(key, occurrence):
    name, time, owner, what = key
    return {
        "event": name,
        "timestamp": time.isoformat(),
        "messageId": str(key),
        "userId": occurrence.reference_id,
        "anonymousId": occurrence.user_id or occurrence.agent_id,
        "properties": {
            "conversation_id" if occurrence.conversation_id else "agent_id": owner,
            "message_id" if occurrence.message_id else "update_type": what,
        },
    }


def evidence(**changes):
    received = [event_of(*each) for each in TRUTH.items()]
    return replace(Evidence(truth=TRUTH, received=received), **changes)


def state(received):
    bookmark = {"replication_key_value": (NOON - timedelta(hours=1)).isoformat()}
    return StateLine({"bookmarks": {"message_events": bookmark}}, received=received, letters=0)


def test_the_judge_has_nothing_to_say_of_a_run_without_fault():
    assert list(violations(evidence(states=[state(len(TRUTH))]))) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda whole: whole.received.pop(), "1 lost"),
        (
            lambda whole: whole.received.append(
                {**whole.received[0], "timestamp": NOON.isoformat()}
            ),
            "1 invented",
        ),
        (lambda whole: whole.again.append({**whole.received[0], "messageId": "new"}), "two mess"),
        (lambda whole: whole.received[0].update(anonymousId="other"), "another's identity"),
        (lambda whole: whole.dropped.append("no identity"), "dropped events: no identity"),
        (lambda whole: whole.states.append(state(0)), "STATE 0 is ahead"),
    ],
)
def test_the_judge_tells_what_is_wrong(change, complaint):
    whole = evidence()
    change(whole)
    assert any(complaint in each for each in violations(whole))


@pytest.mark.parametrize(
    "text",
    [
        "Bearer tok-1",
        base64.b64encode(b"wk-1:").decode(),
        json.dumps({"text": "Grüße, und\nnoch etwas mehr"}),
        repr("Grüße, und\nnoch etwas mehr"),
        "to ada@example.com",
        "of +15550001111",
    ],
)
def test_the_scan_finds_what_must_not_be_found_however_it_is_written(text):
    people = json.dumps({"users": [{"email": "ada@example.com", "phone": "+15550001111"}]})
    scan = LeakScan(
        {"token": "tok-1", "write key": "wk-1"},
        ["Grüße, und\nnoch etwas mehr", "Hello"],
        [people.encode(), b"<html>"],
    )
    assert list(scan.leaks("a log", "Hello")) == []
    [found] = scan.leaks("a log", f"12:00 {text} 12:01")
    assert text not in found


def test_a_campaign_goes_on_where_it_was_broken_off(tmp_path, capsys):
    results = tmp_path / "results.jsonl"
    assert main(["--schedules", "1", "--results", str(results)]) == 0
    first, table = results.read_text(), capsys.readouterr().out
    assert main(["--schedules", "1", "--results", str(results)]) == 0
    assert results.read_text() == first
    assert capsys.readouterr().out == table
    assert "1 schedules" in table
