"""Signal timers: send the signals of a schedule to the running programs after a delay."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fault_injection.pipeline_run import PipelineRun
    from fault_injection.schedules import Fault


class SignalTimers:
    """Timers of one schedule; a signal that is due between two runs waits for the next one.

    Attributes:
        sent: Number of signals that reached a program.
    """

    def __init__(self) -> None:
        self.sent = 0
        self._run: PipelineRun | None = None
        self._under_way = threading.Event()
        self._timers: list[threading.Timer] = []

    def run_started(self, run: PipelineRun) -> None:
        """Send due signals to this run."""
        self._run = run
        self._under_way.set()

    def run_ended(self) -> None:
        """Keep due signals for the next run."""
        self._under_way.clear()

    def start(self, fault: Fault, withdraw: Callable[[Fault], None]) -> None:
        """Start the timer of a signal.

        Args:
            fault: Its kind, such as `sigterm-tap`, and its delay in milliseconds.
            withdraw: Called if the signal reaches no program.
        """
        name, _, victim = fault.kind.partition("-")
        number = getattr(signal, name.upper())

        def send() -> None:
            if not self._under_way.is_set():
                self._under_way.wait()
                time.sleep(fault.after / 100)
            if self._run is None or not self._run.signal(victim, number):
                withdraw(fault)
            else:
                self.sent += 1

        timer = threading.Timer(fault.after / 1000, send)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def close(self) -> None:
        """Withdraw the signals that still wait for a run, and wait for all timers."""
        self._run = None
        self._under_way.set()
        for timer in self._timers:
            timer.join()
