"""A schedule: what goes wrong, and when, drawn from a seed; pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from fault_injection.fault_kinds import KINDS, MOMENTS, OF_REPORTS, SEEN, Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_FAULTS = 6
# Milliseconds between a moment and the signal sent at it, so that it lands anywhere.
LATEST_SIGNAL = 30
WORLDS = 40
LIVE_SHARE = 0.2
# Minutes that rows may be late and still lie in the overlap that a run reads again.
LATE = 45


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: Its name in `KINDS`.
        channel: What is counted.
        at: Strikes at the first chance from this count on; counts go on from run to run.
        after: Milliseconds from then, for signals.
        choice: What picks among variants of the kind.
    """

    kind: str
    channel: Channel
    at: int
    after: int
    choice: int

    def __str__(self) -> str:
        after = f"+{self.after}ms" if KINDS[self.kind].side == "process" else ""
        return f"{self.kind}@{self.channel.value}{self.at}{after}"


@dataclass(frozen=True)
class World:
    """What the desk is like, and how the pair is set up.

    Attributes:
        source: `reports`, or `rest` where the account has none, as a setting or by itself.
        live: Whether the pair polls what happens meanwhile; else it catches up with the past.
        polls: How many times, when it is the past.
        report_latency: Minutes until a row can be seen.
    """

    seed: int
    source: str
    live: bool
    polls: int
    conversations_per_day: int
    header_style: str
    report_latency: int
    requests_per_minute: int
    batch_events: int
    concurrency: int
    state_flush_seconds: int
    secrets_in_environment: bool


@dataclass(frozen=True)
class Schedule:
    """One trial of the campaign.

    Attributes:
        seed: What it was drawn from.
        world: The rest of the scene.
        faults: What goes wrong meanwhile.
        resumed: Whether the pair is also resumed, without faults, from each STATE it wrote.
        executed: Whether both programs are started from scratch rather than forked.
    """

    seed: int
    world: World
    faults: tuple[Fault, ...]
    resumed: bool
    executed: bool

    def __str__(self) -> str:
        how = [self.world.source, "live" if self.world.live else "past"]
        how += ["resumed"] * self.resumed + ["executed"] * self.executed
        return f"{self.seed}: {' '.join(how)}: {' '.join(map(str, self.faults))}"


def draw(seed: int) -> Schedule:
    """The schedule of a seed, the same on every machine."""
    dice = Random(f"schedule {seed}")
    source = dice.choices(("reports", "rest", "auto"), (85, 10, 5))[0]
    live = dice.random() < LIVE_SHARE
    world = World(
        seed=dice.randint(1, WORLDS),
        source=source,
        live=live,
        polls=dice.choice((1, 2)),
        conversations_per_day=dice.randint(2, 4),
        header_style=dice.choice(("snake", "title")),
        report_latency=dice.choice((5, LATE, LATE)) if live else 5,
        requests_per_minute=dice.choice((60, 600)),
        batch_events=dice.randint(5, 20),
        concurrency=dice.choice((1, 4)),
        state_flush_seconds=dice.choice((0, 10, 3600)),
        secrets_in_environment=dice.random() < 0.5,
    )
    barred = OF_REPORTS if source != "reports" else set()
    names = [name for name, kind in sorted(KINDS.items()) if kind.channel not in barred]
    moments = [channel for channel in MOMENTS if channel not in barred]
    return Schedule(
        seed=seed,
        world=world,
        faults=tuple(
            _fault(dice, dice.choice(names), moments) for _ in range(dice.randint(1, MOST_FAULTS))
        ),
        resumed=dice.random() < 0.05,
        executed=dice.random() < 0.03,
    )


def _fault(dice: Random, name: str, moments: Sequence[Channel]) -> Fault:
    channel = KINDS[name].channel or dice.choice(moments)
    return Fault(
        kind=name,
        channel=channel,
        # Early ones more often: that is when most is new.
        at=dice.randint(1, dice.randint(1, SEEN[channel])),
        after=dice.randint(0, LATEST_SIGNAL),
        choice=dice.randrange(1 << 16),
    )
