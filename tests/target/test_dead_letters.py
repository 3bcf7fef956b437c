"""The file of what could not be sent, and sending it again."""

import errno
import fcntl
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


def NOBODY_ELSE():  # noqa: N802 - a value
    """No other process has the file."""
    raise AssertionError


@pytest.fixture
def letters(tmp_path):
    file = DeadLetters(tmp_path / "new" / "dead.jsonl", 3, StillClock(NOW), NOBODY_ELSE)
    yield file
    file.close()


def test_no_file_is_made_without_a_letter(letters):
    assert not letters.path.exists()


def test_a_letter_is_one_line_that_only_its_owner_can_read(letters):
    letters.write_event(EVENT, REASON)
    letters.write_record("s", ["id"], {"id": 1, "n": Decimal("1.10")}, REASON)
    assert stat.S_IMODE(letters.path.stat().st_mode) == 0o600
    first, second = letters.path.read_text().splitlines()
    assert json.loads(first) == {
        "time": "2026-11-22T10:00:00+00:00",
        "stream": "s",
        "reason": {"code": "too_large", "text": "over the limit"},
        "event": {"type": "track", "n": 1.1},
    }
    assert '"key_properties":["id"],"record":{"id":1,"n":1.10}' in second


def test_a_file_that_others_could_read_is_closed_to_them(letters):
    letters.path.parent.mkdir()
    letters.path.touch(0o644)
    letters.write_event(EVENT, REASON)
    assert stat.S_IMODE(letters.path.stat().st_mode) == 0o600


def test_half_a_line_of_an_earlier_crash_spoils_nothing(letters):
    letters.path.parent.mkdir()
    letters.path.write_text('{"time": "2026')
    letters.write_event(EVENT, REASON)
    half, whole = read_dead_letters(letters.path)
    assert half is None
    assert whole.payload == EVENT.payload


def test_above_the_limit_nothing_more_is_kept(letters):
    for _ in range(3):
        letters.write_event(EVENT, REASON)
    with pytest.raises(DeadLetterError, match="More than 3"):
        letters.write_event(EVENT, REASON)
    assert len(letters.path.read_text().splitlines()) == 3


def test_a_disk_that_takes_nothing_is_an_error_naming_the_setting(tmp_path):
    full = DeadLetters(tmp_path, 3, StillClock(NOW), NOBODY_ELSE)
    with pytest.raises(DeadLetterError, match="dead_letter_path"):
        full.write_event(EVENT, REASON)


def test_a_letter_that_finds_no_room_cuts_off_no_letter_of_another_process(letters, monkeypatch):
    letters.write_event(EVENT, REASON)
    theirs = b'{"stream":"another process"}\n'
    write, waiting = os.write, []

    def fill_the_disk(descriptor, content):
        """Half a line fits; meanwhile another process has a letter, and waits if it must."""
        write(descriptor, content[:10])
        with letters.path.open("ab", buffering=0) as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
                write(other.fileno(), theirs)
            except BlockingIOError:
                waiting.append(theirs)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as system:
        system.setattr(os, "write", fill_the_disk)
        with pytest.raises(DeadLetterError, match="No space"):
            letters.write_event(EVENT, REASON)
    with letters.path.open("ab", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        other.writelines(waiting)
    assert letters.path.read_bytes().splitlines(keepends=True)[1:] == [theirs]


def test_a_letter_waits_for_another_process_and_heeds_what_ends_waiting(tmp_path):
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
def test_a_letter_is_in_the_file_of_that_name_also_when_the_one_before_was_moved(letters, stays):
    moved = letters.path.with_name("replay.jsonl")
    letters.write_event(EVENT, REASON)
    letters.path.rename(moved)
    if stays:
        letters.path.touch(0o644)
    letters.write_record("s", ["id"], {"id": 1}, REASON)
    assert len(moved.read_bytes().splitlines()) == 1
    [letter] = read_dead_letters(letters.path)
    assert letter.record == {"id": 1}
    assert stat.S_IMODE(letters.path.stat().st_mode) == 0o600


def test_a_letter_that_waited_while_the_file_was_moved_is_not_in_the_moved_one(tmp_path):
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


def test_letters_come_back_byte_by_byte(letters):
    letters.write_event(EVENT, REASON)
    letters.write_record("s", ["id"], {"id": 1, "n": NonFiniteNumber("NaN")}, REASON)
    event, record = read_dead_letters(letters.path)
    assert event.payload == EVENT.payload
    assert record.keys == ["id"]
    assert isinstance(record.record["n"], NonFiniteNumber)


def test_letters_written_while_reading_are_left_for_the_next_time(letters):
    letters.write_event(EVENT, REASON)
    for _ in read_dead_letters(letters.path):
        letters.write_event(EVENT, REASON)
    assert letters.count == 2


def order(number, **fields):
    return {"type": "RECORD", "stream": "orders", "record": {"id": number, **fields}}


SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"type": "object", "properties": {"id": {}}},
    "key_properties": ["id"],
}


def test_refused_events_are_sent_again_with_the_same_ids(run, settings, segment, dead):
    segment.is_poison = lambda _: True
    run(settings, SCHEMA, *[order(number, user="u") for number in range(3)])
    ids = [letter["event"]["messageId"] for letter in dead()]
    segment.is_poison = lambda _: False
    finished = run(settings, replay_path=settings["dead_letter_path"])
    assert finished.status == 0
    assert segment.ids == ids
    assert "Order Placed" in finished.table
    assert segment.complaints == segment.swallowed == []


def test_records_are_mapped_again_when_the_mapping_was_at_fault(run, settings, segment):
    run(settings, SCHEMA, order(1, customer="u"))
    settings["streams"] = {
        "orders": {**settings["streams"]["orders"], "user_id": ["user", "customer"]}
    }
    run(settings, replay_path=settings["dead_letter_path"])
    assert [event["userId"] for event in segment.accepted] == ["u"]
    run(settings, SCHEMA, order(1, customer="u"))
    assert [why for _, why in segment.swallowed] == ["duplicate"]


def test_a_letter_has_the_names_that_the_run_would_have_given_it(run, settings, segment):
    fields = {"record_id": 77, "userId": "x", "receivedAt": None, "record_userId": "y"}
    wider = {**SCHEMA, "schema": {"properties": {"id": {}, "record_id": {}, "userId": {}}}}
    run(settings, wider, order(1, **fields), order(2, **fields, user="u"))
    settings["streams"] = {"orders": {"user_id": ["user", "userId"]}}
    run(settings, replay_path=settings["dead_letter_path"])
    by_run, by_replay = (event["properties"] for event in segment.accepted)
    assert by_run == {**by_replay, "record_record_id": 2, "user": "u"}


def test_what_fails_again_is_kept_again_once(run, settings, segment, dead):
    segment.is_poison = lambda event: event["userId"] == "u1"
    run(settings, SCHEMA, order(1, user="u1"), order(2))
    finished = run(settings, replay_path=settings["dead_letter_path"])
    assert finished.status == 0
    letters = dead()
    assert len(letters) == 4
    kinds = sorted(letter["reason"]["code"] for letter in letters)
    assert kinds == ["no_identity", "no_identity", "refused", "refused"]


def test_records_without_their_key_are_kept_again_and_not_taken_for_one(
    run, settings, segment, dead
):
    typed = {**SCHEMA, "schema": {"type": "object", "required": ["id"], "properties": {}}}
    bad = [{"type": "RECORD", "stream": "orders", "record": {"user": name}} for name in "ab"]
    run(settings, typed, *bad)
    finished = run(settings, replay_path=settings["dead_letter_path"])
    assert segment.received == []
    assert "merged" not in finished.table
    classes = [letter["reason"]["code"] for letter in dead()]
    assert classes == ["invalid_record"] * 2 + ["bad_message_id"] * 2


def test_a_file_of_something_else_sends_nothing_and_says_so(run, settings, segment, tmp_path):
    (tmp_path / "other.jsonl").write_text('{"a": 1}\nnot json\n\n{"stream": "s", "event": {}}\n')
    finished = run(settings, replay_path=str(tmp_path / "other.jsonl"))
    assert segment.received == []
    assert "not a dead letter" in finished.table
    assert finished.status == 0


def test_a_letter_and_the_name_of_its_file_are_on_disk_before_they_count(letters, monkeypatch):
    synced = []
    sync = os.fsync

    def note(descriptor):
        synced.append((os.fstat(descriptor).st_ino, letters.count))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    letters.write_event(EVENT, REASON)
    letters.write_event(EVENT, REASON)
    folder, file = (path.stat().st_ino for path in (letters.path.parent, letters.path))
    assert synced == [(folder, 0), (file, 0), (file, 1)]


def test_where_none_may_be_kept_the_error_names_no_file(tmp_path):
    none = DeadLetters(tmp_path / "dead.jsonl", 0, StillClock(NOW), NOBODY_ELSE)
    with pytest.raises(DeadLetterError, match=r"More than 0 events .*\(max_dead_letters\)$"):
        none.write_event(EVENT, REASON)
    assert not none.path.exists()
