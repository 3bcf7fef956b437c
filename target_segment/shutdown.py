"""A run up to its end: which exit status, and which one line, for which error."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.singerlib.exceptions import SingerError

from target_segment.errors import Interrupted, TargetSegmentError
from target_segment.interruption import SIGNAL_EXIT_BASE
from target_segment.run_stats import RunSummary, summary_table
from target_segment.state_output import write_state

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from target_segment.run import Run

T = TypeVar("T")

# A sending thread needs the interpreter for an instant many times in a request. At Python's default
# of 5 ms it waits for it longer than for Segment, and the main thread never waits at all.
_SWITCH_SECONDS = 0.001

# How long requests on their way may take to finish when the run ends early.
_GRACE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        status: Exit status of the process.
        outcome: A few words for the closing table.
        errors: Lines for the log.
    """

    status: int
    outcome: str
    errors: tuple[str, ...] = ()


def outcome_of(error: BaseException | None) -> RunOutcome:
    """Tell how a run ended, by what ended it; None is the end of the input.

    No line quotes anything of a record: the text of an unforeseen error might.
    """
    if error is None:
        return RunOutcome(status=0, outcome="done")
    if isinstance(error, Interrupted):
        return RunOutcome(
            status=SIGNAL_EXIT_BASE + error.signal_number,
            outcome="interrupted",
            errors=(f"{error}: what is not acknowledged is sent again by the next run",),
        )
    if isinstance(error, ConfigValidationError):
        return RunOutcome(status=1, outcome="not started", errors=tuple(error.errors))
    if isinstance(error, (TargetSegmentError, SingerSDKError, SingerError)):
        return RunOutcome(status=1, outcome="failed", errors=(" ".join(str(error).split()),))
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in place)
    line = f"Unforeseen {type(error).__name__}{where}; this is a bug of target-segment's"
    return RunOutcome(status=1, outcome="failed", errors=(line,))


def run_and_exit(
    start: Callable[[], T],
    work: Callable[[T], None],
    *,
    now: Callable[[], float],
    logger: logging.Logger,
) -> NoReturn:
    """Make a target, let it work, and end the process with a status that says how it went.

    Args:
        start: Makes the target; what its streams share, if they came to it, is its `run`.
        work: What it is to do.
        now: A monotonic clock, in seconds.
        logger: For what went wrong.
    """
    started = now()
    sys.setswitchinterval(_SWITCH_SECONDS)
    target = error = None
    try:
        target = start()
        work(target)
    except (Exception, Interrupted) as caught:  # noqa: BLE001 - every end of a run is told
        error = caught
    run = None if target is None else vars(target).get("run")
    _finish_and_exit(outcome_of(error), run, seconds=now() - started, logger=logger)


def _finish_and_exit(
    ending: RunOutcome,
    run: Run | None,
    *,
    seconds: float,
    logger: logging.Logger,
) -> NoReturn:
    """Say how the run ended, emit the last STATE that is safe, and leave.

    Args:
        ending: How the run ended.
        run: What the streams shared; None if it ended before the first of them.
        seconds: How long the run took.
        logger: For what went wrong.
    """
    for line in ending.errors:
        logger.error(line)
    if run is None:
        sys.exit(ending.status)
    state = run.delivery.end(_GRACE_SECONDS)
    status, page = ending.status, None
    try:
        write_state(state)
    except TargetSegmentError as error:
        logger.error(str(error))  # noqa: TRY400 - one line says it all
        status = status or 1
    run.close()
    if run.dry_run is not None:
        try:
            page = run.dry_run.write_preview(
                run.delivery.stats, ending.outcome, run.dead_letters.path
            )
        except TargetSegmentError as error:
            logger.error(str(error))  # noqa: TRY400 - one line says it all
            status = status or 1
    closing = RunSummary(
        outcome=ending.outcome,
        seconds=seconds,
        output=run.dry_run.path if run.dry_run else None,
        page=page,
        dead_letters=run.dead_letters.path,
    )
    sys.stderr.write(summary_table(run.delivery.stats, closing))
    sys.stderr.flush()
    if run.delivery.is_idle:
        sys.exit(status)
    # A request still hangs; leaving the usual way would wait for it.
    os._exit(status)
