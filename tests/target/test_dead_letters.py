"""Dead letters: the file of undeliverable events and records, and its replay."""

import errno
import fcntl
import gzip
import json
import os
import signal
import stat
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from fakes.clock import StillClock

from target_segment.dead_letters import DeadLetters, read_dead_letters
from target_segment.errors import DeadLetterError, Interrupted
from target_segment.json_codec import NonFiniteNumber
from target_segment.segment_spec import Event, Reason

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone.utc)
REASON = Reason("too_large", "over the limit")
EVENT = Event(
    payload=b'{"type":"track","n":1.10}',
    message_id="m",
    name="e",
    stream="s",
    identity="userId",
)


def no_other_process():
    """Refuse to wait: no other process has the file."""
    raise AssertionError


@pytest.fixture
def dead_letters(tmp_path):
    file = DeadLetters(tmp_path / "new" / "dead.jsonl", 3, StillClock(NOW), no_other_process)
    yield file
    file.close()


def test_no_file_is_created_without_a_dead_letter(dead_letters):
    assert not dead_letters.path.exists()


def test_a_dead_letter_is_one_line_that_only_its_owner_can_read(dead_letters):
    dead_letters.write_event(EVENT, REASON)
    dead_letters.write_record("s", ["id"], {"id": 1, "n": Decimal("1.10")}, REASON)
    assert stat.S_IMODE(dead_letters.path.stat().st_mode) == 0o600
    first, second = dead_letters.path.read_text().splitlines()
    assert json.loads(first) == {
        "time": "2026-11-22T10:00:00+00:00",
        "stream": "s",
        "reason": {"code": "too_large", "text": "over the limit"},
        "event": {"type": "track", "n": 1.1},
    }
    assert '"key_properties":["id"],"record":{"id":1,"n":1.10}' in second


def test_a_file_that_others_can_read_becomes_owner_only(dead_letters):
    dead_letters.path.parent.mkdir()
    dead_letters.path.touch(0o644)
    dead_letters.write_event(EVENT, REASON)
    assert stat.S_IMODE(dead_letters.path.stat().st_mode) == 0o600


def test_half_a_line_of_an_earlier_crash_does_not_corrupt_the_next_one(dead_letters):
    dead_letters.path.parent.mkdir()
    dead_letters.path.write_text('{"time": "2026')
    dead_letters.write_event(EVENT, REASON)
    half, whole = read_dead_letters(dead_letters.path)
    assert half is None
    assert whole.payload == EVENT.payload


def test_above_the_limit_no_dead_letter_is_written(dead_letters):
    for _ in range(3):
        dead_letters.write_event(EVENT, REASON)
    with pytest.raises(DeadLetterError, match="More than 3"):
        dead_letters.write_event(EVENT, REASON)
    assert len(dead_letters.path.read_text().splitlines()) == 3


def test_a_file_that_cannot_be_written_is_an_error_that_names_the_setting(tmp_path):
    full = DeadLetters(tmp_path, 3, StillClock(NOW), no_other_process)
    with pytest.raises(DeadLetterError, match="dead_letter_path"):
        full.write_event(EVENT, REASON)


def test_a_full_disk_truncates_no_dead_letter_of_another_process(dead_letters, monkeypatch):
    dead_letters.write_event(EVENT, REASON)
    theirs = b'{"stream":"another process"}\n'
    write, waiting = os.write, []

    def fill_the_disk(descriptor, content):
        """Fit half a line; meanwhile another process writes a line, or waits for the lock."""
        write(descriptor, content[:10])
        with dead_letters.path.open("ab", buffering=0) as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                write(other.fileno(), theirs)
            except BlockingIOError:
                waiting.append(theirs)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as system:
        system.setattr(os, "write", fill_the_disk)
        with pytest.raises(DeadLetterError, match="No space"):
            dead_letters.write_event(EVENT, REASON)
    with dead_letters.path.open("ab", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        other.writelines(waiting)
    assert dead_letters.path.read_bytes().splitlines(keepends=True)[1:] == [theirs]


def test_a_writer_waits_for_the_lock_of_another_process_until_it_is_interrupted(tmp_path):
    path = tmp_path / "dead.jsonl"
    pauses = []
    with path.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def pause():
            pauses.append(path.stat().st_size)
            if len(pauses) == 3:
                fcntl.flock(other, fcntl.LOCK_UN)
            if len(pauses) == 4:
                raise Interrupted(signal.SIGTERM)

        ours = DeadLetters(path, 3, StillClock(NOW), pause)
        ours.write_event(EVENT, REASON)
        assert pauses == [0, 0, 0]
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Interrupted):
            ours.write_event(EVENT, REASON)
        ours.close()
    assert ours.count == len(path.read_bytes().splitlines()) == 1


@pytest.mark.parametrize("stays", [True, False])
def test_a_dead_letter_after_a_rename_is_in_a_new_file_of_the_old_name(dead_letters, stays):
    moved = dead_letters.path.with_name("replay.jsonl")
    dead_letters.write_event(EVENT, REASON)
    dead_letters.path.rename(moved)
    if stays:
        dead_letters.path.touch(0o644)
    dead_letters.write_record("s", ["id"], {"id": 1}, REASON)
    assert len(moved.read_bytes().splitlines()) == 1
    [entry] = read_dead_letters(dead_letters.path)
    assert entry.record == {"id": 1}
    assert stat.S_IMODE(dead_letters.path.stat().st_mode) == 0o600


def test_a_dead_letter_that_waited_during_a_rename_is_in_the_new_file(tmp_path):
    path = tmp_path / "dead.jsonl"
    with path.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def pause():
            path.rename(tmp_path / "replay.jsonl")
            fcntl.flock(other, fcntl.LOCK_UN)

        ours = DeadLetters(path, 3, StillClock(NOW), pause)
        ours.write_event(EVENT, REASON)
        ours.close()
    assert len(path.read_bytes().splitlines()) == 1


def test_dead_letters_are_read_back_byte_by_byte(dead_letters):
    dead_letters.write_event(EVENT, REASON)
    dead_letters.write_record("s", ["id"], {"id": 1, "n": NonFiniteNumber("NaN")}, REASON)
    event, record = read_dead_letters(dead_letters.path)
    assert event.payload == EVENT.payload
    assert record.keys == ["id"]
    assert isinstance(record.record["n"], NonFiniteNumber)


def test_dead_letters_written_during_a_replay_are_not_read_by_it(dead_letters):
    dead_letters.write_event(EVENT, REASON)
    for _ in read_dead_letters(dead_letters.path):
        dead_letters.write_event(EVENT, REASON)
    assert dead_letters.count == 2


def order(number, **fields):
    return {"type": "RECORD", "stream": "orders", "record": {"id": number, **fields}}


SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"type": "object", "properties": {"id": {}}},
    "key_properties": ["id"],
}


def test_rejected_events_are_replayed_with_the_same_ids(run, settings, segment, dead):
    segment.is_poison = lambda _: True
    run(settings, SCHEMA, *[order(number, user="u") for number in range(3)])
    ids = [entry["event"]["messageId"] for entry in dead()]
    segment.is_poison = lambda _: False
    finished = run(settings, replay_path=settings["dead_letter_path"])
    assert finished.status == 0
    assert segment.ids == ids
    assert "Order Placed" in finished.table
    assert segment.complaints == segment.swallowed == []


def test_a_replay_maps_records_with_the_current_mapping(run, settings, segment):
    run(settings, SCHEMA, order(1, customer="u"))
    settings["streams"] = {
        "orders": {**settings["streams"]["orders"], "user_id": ["user", "customer"]}
    }
    run(settings, replay_path=settings["dead_letter_path"])
    assert [event["userId"] for event in segment.accepted] == ["u"]
    run(settings, SCHEMA, order(1, customer="u"))
    assert [why for _, why in segment.swallowed] == ["duplicate"]


def test_a_replay_counts_events_by_the_same_names_as_a_run(run, settings, segment):
    fields = {"record_id": 77, "userId": "x", "receivedAt": None, "record_userId": "y"}
    wider = {**SCHEMA, "schema": {"properties": {"id": {}, "record_id": {}, "userId": {}}}}
    run(settings, wider, order(1, **fields), order(2, **fields, user="u"))
    settings["streams"] = {"orders": {"user_id": ["user", "userId"]}}
    run(settings, replay_path=settings["dead_letter_path"])
    by_run, by_replay = (event["properties"] for event in segment.accepted)
    assert by_run == {**by_replay, "record_record_id": 2, "user": "u"}


def test_what_fails_in_a_replay_becomes_one_dead_letter_again(run, settings, segment, dead):
    segment.is_poison = lambda event: event["userId"] == "u1"
    run(settings, SCHEMA, order(1, user="u1"), order(2))
    finished = run(settings, replay_path=settings["dead_letter_path"])
    assert finished.status == 1
    [error] = finished.errors
    assert error.startswith(f"Nothing of {settings['dead_letter_path']} could be sent: 2 lines ")
    dead_letters = dead()
    assert len(dead_letters) == 4
    kinds = sorted(entry["reason"]["code"] for entry in dead_letters)
    assert kinds == ["no_identity", "no_identity", "refused", "refused"]


def test_a_replay_of_which_one_line_succeeds_ends_with_0(run, settings, segment):
    segment.is_poison = lambda event: event.get("userId") == "u1"
    run(settings, SCHEMA, *[order(number, user=f"u{number}") for number in range(3)], order(4))
    settings["streams"] = {"orders": {**settings["streams"]["orders"], "anonymous_id": "id"}}
    finished = run(settings, replay_path=settings["dead_letter_path"])
    assert finished.status == 0
    assert "dead letters" in finished.table


def test_replayed_records_without_their_key_are_two_dead_letters_again(
    run, settings, segment, dead
):
    typed = {**SCHEMA, "schema": {"type": "object", "required": ["id"], "properties": {}}}
    bad = [{"type": "RECORD", "stream": "orders", "record": {"user": name}} for name in "ab"]
    run(settings, typed, *bad)
    finished = run(settings, replay_path=settings["dead_letter_path"])
    assert segment.received == []
    assert "merged" not in finished.table
    classes = [entry["reason"]["code"] for entry in dead()]
    assert classes == ["invalid_record"] * 2 + ["missing_key"] * 2


def test_a_replay_of_another_file_sends_nothing_and_counts_the_lines(
    run, settings, segment, tmp_path
):
    (tmp_path / "other.jsonl").write_text('{"a": 1}\nnot json\n\n{"stream": "s", "event": {}}\n')
    finished = run(settings, replay_path=str(tmp_path / "other.jsonl"))
    assert segment.received == []
    assert "not a dead letter" in finished.table
    assert finished.status == 1


@pytest.mark.parametrize(
    "content",
    [
        b"name,kind\nada,user\n",
        gzip.compress(b'{"stream": "s", "record": {"id": 1}}\n', mtime=0),
        '{"stream": "s", "record": {"id": 1}}\n'.encode("utf-16"),
        b'{\n"stream": "s",\n"record": {"id": 1}\n}\n',
        b'{"type": "RECORD", "stream": "orders", "record": {"id": 1, "user": "u"}}\n',
    ],
    ids=["table", "gzip", "UTF-16", "pretty", "Singer"],
)
def test_a_replay_of_a_file_without_any_dead_letter_is_one_error_line(
    run, settings, segment, tmp_path, content
):
    path = tmp_path / "other"
    path.write_bytes(content)
    finished = run(settings, replay_path=str(path))
    assert (finished.status, segment.received) == (1, [])
    [error] = finished.errors
    assert error.startswith(f"{path} is not a dead-letter file")


def test_a_replayed_event_whose_id_is_no_string_is_a_dead_letter_again(
    run, settings, segment, dead, tmp_path
):
    odd = {"type": "track", "event": "e", "userId": 5, "messageId": "m"}
    (tmp_path / "odd.jsonl").write_text(json.dumps({"stream": "orders", "event": odd}))
    run(settings, replay_path=str(tmp_path / "odd.jsonl"))
    assert segment.received == []
    assert [entry["reason"]["code"] for entry in dead()] == ["bad_identity"]


def test_a_link_is_followed_and_the_mode_of_the_file_behind_it_stays(tmp_path):
    behind, path = tmp_path / "behind.jsonl", tmp_path / "dead.jsonl"
    behind.touch()
    behind.chmod(0o640)
    path.symlink_to(behind)
    linked = DeadLetters(path, 3, StillClock(NOW), no_other_process)
    linked.write_event(EVENT, REASON)
    linked.close()
    assert stat.S_IMODE(behind.stat().st_mode) == 0o640
    assert len(behind.read_bytes().splitlines()) == 1
    assert path.is_symlink()


def test_a_dead_letter_and_its_file_name_are_synced_before_it_is_counted(dead_letters, monkeypatch):
    synced = []
    sync = os.fsync

    def note(descriptor):
        synced.append((os.fstat(descriptor).st_ino, dead_letters.count))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    dead_letters.write_event(EVENT, REASON)
    dead_letters.write_event(EVENT, REASON)
    folder, file = (path.stat().st_ino for path in (dead_letters.path.parent, dead_letters.path))
    assert synced == [(folder, 0), (file, 0), (file, 1)]


def test_with_a_limit_of_none_the_error_names_no_file(tmp_path):
    none = DeadLetters(tmp_path / "dead.jsonl", 0, StillClock(NOW), no_other_process)
    with pytest.raises(DeadLetterError, match=r"More than 0 events .*\(max_dead_letters\)$"):
        none.write_event(EVENT, REASON)
    assert not none.path.exists()


@pytest.mark.parametrize(("count", "status"), [(9, 0), (10, 1)])
def test_a_stream_of_only_dead_letters_ends_the_run_with_1_after_its_state(
    run, settings, segment, count, status
):
    records = [order(number) for number in range(count)]
    other = {**SCHEMA, "stream": "visits"}
    visit = {"type": "RECORD", "stream": "visits", "record": {"id": 1, "user": "u"}}
    settings["streams"] = {**settings["streams"], "visits": {"user_id": "user"}}
    state = {"type": "STATE", "value": {"n": 1}}
    finished = run(settings, SCHEMA, *records, other, visit, state)
    assert (finished.status, finished.states) == (status, [{"n": 1}])
    assert len(segment.accepted) == 1
    assert [line for line in finished.errors if "orders" in line] == finished.errors
    assert len(finished.errors) == status
    assert all("neither userId nor anonymousId" in line for line in finished.errors)


def test_one_sent_event_of_a_stream_is_enough_for_0(run, settings):
    records = [order(number) for number in range(30)]
    assert run(settings, SCHEMA, *records, order(99, user="u")).status == 0


def test_dead_letters_are_a_warning_with_their_number_and_file(run, settings, caplog):
    run(settings, SCHEMA, order(1), order(2), order(3, user="u"))
    [warning] = [each for each in caplog.records if "--replay" in each.message]
    assert warning.levelname == "WARNING"
    assert warning.message.startswith("2 records or events could not be sent")
    assert settings["dead_letter_path"] in warning.message
    run({**settings, "dead_letter_path": "other.jsonl"}, SCHEMA, order(3, user="u"))
    assert "--replay" not in caplog.text
