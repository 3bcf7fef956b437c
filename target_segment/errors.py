"""What can go wrong, by what the user can do about it; one line each, without content."""

from __future__ import annotations


class TargetSegmentError(Exception):
    """A fault whose message tells the user what happened, where, and what to change."""


class MappingError(TargetSegmentError):
    """A mapping in the settings that cannot work; the message names stream and setting."""


class DeliveryError(TargetSegmentError):
    """Segment cannot be reached, or refuses the run as a whole; STATE stays where it is."""


class DeadLetterError(TargetSegmentError):
    """An event could neither be sent nor be kept, or too many could not be sent."""


class Interrupted(Exception):  # noqa: N818 - an outcome, not an error
    """A signal asked the run to end.

    Attributes:
        signal_number: The signal's number; the exit status is 128 above it.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"Interrupted by signal {signal_number}")
        self.signal_number = signal_number
