"""BATCH files: their records become the same events as RECORD messages."""

import gzip
import hashlib
import os

import pytest

SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {
        "type": "object",
        "properties": {"id": {"type": "integer"}, "user": {"type": "string"}, "n": {}},
    },
    "key_properties": ["id"],
}
STATE = {"type": "STATE", "value": {"n": 1}}


@pytest.fixture
def batch(tmp_path):
    """Write a file of lines and return the message that names it."""

    def make(content, name="batch.jsonl", compression="none", **more):
        packed = gzip.compress(content) if compression == "gzip" else content
        (tmp_path / name).write_bytes(packed)
        return {
            "type": "BATCH",
            "stream": "orders",
            "encoding": {"format": "jsonl", "compression": compression},
            "manifest": [f"file://{tmp_path}/{name}"],
            **more,
        }

    return make


@pytest.mark.parametrize("compression", ["none", "gzip", None])
def test_a_batch_message_is_read_from_its_file(run, settings, segment, batch, compression):
    message = batch(b'{"id":1,"user":"a"}\n\n{"id":2,"user":"b"}', compression=compression)
    finished = run(settings, SCHEMA, message, STATE)
    assert finished.states == [{"n": 1}]
    assert [event["userId"] for event in segment.accepted] == ["a", "b"]


def test_stream_maps_apply_to_records_in_files(run, settings, segment, batch):
    settings["stream_maps"] = {"orders": {"user": "md5(user)", "id": "id"}}
    run(settings, SCHEMA, batch(b'{"id":1,"user":"ada@example.com"}\n'))
    [event] = segment.accepted
    assert event["userId"] == hashlib.md5(b"ada@example.com").hexdigest()  # noqa: S324 - its name
    assert "ada" not in str(event)


def test_an_invalid_record_in_a_file_is_a_dead_letter(run, settings, segment, dead, batch):
    lines = b'{"id":"x","user":"a"}\n{"id":1,"user":"a","n":NaN}\n{"id":2,"user":"a","n":1.10}\n'
    assert run(settings, SCHEMA, batch(lines)).status == 0
    assert [entry["reason"]["code"] for entry in dead()] == ["invalid_record", "not_a_number"]
    assert [event["properties"]["n"] for event in segment.accepted] == [1.1]


@pytest.mark.parametrize("content", [b"what a person wrote", b'["person"]', b'{"id": 1, "user"'])
def test_a_malformed_line_in_a_file_ends_the_run_and_names_file_and_line(
    run, settings, batch, content
):
    finished = run(settings, SCHEMA, batch(b'{"id":1,"user":"a"}\n' + content + b"\n"), STATE)
    assert finished.status == 1
    assert finished.states == []
    [error] = finished.errors
    assert "line 2 of " in error
    assert "batch.jsonl" in error
    assert "person" not in error


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"manifest": ["file:///nowhere/a.jsonl"]}, "/nowhere/a.jsonl cannot be read: No such"),
        ({"manifest": ["s3://bucket/a.jsonl"]}, "file 1 of the manifest is not on this host"),
        ({"manifest": ["http://["]}, "file 1 of the manifest is not on this host"),
        ({"manifest": [5]}, "file 1 of the manifest is not on this host"),
        ({"manifest": "a.jsonl"}, "the manifest must be a list"),
        ({"encoding": {"format": "parquet"}}, "the files must be jsonl"),
        ({"encoding": {"format": "jsonl", "compression": ["x"]}}, "the files must be jsonl"),
        ({"encoding": "jsonl"}, "the files must be jsonl"),
        ({"encoding": {"format": "jsonl", "compression": "gzip"}}, "batch.jsonl cannot be read"),
    ],
)
def test_a_batch_that_cannot_be_read_is_one_error_line_with_the_reason(
    run, settings, batch, more, says
):
    finished = run(settings, SCHEMA, batch(b'{"id":1,"user":"a"}\n', **more), STATE)
    assert finished.status == 1
    assert finished.states == []
    [error] = finished.errors
    assert "BATCH of stream 'orders'" in error
    assert says in error


def test_no_error_quotes_a_signed_url_or_an_invalid_stream_name(run, settings, batch):
    signed = "https://KEY:SECRET@bucket/a.gz?X-Amz-Signature=SECRET"
    for more in ({"manifest": [signed]}, {"stream": {"a": "SECRET"}}):
        [error] = run(settings, SCHEMA, batch(b"", **more)).errors
        assert "BATCH" in error
        assert "SECRET" not in error


def test_a_pipe_in_a_manifest_is_rejected_without_waiting(run, settings, batch, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    message = batch(b"", manifest=[f"file://{tmp_path}/pipe"])
    [error] = run(settings, SCHEMA, message).errors
    assert "pipe is not a file" in error


def test_a_truncated_file_ends_the_run_and_no_state_is_emitted(run, settings, batch, tmp_path):
    message = batch(b'{"id":1,"user":"a"}\n' * 5000, compression="gzip")
    path = tmp_path / "batch.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    finished = run(settings, SCHEMA, message, STATE)
    assert finished.states == []
    assert "batch.jsonl cannot be read" in finished.errors[0]


def test_a_batch_before_its_schema_or_without_a_manifest_is_one_error_line(run, settings, batch):
    message = batch(b'{"id":1,"user":"a"}\n')
    [error] = run(settings, message).errors
    assert "before a corresponding schema" in error
    del message["manifest"]
    [error] = run(settings, SCHEMA, message).errors
    assert "lacks manifest" in error
