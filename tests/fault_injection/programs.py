"""Tap and target with a fast clock, so that their waits are short."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

import requests
from typing_extensions import Self

from tap_freshchat.config import Config
from tap_freshchat.run_context import RunContext
from tap_freshchat.shutdown import TempDir
from tap_freshchat.tap import TapFreshchat
from target_segment.run import Run, build_run
from target_segment.target import TargetSegment

if TYPE_CHECKING:
    import threading

# Real seconds until a stalled request times out.
REQUEST_SECONDS = 1
# Makes a hung program dump the stack of each thread and end; neither program handles it.
DUMP_STACKS = signal.SIGRTMIN
CLOCK = "FAST_CLOCK"


@dataclass(frozen=True)
class FastClock:
    """A clock that runs faster, in step in all processes of this host.

    Attributes:
        start: The time when the host's monotonic clock was at `base`.
        base: Seconds of the monotonic clock.
        speed: Seconds that pass in one second of the host.
    """

    start: str
    base: float
    speed: float

    @classmethod
    def from_environment(cls) -> Self:
        """The clock that `to_environment` described."""
        return cls(**json.loads(os.environ[CLOCK]))

    def not_before(self, start: datetime) -> FastClock:
        """This clock, advanced to a time unless it is later already."""
        if self.now() >= start:
            return self
        return FastClock(start.isoformat(), time.monotonic(), self.speed)

    def to_environment(self) -> dict[str, str]:
        """The environment variables that describe it to a process."""
        return {CLOCK: json.dumps(self.__dict__)}

    def now(self) -> datetime:
        """The time."""
        return datetime.fromisoformat(self.start) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds since the start."""
        return (time.monotonic() - self.base) * self.speed

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds / self.speed)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event; whether it was set."""
        return event.wait(seconds / self.speed)


class FastTargetClock(FastClock):
    """A clock whose waits are short; `sentAt` is the time of the host, as the server expects."""

    def now(self) -> datetime:
        """The time of the host."""
        return datetime.now(timezone.utc)


class FastTap(TapFreshchat):
    """The tap with a fast clock."""

    @cached_property
    def run(self) -> RunContext:
        clock = FastClock.from_environment()
        config = Config.from_config(self.config, clock.now())
        return RunContext(
            replace(config, request_timeout=REQUEST_SECONDS),
            clock=clock,
            session=requests.Session(),
            token=config.token or "",
            temp_dir=TempDir(),
        )


class FastTarget(TargetSegment):
    """The target with a fast clock."""

    def create_run(self) -> Run:
        return build_run(
            replace(self.settings, request_timeout=REQUEST_SECONDS),
            self.plugin_version,
            check_interrupt=self.check_interrupt,
            logger=self.logger,
            clock=FastTargetClock.from_environment(),
        )


PROGRAMS: dict[str, Any] = {"tap": FastTap, "target": FastTarget}


def main(program: str, *arguments: str) -> None:
    """Run one of the two as its command line does."""
    # The handler writes the dump itself, whatever the threads wait for; then the default follows.
    faulthandler.register(DUMP_STACKS, all_threads=True, chain=True)
    sys.argv = [program, *arguments]
    PROGRAMS[program].cli()


if __name__ == "__main__":
    main(*sys.argv[1:])
