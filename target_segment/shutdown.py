"""Shutdown of a run: signals, exit status, the last STATE, the summary and the error lines."""

from __future__ import annotations

import fcntl
import logging
import os
import stat
import sys
import termios
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TextIO

from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.logging import StructuredFormatter
from singer_sdk.singerlib.exceptions import SingerError

from target_segment.errors import Interrupted, TargetSegmentError
from target_segment.run_summary import (
    RunSummary,
    run_totals,
    summary_line,
    summary_table,
    write_totals,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_segment.clock import Clock
    from target_segment.run import Run
    from target_segment.run_stats import RunStats

# Shells' convention for a process that a signal ended.
SIGNAL_EXIT_BASE = 128

# A sending thread needs the interpreter many times in a request, for an instant. With Python's
# default of 5 ms it would wait longer for the interpreter than for Segment.
_SWITCH_SECONDS = 0.001

# A reader that waits for the pipe needs less than a millisecond; Meltano may still be starting.
_LOG_READER_SECONDS = 2.0
_LOG_READER_POLL_SECONDS = 0.01

# How long requests in flight may take to finish when the run ends early: schedulers kill a process
# some seconds after SIGTERM, and files and the summary follow.
_GRACE_SECONDS = 4.0


class InterruptFlag:
    """Flag of a signal that asks the run to end."""

    def __init__(self) -> None:
        self._signal = 0

    def set(self, number: int) -> None:
        """Remember a signal; a second one ends the process at once and writes nothing.

        Nothing else may happen here: a handler runs at any point of the program.
        """
        if self._signal:
            os._exit(SIGNAL_EXIT_BASE + number)
        self._signal = number

    def raise_if_set(self) -> None:
        """Raise `Interrupted` if a signal has come."""
        if self._signal:
            raise Interrupted(self._signal)


class RunOutcome(NamedTuple):
    """Exit status of a run, its word in the summary, and the error lines for the log."""

    status: int
    outcome: str
    errors: tuple[str, ...] = ()


def outcome_of(error: BaseException | None) -> RunOutcome:
    """Return the outcome of a run that an error, or None, has ended.

    No line quotes anything of a record: the text of an unexpected error might.
    """
    if error is None:
        return RunOutcome(0, "done")
    if isinstance(error, Interrupted):
        line = f"{error}: the next run sends again what Segment has not acknowledged"
        return RunOutcome(SIGNAL_EXIT_BASE + error.signal_number, "interrupted", (line,))
    if isinstance(error, ConfigValidationError):
        return RunOutcome(1, "not started", tuple(error.errors))
    if isinstance(error, (TargetSegmentError, SingerSDKError, SingerError)):
        return RunOutcome(1, "failed", (" ".join(str(error).split()),))
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in place)
    line = f"Unexpected {type(error).__name__}{where}; this is a bug in target-segment"
    return RunOutcome(1, "failed", (line,))


def run_and_exit(
    work: Callable[[], None],
    started_run: Callable[[], Run | None],
    clock: Clock,
    logger: logging.Logger,
) -> NoReturn:
    """Work, and exit with the status of how the run ended, if `work` has started one."""
    started = clock.monotonic()
    sys.setswitchinterval(_SWITCH_SECONDS)
    error = None
    try:
        work()
    except Exception as caught:  # noqa: BLE001 - reported below
        error = caught
    ending = outcome_of(error)
    for line in ending.errors:
        logger.error(line)
    run = started_run()
    if run is None:
        if ending.status:
            wait_for_log_reader(sys.stderr, clock)
        sys.exit(ending.status)
    status = _finish(run, ending, clock.monotonic() - started, logger)
    # After a signal, the time is short.
    if 0 < status < SIGNAL_EXIT_BASE:
        wait_for_log_reader(sys.stderr, clock)
    if run.delivery.is_idle:
        sys.exit(status)
    # A request still hangs; a normal exit would wait for it.
    os._exit(status)


def wait_for_log_reader(log: TextIO | None, clock: Clock) -> None:
    """Wait until the reader of the log, if it is a pipe, has read all of it; 2 seconds at most.

    Meltano 4.4 stops reading logs as soon as it cannot write to the target's stdin, which closes
    when the target ends: the line with the error must be read before.
    """
    deadline = clock.monotonic() + _LOG_READER_SECONDS
    # A closed stderr is None, or has no descriptor.
    with suppress(OSError, ValueError, AttributeError):
        number = log.fileno()  # type: ignore[union-attr]
        while (
            stat.S_ISFIFO(os.fstat(number).st_mode)
            and any(fcntl.ioctl(number, termios.FIONREAD, bytes(4)))
            and clock.monotonic() < deadline
        ):
            clock.sleep(_LOG_READER_POLL_SECONDS)


def _finish(run: Run, ending: RunOutcome, seconds: float, logger: logging.Logger) -> int:
    """Write the last safe STATE, the preview and the summary; return the exit status."""
    stats, dry_run, status = run.delivery.stats, run.dry_run, ending.status
    summary = RunSummary(
        outcome=ending.outcome,
        seconds=seconds,
        output=dry_run.path if dry_run else None,
        dead_letters=run.dead_letters.path,
    )
    state = run.delivery.end(_GRACE_SECONDS)
    try:
        write_state(state)
    except TargetSegmentError as error:
        logger.error(str(error))  # noqa: TRY400 - the message says it all
        status = status or 1
    run.close()
    if run.dead_letters.count:
        logger.warning(
            "%d records or events could not be sent and are kept in %s; fix the cause, then send "
            "them with --replay",
            run.dead_letters.count,
            run.dead_letters.path,
        )
    try:
        if dry_run:
            summary = replace(summary, page=dry_run.write_preview(stats, summary))
    except TargetSegmentError as error:
        logger.error(str(error))  # noqa: TRY400 - the message says it all
        status = status or 1
    try:
        if run.summary_path:
            write_totals(run.summary_path, run_totals(stats, replace(summary, exit_code=status)))
    except TargetSegmentError as error:
        logger.error(str(error))  # noqa: TRY400 - the message says it all
        status = status or 1
    _print_summary(stats, replace(summary, exit_code=status), logger)
    return status


def _print_summary(stats: RunStats, summary: RunSummary, logger: logging.Logger) -> None:
    line, table = summary_line(stats, summary), summary_table(stats, summary)
    logger.info(line, extra={"run_summary": run_totals(stats, summary)})
    handlers = logging.getLogger().handlers
    if any(isinstance(each.formatter, StructuredFormatter) for each in handlers):
        # Each line of such a log is a JSON object.
        for row in table.splitlines():
            logger.info(row)
    elif sys.stderr is not None:
        # A log without a reader, or on a full disk, is no failure of the run.
        with suppress(OSError):
            sys.stderr.write(table)
            sys.stderr.flush()


def write_state(state: bytes | None) -> None:
    """Write a STATE, unless None, to stdout in one line; raises `TargetSegmentError`."""
    if state is None:
        return
    if sys.stdout is None:
        raise TargetSegmentError("STATE cannot be written: stdout is closed")
    try:
        # Singer is UTF-8, independent of the terminal's encoding.
        sys.stdout.buffer.write(state + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise TargetSegmentError("STATE cannot be written: stdout has no reader") from None
    except OSError as error:
        raise TargetSegmentError(f"STATE cannot be written: {error.strerror}") from None
