"""Lines without an end: told, not taken into memory."""

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
    """A file of one line that is too long; it takes no room on the disk."""
    path = tmp_path / "endless.jsonl"
    with path.open("wb") as file:
        file.truncate(MAX_LINE_BYTES + 1)
    return path


def test_lines_up_to_the_bound_come_whole():
    longest = b"x" * (MAX_LINE_BYTES - 1) + b"\n"
    assert list(bounded_lines(io.BytesIO(longest + b"y"))) == [longest, b"y"]


def test_a_line_over_the_bound_is_not_read_on():
    file = io.BytesIO(bytes(2 * MAX_LINE_BYTES))
    with pytest.raises(LineTooLongError):
        list(bounded_lines(file))
    assert file.tell() == MAX_LINE_BYTES


def test_an_input_without_ends_of_lines_ends_the_run_naming_the_line(endless):
    with endless.open("rb") as file, pytest.raises(InvalidInputLine, match="Line 1 .* longer than"):
        MessageReader().process_lines(file, {})


def test_a_letter_may_be_as_long_as_a_record_and_what_is_said_of_it(endless):
    assert list(read_dead_letters(endless)) == [None]


def test_letters_without_ends_of_lines_are_refused_naming_the_file(endless):
    with endless.open("r+b") as file:
        file.truncate(2 * MAX_LINE_BYTES + 1)
    with pytest.raises(DeadLetterError, match="endless.jsonl has a line longer than"):
        list(read_dead_letters(endless))


def test_a_batch_without_ends_of_lines_is_refused_naming_the_file(endless):
    message = {
        "stream": "orders",
        "encoding": {"format": "jsonl"},
        "manifest": [f"file://{endless}"],
    }
    with pytest.raises(InvalidInputLine, match="endless.jsonl has a line longer than"):
        list(batch_records(message, lambda: None))
