"""Which fault strikes now: counts what happens, and hands out each fault once."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from fault_injection.fault_kinds import KINDS, Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fault_injection.schedules import Fault


class Moments:
    """The faults of one schedule that are still to come; safe to ask from many threads.

    Args:
        faults: All of them.
        signal: Called when a signal is due; must return at once.
    """

    def __init__(self, faults: Sequence[Fault], signal: Callable[[Fault], None]) -> None:
        self.fired: list[Fault] = []
        self._pending = list(faults)
        self._signal = signal
        self._counts: Counter[Channel] = Counter()
        self._lock = threading.Lock()

    def at(self, channel: Channel, fits: Callable[[str], bool] = lambda _: True) -> Fault | None:
        """Count one more of a channel; the fault to suffer, if any.

        Args:
            channel: What happened.
            fits: Whether a kind can strike here; one that cannot waits for the next chance.
        """
        with self._lock:
            self._counts[channel] += 1
            due = [
                fault
                for fault in self._pending
                if fault.channel is channel and fault.at <= self._counts[channel]
            ]
            signals = [fault for fault in due if KINDS[fault.kind].side == "process"]
            others = [fault for fault in due if fault not in signals and fits(fault.kind)]
            struck = [*signals, *others[:1]]
            for fault in struck:
                self._pending.remove(fault)
            self.fired += struck
        for fault in signals:
            self._signal(fault)
        return others[0] if others else None

    def take_back(self, fault: Fault) -> None:
        """Say that a fault struck nothing after all."""
        with self._lock:
            self.fired.remove(fault)
