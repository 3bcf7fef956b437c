"""A signal that asks the run to end, remembered until the run can."""

from __future__ import annotations

import os

from target_segment.errors import Interrupted

# Shells' convention for a process that a signal ended.
SIGNAL_EXIT_BASE = 128


class InterruptFlag:
    """Whether a signal has asked the run to end."""

    def __init__(self) -> None:
        self._signal = 0

    def set(self, number: int) -> None:
        """Remember a signal; a second one ends the process at once, and writes nothing.

        Nothing else may happen here: a handler runs in the middle of whatever the target does.
        """
        if self._signal:
            os._exit(SIGNAL_EXIT_BASE + number)
        self._signal = number

    def raise_if_set(self) -> None:
        """End the run if a signal asked for it.

        Raises:
            Interrupted: It did.
        """
        if self._signal:
            raise Interrupted(self._signal)
