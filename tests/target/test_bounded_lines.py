"""Bounded lines: a line without an end is an error and not read into memory."""

import io

import pytest
from singer_sdk.singerlib.exceptions import InvalidInputLine

from target_segment.bounded_lines import MAX_LINE_BYTES, LineTooLongError, bounded_lines
from target_segment.dead_letters import read_dead_letters
from target_segment.errors import DeadLetterError
from target_segment.singer.batch_files import batch_records
from target_segment.singer.reader import MessageReader


@pytest.fixture
def endless(tmp_path):
    """A sparse file of one line that is too long."""
    path = tmp_path / "endless.jsonl"
    with path.open("wb") as file:
        file.truncate(MAX_LINE_BYTES + 1)
    return path


def test_lines_up_to_the_limit_are_read_whole():
    longest = b"x" * (MAX_LINE_BYTES - 1) + b"\n"
    assert list(bounded_lines(io.BytesIO(longest + b"y"))) == [longest, b"y"]


def test_a_line_over_the_limit_is_not_read_to_its_end():
    file = io.BytesIO(bytes(2 * MAX_LINE_BYTES))
    with pytest.raises(LineTooLongError):
        list(bounded_lines(file))
    assert file.tell() == MAX_LINE_BYTES


def test_an_input_without_line_ends_ends_the_run_and_names_the_line(endless):
    with endless.open("rb") as file, pytest.raises(InvalidInputLine, match="Line 1 .* longer than"):
        MessageReader().process_lines(file, {})


def test_a_dead_letter_may_be_as_long_as_a_record_and_its_reason(endless):
    assert list(read_dead_letters(endless)) == [None]


def test_dead_letters_without_line_ends_are_an_error_that_names_the_file(endless):
    with endless.open("r+b") as file:
        file.truncate(2 * MAX_LINE_BYTES + 1)
    with pytest.raises(DeadLetterError, match="endless.jsonl has a line longer than"):
        list(read_dead_letters(endless))


def test_a_batch_file_without_line_ends_is_an_error_that_names_the_file(endless):
    message = {
        "stream": "orders",
        "encoding": {"format": "jsonl"},
        "manifest": [f"file://{endless}"],
    }
    with pytest.raises(InvalidInputLine, match="endless.jsonl has a line longer than"):
        list(batch_records(message, lambda: None))
