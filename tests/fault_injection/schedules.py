"""Schedules of faults, drawn at random from a seed; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from fault_injection.fault_kinds import (
    EXPECTED_COUNTS,
    KINDS,
    REPORT_CHANNELS,
    SIGNAL_CHANNELS,
    Channel,
)
from freshchat_sandbox.readings import values_by_belief

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_FAULTS = 6
# Milliseconds between an event and its signal, so that the signal arrives at any point.
MAX_SIGNAL_DELAY = 30
SANDBOX_SEEDS = 40
LIVE_SHARE = 0.2
# Minutes that rows may be late and still be within the overlap that a run reads again.
LATE_MINUTES = 45
# Share of the schedules with reports whose rows are later than that, up to these minutes.
LATE_ROWS_SHARE = 0.15
ROW_DELAY = 200
# Beliefs of which each schedule has a random reading; the events are the same under all.
READINGS = (
    *("job_state", "link_form", "message_pages", "list_pages"),
    *("actor_type", "agent_status", "agent_statuses_key"),
)


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: Its name in `KINDS`.
        channel: What is counted.
        at: Injected at the first opportunity from this count on; counts continue from run to run.
        after: Delay in milliseconds, for signals.
        choice: Selects a variant of the kind.
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
class Environment:
    """The sandbox account and the settings of the tap and the target.

    Attributes:
        source: `reports`; `rest` by setting; or `auto`, without reports in the account.
        live: Whether the runs poll a present that goes on; otherwise they read a past period.
        polls: Number of polls of the past period.
        report_latency: Minutes until a row can be seen.
        row_delay: Minutes by which half of the rows are later still, at most. A settling pass at
            the end finds them.
        readings: What the account spells in one of several ways, by belief.
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
    row_delay: int = 0
    readings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Schedule:
    """One runner of the campaign.

    Attributes:
        seed: The seed that it was drawn from.
        environment: Account and settings.
        faults: What is injected.
        resumed: Whether the runs are also resumed, without faults, from the STATEs written.
        executed: Whether both programs are started as new processes rather than forked.
    """

    seed: int
    environment: Environment
    faults: tuple[Fault, ...]
    resumed: bool
    executed: bool

    def __str__(self) -> str:
        how = [self.environment.source, "live" if self.environment.live else "past"]
        how += ["late rows"] * bool(self.environment.row_delay)
        how += ["resumed"] * self.resumed + ["executed"] * self.executed
        return f"{self.seed}: {' '.join(how)}: {' '.join(map(str, self.faults))}"


def draw(seed: int) -> Schedule:
    """The schedule of a seed, the same on every machine."""
    rng = Random(f"schedule {seed}")
    source = rng.choices(("reports", "rest", "auto"), (85, 10, 5))[0]
    live = rng.random() < LIVE_SHARE
    environment = Environment(
        seed=rng.randint(1, SANDBOX_SEEDS),
        source=source,
        live=live,
        polls=rng.choice((1, 2)),
        conversations_per_day=rng.randint(2, 4),
        header_style=rng.choice(("snake", "title")),
        report_latency=rng.choice((5, LATE_MINUTES, LATE_MINUTES)) if live else 5,
        requests_per_minute=rng.choice((60, 600)),
        batch_events=rng.randint(5, 20),
        concurrency=rng.choice((1, 4)),
        state_flush_seconds=rng.choice((0, 10, 3600)),
        secrets_in_environment=rng.random() < 0.5,
    )
    environment = _with_readings(environment, seed)
    excluded = REPORT_CHANNELS if source != "reports" else set()
    names = [name for name, kind in sorted(KINDS.items()) if kind.channel not in excluded]
    channels = [channel for channel in SIGNAL_CHANNELS if channel not in excluded]
    return Schedule(
        seed=seed,
        environment=environment,
        faults=tuple(
            _fault(rng, rng.choice(names), channels) for _ in range(rng.randint(1, MAX_FAULTS))
        ),
        resumed=rng.random() < 0.05,
        executed=rng.random() < 0.03,
    )


def _with_readings(environment: Environment, seed: int) -> Environment:
    """The environment with readings and, perhaps, late rows; does not change what else is drawn."""
    rng = Random(f"readings {seed}")
    values = values_by_belief()
    readings = tuple((belief, str(rng.choice(values[belief]))) for belief in READINGS)
    environment = replace(environment, readings=readings)
    if environment.source == "reports" and rng.random() < LATE_ROWS_SHARE:
        return replace(environment, live=True, row_delay=ROW_DELAY)
    return environment


def _fault(rng: Random, name: str, channels: Sequence[Channel]) -> Fault:
    channel = KINDS[name].channel or rng.choice(channels)
    return Fault(
        kind=name,
        channel=channel,
        # Early counts more often: most code paths run first then.
        at=rng.randint(1, rng.randint(1, EXPECTED_COUNTS[channel])),
        after=rng.randint(0, MAX_SIGNAL_DELAY),
        choice=rng.randrange(1 << 16),
    )
