"""Singer messages from standard input."""

import io
import json
import os
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.singerlib.exceptions import InvalidInputLine

from target_segment.singer.reader import MessageReader


def read(source, reader=None):
    messages: list[Any] = []
    (reader or MessageReader()).process_lines(source, {"X": messages.append})
    return messages


def through_a_pipe(pieces):
    """Write pieces to a pipe one by one, and read messages at the other end."""
    reading, writing = os.pipe()

    def write():
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            pipe.writelines(pieces)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as source:
        messages = read(source)
    writer.join()
    return messages


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 300) | st.just(300_000), max_size=4),
    st.integers(1, 50).map(lambda n: n * n * 30),
    st.booleans(),
)
def test_lines_are_whole_however_the_input_is_chunked(sizes, cut, ended):
    expected = [{"type": "X", "text": "é" * (size // 2)} for size in sizes]
    text = "\n".join(json.dumps(message, ensure_ascii=False) for message in expected)
    data = (text + "\n" * ended).encode()
    pieces = [data[start : start + cut] for start in range(0, len(data), cut)]
    assert through_a_pipe(pieces) == expected


@pytest.mark.parametrize("kind", [io.BytesIO, lambda data: io.StringIO(data.decode())])
def test_messages_may_come_from_an_object_without_a_descriptor(kind):
    assert read(kind(b'{"type":"X","n":1}\r\n{"type":"X"}')) == [
        {"type": "X", "n": 1},
        {"type": "X"},
    ]


def test_on_idle_is_called_while_reading_and_while_waiting_for_input():
    looked = []
    many = io.BytesIO(b'{"type":"X"}\n' * 1200)
    read(many, MessageReader(lambda: looked.append("memory")))
    assert len(looked) == 3

    reading, writing = os.pipe()

    def look():
        looked.append("pipe")
        if looked.count("pipe") == 1:
            os.close(writing)

    with os.fdopen(reading, "rb") as source:
        assert read(source, MessageReader(look)) == []
    assert "pipe" in looked


@pytest.mark.parametrize("line", [b"{", b"[1]", b"5", b'{"type":"Y"}', b'{"type":[]}'])
def test_an_invalid_message_is_named_by_its_line_number_only(line):
    with pytest.raises(InvalidInputLine, match=r"Line 2\b") as error:
        read(io.BytesIO(b'{"type":"X"}\n' + line))
    assert line.decode(errors="replace") not in str(error.value).replace("Line", "")
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    ("line", "replaced"),
    [
        (b"\xff\xfe", None),
        (b'{"type":"STATE","value":"\xe9"}', {"type": "STATE", "value": "\ufffd"}),
        (b'{"type":"X","n":"a\x80b"}', {"type": "X", "n": "a\ufffdb"}),
    ],
)
def test_a_line_that_is_not_utf_8_costs_the_line_and_is_counted(line, replaced):
    seen = []
    reader = MessageReader()
    reader.on_unreadable = lambda number, _, message: seen.append((number, message))
    source = io.BytesIO(b'{"type":"X","n":1}\n' + line + b'\n{"type":"X","n":2}')
    assert [message["n"] for message in read(source, reader)] == [1, 2]
    assert seen == [(2, replaced)]
    assert reader.unreadable_lines == 1


@pytest.mark.parametrize("lines", [1, 10, 1000])
def test_an_input_of_another_encoding_is_an_error(lines):
    text = '{"type":"X","text":"é"}\n' * lines
    reader = MessageReader()
    with pytest.raises(InvalidInputLine, match="No line of the input is UTF-8"):
        read(io.BytesIO(text.encode("latin-1")), reader)
    assert reader.unreadable_lines <= 10
