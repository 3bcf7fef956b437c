"""Shutdown of a run after an error."""

import logging

import click
import pytest
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError

from tap_freshchat.errors import ReportError
from tap_freshchat.shutdown import report_errors_and_exit

LOG = logging.getLogger("tap-freshchat")
WRITTEN = "My card is 4111 1111"


def end_run(error):
    """Raise an error in a run; check that the process exits with status 1."""

    def run():
        with report_errors_and_exit(LOG):
            raise error

    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 1


def line_of(error, caplog):
    """Return the only line that is logged for an error."""
    end_run(error)
    [record] = caplog.records
    assert record.exc_info is None
    return record.getMessage()


def test_an_expected_error_is_logged_in_one_line(caplog):
    assert line_of(ReportError("Run again."), caplog) == "Run again."


def test_an_error_of_the_sdk_is_logged_in_one_line(caplog):
    assert line_of(SingerSDKError("two\n  lines"), caplog) == "two lines"


def test_an_unexpected_error_names_its_place_and_no_record_content(caplog):
    line = line_of(KeyError(WRITTEN), caplog)
    assert "Unexpected KeyError at test_shutdown.py:" in line
    assert WRITTEN not in line


def test_a_full_disk_is_an_error_that_says_what_to_do(caplog):
    line = line_of(OSError(28, "No space left on device"), caplog)
    assert "(No space left on device)" in line
    assert "TMPDIR" in line


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")])
def test_missing_memory_or_threads_are_an_error_that_names_the_setting(error, caplog):
    assert "max_concurrency" in line_of(error, caplog)


def test_an_output_that_does_not_block_is_reported_as_such(caplog):
    assert "stdout is non-blocking" in line_of(BlockingIOError(), caplog)


def test_invalid_settings_end_in_one_line_each(caplog):
    end_run(ConfigValidationError("Config validation failed", errors=["a: wrong", "b: wrong"]))
    assert [record.getMessage() for record in caplog.records] == ["a: wrong", "b: wrong"]


@pytest.mark.parametrize(
    "error",
    [
        click.UsageError("no such option"),
        click.exceptions.Exit(0),
        BrokenPipeError(),
    ],
)
def test_errors_that_the_command_line_reports_are_not_caught(error):
    with pytest.raises(type(error)), report_errors_and_exit(LOG):
        raise error
