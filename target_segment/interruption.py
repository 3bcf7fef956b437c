"""A signal that asks the run to end, remembered until the run can."""

from __future__ import annotations

import os

from target_segment.errors import Interrupted

# Shells' convention for a process that a signal ended.
SIGNALLED = 128


class Interruption:
    """Whether a signal has asked the run to end."""

    def __init__(self) -> None:
        self._signal = 0

    def note(self, number: int) -> None:
        """Remember a signal; a second one ends the process at once, and writes nothing.

        Nothing else may happen here: a handler runs in the middle of whatever the target does.
        """
        if self._signal:
            os._exit(SIGNALLED + number)
        self._signal = number

    def heed(self) -> None:
        """End the run if a signal asked for it.

        Raises:
            Interrupted: It did.
        """
        if self._signal:
            raise Interrupted(self._signal)
