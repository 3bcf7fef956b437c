"""How a run ends: which exit status, and which one line, for which error."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.singerlib.exceptions import SingerError

from target_segment.errors import Interrupted, TargetSegmentError

# Shells' convention for a process that a signal ended.
SIGNALLED = 128


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended.

    Attributes:
        status: Exit status of the process.
        outcome: A few words for the closing table.
        errors: Lines for the log.
    """

    status: int
    outcome: str
    errors: tuple[str, ...] = ()


def ending_of(error: BaseException | None) -> Ending:
    """Tell how a run ended, by what ended it; None is the end of the input.

    No line quotes anything of a record: the text of an unforeseen error might.
    """
    if error is None:
        return Ending(status=0, outcome="done")
    if isinstance(error, Interrupted):
        return Ending(
            status=SIGNALLED + error.signal_number,
            outcome="interrupted",
            errors=(f"{error}: what is not acknowledged is sent again by the next run",),
        )
    if isinstance(error, ConfigValidationError):
        return Ending(status=1, outcome="not started", errors=tuple(error.errors))
    if isinstance(error, BrokenPipeError):
        return Ending(status=1, outcome="failed", errors=("Nobody reads the STATE any more",))
    if isinstance(error, (TargetSegmentError, SingerSDKError, SingerError)):
        return Ending(status=1, outcome="failed", errors=(" ".join(str(error).split()),))
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" at {Path(frame.filename).name}:{frame.lineno}" for frame in place)
    line = f"Unforeseen {type(error).__name__}{where}; this is a bug of target-segment's"
    return Ending(status=1, outcome="failed", errors=(line,))
