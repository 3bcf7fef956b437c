"""Fault injector: counts what happens on each channel and hands out each fault once."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

from fault_injection.fault_kinds import KINDS, Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fault_injection.schedules import Fault


class FaultInjector:
    """The pending faults of one schedule; safe for many threads.

    Args:
        faults: All of them.
        signal: Called when a signal is due; must return at once.
    """

    def __init__(self, faults: Sequence[Fault], signal: Callable[[Fault], None]) -> None:
        self.injected: list[Fault] = []
        self._pending = list(faults)
        self._signal = signal
        self._counts: Counter[Channel] = Counter()
        self._lock = threading.Lock()

    def next_fault(
        self,
        channel: Channel,
        fits: Callable[[str], bool] = lambda _: True,
    ) -> Fault | None:
        """Count one more event of a channel; the fault to inject, if any.

        Args:
            channel: What happened.
            fits: Whether a kind of fault is possible here; otherwise it waits for the next event.
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
            injected = [*signals, *others[:1]]
            for fault in injected:
                self._pending.remove(fault)
            self.injected += injected
        for fault in signals:
            self._signal(fault)
        return others[0] if others else None

    def disarm(self) -> None:
        """Inject no further fault; what is refused or odd already stays so."""
        with self._lock:
            self._pending.clear()

    def withdraw(self, fault: Fault) -> None:
        """Report that a fault had no effect."""
        with self._lock:
            self.injected.remove(fault)
