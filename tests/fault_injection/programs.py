"""Both programs as they are, but for time: what they would wait for is soon over."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import requests

from tap_freshchat.configuration import Settings
from tap_freshchat.scratch import ScratchFolder
from tap_freshchat.service import Service
from tap_freshchat.tap import TapFreshchat
from target_segment.sending.sender import Time
from target_segment.target import TargetSegment
from target_segment.wiring import Run, start_run

if TYPE_CHECKING:
    import threading

# Real seconds: a request that stalls is given up after so long.
REQUEST_TIMEOUT = 1.0
# Makes a program that hangs say where each of its threads stands, and end.
WHERE = signal.SIGUSR1
CLOCK = "CAMPAIGN_CLOCK"


@dataclass(frozen=True)
class FastClock:
    """Time that runs faster, alike in all processes of this host.

    Attributes:
        start: What time it was when the host's monotonic clock stood at `base`.
        base: Seconds.
        speed: Seconds that pass in one of the host's.
    """

    start: str
    base: float
    speed: float

    @classmethod
    def from_environment(cls) -> FastClock:
        """The clock that `to_environment` described."""
        return cls(**json.loads(os.environ[CLOCK]))

    def not_before(self, moment: datetime) -> FastClock:
        """This clock, put forward to a moment unless it is past it."""
        if self.now() >= moment:
            return self
        return FastClock(moment.isoformat(), time.monotonic(), self.speed)

    def to_environment(self) -> dict[str, str]:
        """Describe it to a process."""
        return {CLOCK: json.dumps(self.__dict__)}

    def now(self) -> datetime:
        """The moment."""
        return datetime.fromisoformat(self.start) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds since the start."""
        return (time.monotonic() - self.base) * self.speed

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds / self.speed)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event; whether it came."""
        return event.wait(seconds / self.speed)


class FastTap(TapFreshchat):
    """The tap with a fast clock."""

    @cached_property
    def service(self) -> Service:
        clock = FastClock.from_environment()
        settings = Settings.from_config(self.config, clock.now())
        return Service(
            replace(settings, request_timeout=REQUEST_TIMEOUT),
            clock=clock,
            session=requests.Session(),
            token=settings.token or "",
            scratch=ScratchFolder(),
        )


class FastTarget(TargetSegment):
    """The target with a fast clock."""

    @cached_property
    def run(self) -> Run:
        clock = FastClock.from_environment()
        return start_run(
            replace(self.settings, request_timeout=REQUEST_TIMEOUT),
            self.plugin_version,
            self.heed,
            self.logger,
            clock=Time(now=clock.monotonic, wait=clock.wait),
        )


PROGRAMS = {"tap": FastTap, "target": FastTarget}


def main(program: str, *arguments: str) -> None:
    """Run one of the two, as from a command line."""
    # Written by the handler itself, whatever the threads are stuck in; what follows is the default.
    faulthandler.register(WHERE, all_threads=True, chain=True)
    sys.argv = [program, *arguments]
    PROGRAMS[program].cli()


if __name__ == "__main__":
    main(*sys.argv[1:])
