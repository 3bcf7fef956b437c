"""STATE onto standard output, where Singer expects it."""

from __future__ import annotations

import sys

from target_segment.errors import TargetSegmentError


def write_state(state: bytes | None) -> None:
    """Write a STATE; None is no STATE.

    Raises:
        TargetSegmentError: It cannot be written.
    """
    if state is None:
        return
    if sys.stdout is None:
        raise TargetSegmentError("STATE cannot be written: the standard output is closed")
    try:
        # Singer is UTF-8, whatever the terminal's encoding.
        sys.stdout.buffer.write(state + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise TargetSegmentError("Nobody reads the STATE any more") from None
    except OSError as error:
        raise TargetSegmentError(f"STATE cannot be written: {error.strerror}") from None
