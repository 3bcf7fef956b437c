"""Errors by what the user can do about them; one line each, without record content."""

from __future__ import annotations


class TargetSegmentError(Exception):
    """An error whose message says what happened, where, and what to change."""


class MappingError(TargetSegmentError):
    """An invalid mapping; the message names stream and setting."""


class DeliveryError(TargetSegmentError):
    """Segment cannot be reached, or rejects the whole run; STATE does not move."""


class DeadLetterError(TargetSegmentError):
    """An event could neither be sent nor kept, or too many could not be sent."""


class Interrupted(Exception):  # noqa: N818 - an outcome, not an error
    """A signal asked the run to end; the exit status is 128 above its number."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"Interrupted by signal {signal_number}")
        self.signal_number = signal_number
