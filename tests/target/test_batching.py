"""Batcher: bodies in order and within every limit."""

import gzip
import json
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_segment.delivery.batching import (
    Batcher,
    build_body,
    envelope_size,
    gzip_body,
    iso_milliseconds,
)
from target_segment.segment_spec import Event

MAX_BYTES = 400


def event(size, number=0):
    return Event(
        payload=json.dumps("x" * size).encode(),
        message_id=str(number),
        name="e",
        stream="s",
        identity="userId",
    )


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 200), max_size=60),
    st.integers(1, 7),
    st.text(st.characters(codec="utf-8"), max_size=20),
)
def test_batches_keep_the_order_of_the_input_and_exceed_no_limit(sizes, most, write_key):
    events = [event(size, number) for number, size in enumerate(sizes)]
    batcher = Batcher(most, MAX_BYTES, envelope_size(write_key))
    batches = [closed for one in events if (closed := batcher.add(one))]
    if last := batcher.flush():
        batches.append(last)
    assert [one for batch in batches for one in batch] == events
    for batch in batches:
        assert 1 <= len(batch) <= most
        payloads = [one.payload for one in batch]
        assert len(build_body(payloads, "2026-11-22T10:55:22.220Z", write_key)) <= MAX_BYTES


@pytest.mark.parametrize("spare", range(53))
def test_every_batch_is_as_full_as_the_limit_allows(spare):
    envelope = envelope_size(None)
    # Each event with its comma.
    batcher = Batcher(100, envelope + 4 * 53 + spare, envelope)
    batches = [closed for number in range(13) if (closed := batcher.add(event(50, number)))]
    assert [len(batch) for batch in batches] == [4, 4, 4]


def test_a_body_is_json_with_its_key_escaped():
    body = json.loads(build_body([b'{"a":1}', b'{"b":2}'], "now", 'k"ey'))
    assert body == {"batch": [{"a": 1}, {"b": 2}], "sentAt": "now", "writeKey": 'k"ey'}


def test_a_body_without_a_write_key_has_no_such_field():
    assert build_body([b"1"], "now", None) == b'{"batch":[1],"sentAt":"now"}'


def test_the_name_of_an_event_is_known_until_its_batch_is_flushed():
    batcher = Batcher(10, 1000, 0)
    batcher.add(event(1, 7))
    assert batcher.name_of("7") == "e"
    batcher.flush()
    assert batcher.name_of("7") is None
    assert batcher.flush() is None


def test_sent_at_has_the_format_of_segments_own_libraries():
    time = datetime(2026, 11, 22, 10, 55, 22, 220_999, tzinfo=timezone.utc)
    assert iso_milliseconds(time) == "2026-11-22T10:55:22.220Z"


def test_a_compressed_body_is_gzip_and_smaller():
    body = b'{"batch":[' + b'{"event":"e"},' * 100
    assert gzip.decompress(gzip_body(body)) == body
    assert len(gzip_body(body)) < len(body) / 5
