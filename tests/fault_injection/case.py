"""One schedule from the first run to the verdict."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fakes.clock import NOON
from fakes.pair import sent_occurrences
from fakes.runs import EVENT_STREAMS
from fakes.segment import FakeSegment

from fault_injection import checks
from fault_injection.fault_kinds import Channel
from fault_injection.fork_server import TESTS
from fault_injection.freshchat_server import FreshchatEnd
from fault_injection.injector import Moments
from fault_injection.leaks import LeakScan
from fault_injection.pipeline_run import PairRun, Start
from fault_injection.programs import FastClock
from fault_injection.segment_server import WRITE_KEY, Weather
from tap_freshchat import sandbox
from tap_freshchat.tap import TapFreshchat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from fault_injection.fork_server import Nursery
    from fault_injection.schedules import Fault, Schedule

TOKEN = "tok-b83f6a1d52e94c07"
# Seconds of the desk's time in a second of the host's.
SPEED = 1000.0
HISTORY = timedelta(days=2)
OPENED = (NOON - timedelta(days=5)).date()
# How much a run reads again, by default.
OVERLAP = timedelta(minutes=60)
MOST_RUNS = 30
STATES_RESUMED = 3
DEAD_LETTERS = "dead_letters.jsonl"
# Room for half a dead letter.
LITTLE_ROOM = 700
NO_ROOM_FOR_REPORTS = 200
DEBUG = ("LOGLEVEL", "TAP_FRESHCHAT_LOGLEVEL", "TARGET_SEGMENT_LOGLEVEL")


@dataclass(frozen=True)
class Poll:
    """The pair catches up, from a moment on, with what happened before an end."""

    begins: datetime
    end: datetime


# What is past: all rows are there, and the second poll's overlap has been read before.
PAST = tuple(Poll(NOON, NOON - timedelta(hours=hours)) for hours in (20, 2))
# What goes on: rows come in while they are read; at the last poll even the late ones are there.
LIVE = tuple(Poll(NOON + timedelta(minutes=minutes), NOON) for minutes in (-60, -25, 5, 75))


@dataclass
class Verdict:
    """What came of a schedule.

    Attributes:
        runs: How many times the pair was started.
        fired: Names of the kinds that struck.
        endings: How often each pair of exit statuses was met.
        violations: What must not be; empty when all is well.
    """

    seed: int
    schedule: str
    drawn: list[str]
    runs: int = 0
    fired: list[str] = field(default_factory=list)
    endings: dict[str, int] = field(default_factory=dict)
    occurrences: int = 0
    received_again: int = 0
    dead_letters: int = 0
    states: int = 0
    log_bytes: int = 0
    wanted_leaks: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As one line of the file of results."""
        return asdict(self)


class Trial:
    """A schedule under way.

    Args:
        schedule: What to suffer.
        nursery: Starts programs.
        folder: Empty; for all files of the pair.
    """

    def __init__(self, schedule: Schedule, nursery: Nursery, folder: Path) -> None:
        self.schedule = schedule
        self.verdict = Verdict(
            seed=schedule.seed,
            schedule=str(schedule),
            drawn=[fault.kind for fault in schedule.faults],
        )
        self.logs: list[str] = []
        self._nursery = nursery
        self._folder = folder
        begins = (LIVE if schedule.world.live else PAST)[0].begins
        self._clock = FastClock(begins.isoformat(), time.monotonic(), SPEED)
        self._moments = Moments(schedule.faults, self._signal)
        self._run: PairRun | None = None
        self._under_way = threading.Event()
        self._timers: list[threading.Timer] = []
        self._strikes = 0
        self._state_lines: list[bytes] = []
        self._states: list[checks.StateLine] = []
        self._command_lines: set[str] = set()

    def run(self) -> Verdict:
        """Run the pair until it has caught up, then judge."""
        began = time.monotonic()
        world = self.schedule.world
        url = (
            f"sandbox://?seed={world.seed}&conversations_per_day={world.conversations_per_day}"
            f"&header_style={world.header_style}&requests_per_minute={world.requests_per_minute}"
            f"&report_latency={world.report_latency}&opened={OPENED}&token={TOKEN}"
            f"&report_jobs_per_minute=30&report_jobs_per_day=100000"
            f"&extract_available={str(world.source == 'reports').lower()}"
        )
        polls = LIVE if world.live else PAST[-world.polls :]
        truth = sent_occurrences(url, NOON - HISTORY, polls[-1].end)
        desk = sandbox.Sandbox(sandbox.Options.from_url(url), self._now)
        self._segment = FakeSegment((WRITE_KEY,))
        self._weather = Weather(self._segment, self._moments)
        self._freshchat = FreshchatEnd(desk, self._now, self._moments)
        with self._segment, self._freshchat:
            for poll in polls:
                self._clock = self._clock.not_before(poll.begins)
                self._write_settings(poll.end.isoformat())
                if not self._catch_up():
                    break
            else:
                self._replay()
                evidence = self._evidence(truth)
                self.verdict.violations += checks.violations(evidence)
                if self.schedule.resumed:
                    self._resume_from_states(evidence)
        self._run = None
        self._under_way.set()
        for timer in self._timers:
            timer.join()
        self.verdict.violations += self._segment.complaints
        self.verdict.violations += sorted(set(self._freshchat.complaints))
        texts = [occurrence.text for occurrence in truth.values() if occurrence.text]
        self.verdict.violations += sorted(set(self._leaks(texts)))
        self.verdict.fired = [fault.kind for fault in self._moments.fired]
        self.verdict.occurrences = len(truth)
        self.verdict.seconds = round(time.monotonic() - began, 2)
        return self.verdict

    def _now(self) -> datetime:
        return self._clock.now()

    # Runs.

    def _catch_up(self) -> bool:
        """Run the pair from the last STATE until both programs end well; whether they do."""
        for _ in range(MOST_RUNS):
            before = self._trouble
            disk = self._moments.at(Channel.RUN)
            if disk is not None and disk.kind.startswith("dead-letters"):
                self._weather.poison = True
            run = self._run_pair(disk)
            if self._ends_well(run, before):
                return True
        self.verdict.violations.append(f"not done after {MOST_RUNS} runs")
        return False

    @property
    def _trouble(self) -> int:
        """What has gone wrong so far: faults that are due, and signals that arrived."""
        return len(self._moments.fired) + self._strikes

    def _run_pair(self, disk: Fault | None) -> PairRun:
        kind = disk.kind if disk else ""
        arguments = ["--config", "tap.json", "--catalog", "catalog.json"]
        if self._state_lines:
            (self._folder / "state.json").write_bytes(self._state_lines[-1])
            arguments += ["--state", "state.json"]
        environ = self._environ()
        written = self._letters_file.stat().st_size if self._letters_file.exists() else 0
        elsewhere = {"TARGET_SEGMENT_DEAD_LETTER_PATH": "/dev/full"}
        full = kind == "dead-letters-no-space"
        secrets = ["--config=ENV"]
        run = self._start(
            tap=Start(
                arguments=(*arguments, *secrets),
                environ=environ,
                most_bytes=NO_ROOM_FOR_REPORTS if kind == "spool-no-space" else None,
            ),
            target=Start(
                arguments=("--config", "target.json", *secrets),
                environ={**environ, **(elsewhere if full else {})},
                most_bytes=written + LITTLE_ROOM if kind == "dead-letters-cut-short" else None,
            ),
        )
        if disk is not None:
            spool = kind == "spool-no-space"
            suffered = run.statuses["tap"] if spool else b"dead-letter file" in run.logs["target"]
            if not suffered:
                self._moments.take_back(disk)
        return run

    def _start(self, **starts: Start) -> PairRun:
        run = PairRun(self._nursery, self._folder, self._on_state, self.schedule.executed)
        run.start(starts)
        self._run = run
        self._under_way.set()
        run.wait()
        self._under_way.clear()
        self.verdict.runs += 1
        self._command_lines.update(run.command_lines)
        for name, log in run.logs.items():
            self.logs.append(log.decode(errors="replace"))
            self.verdict.log_bytes += len(log)
            # Before a program can arrange for signals, Python does: with a traceback.
            too_early = run.statuses[name] == -signal.SIGINT
            if "Traceback" in self.logs[-1] and not too_early:
                self.verdict.violations.append(f"{name} shows a traceback")
        for name, status in run.statuses.items():
            if status is None:
                self.verdict.violations.append(f"{name} hung")
        self._look_for_left_overs(run)
        return run

    def _ends_well(self, run: PairRun, trouble_before: int) -> bool:
        statuses = tuple(run.statuses.values())
        ending = " ".join(f"{name} {status}" for name, status in run.statuses.items())
        self.verdict.endings = dict(Counter(self.verdict.endings) + Counter([ending]))
        well = not any(statuses)
        calm = self._trouble == trouble_before
        if calm and not well:
            self.verdict.violations.append(f"nothing went wrong, and yet: {ending}")
        return well

    def _replay(self) -> None:
        """Send the dead letters once more, to a receiver that is well again."""
        self._weather.poison = False
        if not self._letters_file.exists():
            return
        letters = self._letters()
        self.verdict.dead_letters = len(letters)
        mode = self._letters_file.stat().st_mode & 0o777
        if mode != 0o600:
            self.verdict.violations.append(f"the dead-letter file has mode {mode:o}")
        if any("event" not in letter for letter in letters):
            self.verdict.violations.append("a record, not an event, among the dead letters")
        self._segment.next_answers.clear()
        run = self._start(
            target=Start(
                arguments=("--config", "target.json", "--config=ENV", "--replay", DEAD_LETTERS),
                environ=self._environ(),
            )
        )
        received = {event["messageId"] for event in self._segment.accepted}
        if any(run.statuses.values()) or not received >= {
            letter["event"]["messageId"] for letter in letters
        }:
            self.verdict.violations.append("the dead letters did not arrive when sent again")

    def _resume_from_states(self, evidence: checks.Evidence) -> None:
        """From any STATE on, what is left arrives, without faults, at a receiver of its own."""
        lines = list(self._state_lines)
        for number in range(0, len(lines), max(1, len(lines) // STATES_RESUMED)):
            line, state = lines[number], evidence.states[number]
            had = [*evidence.received[: state.received], *evidence.letters[: state.letters]]
            with FakeSegment((WRITE_KEY,)) as segment:
                self._state_lines = [line]
                self._write_settings(None, segment)
                run = self._run_pair(None)
                keys = {checks.key_of_event(event) for event in [*had, *segment.accepted]}
            if any(run.statuses.values()):
                self.verdict.violations.append(f"resumed from STATE {number}: {run.statuses}")
            if lost := evidence.truth.keys() - keys:
                self.verdict.violations.append(f"resumed from STATE {number}: {len(lost)} lost")

    # What the pair is given.

    def _write_settings(self, end: str | None, segment: FakeSegment | None = None) -> None:
        world = self.schedule.world
        receiver = segment or self._segment
        tap_path, target_path = self._folder / "tap.json", self._folder / "target.json"
        tap = {
            "api_url": self._freshchat.api_url,
            "start_date": (NOON - HISTORY).isoformat(),
            "activity_source": "rest" if world.source == "rest" else "auto",
            "user_scope": "all",
            "end_date": end or json.loads(tap_path.read_text())["end_date"],
            "report_window_days": 1,
            "report_jobs_per_minute": 30,
            "max_concurrency": world.concurrency,
            "report_timeout_minutes": 10,
        }
        target = {
            "api_url": receiver.api_url,
            "cdn_url": receiver.cdn_url,
            "batch_max_events": world.batch_events,
            "max_concurrency": world.concurrency,
            "max_events_per_second": 0,
            "max_retry_seconds": 36_000,
            "state_flush_seconds": world.state_flush_seconds,
        }
        if not world.secrets_in_environment:
            tap["api_token"], target["write_key"] = TOKEN, WRITE_KEY
        tap_path.write_text(json.dumps(tap))
        target_path.write_text(json.dumps(target))
        (self._folder / "catalog.json").write_text(json.dumps(CATALOG))

    def _environ(self) -> dict[str, str]:
        temporary = self._folder / "tmp"
        temporary.mkdir(exist_ok=True)
        secrets = {"TAP_FRESHCHAT_API_TOKEN": TOKEN, "TARGET_SEGMENT_WRITE_KEY": WRITE_KEY}
        return {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(TESTS),
            "HOME": str(self._folder),
            "TMPDIR": str(temporary),
            **dict.fromkeys(DEBUG, "DEBUG"),
            **self._clock.to_environment(),
            **(secrets if self.schedule.world.secrets_in_environment else {}),
        }

    # What it leaves behind.

    def _on_state(self, line: bytes) -> None:
        received = len(self._segment.accepted)
        self._states.append(checks.StateLine(json.loads(line), received, len(self._letters())))
        self._state_lines.append(line)
        self._moments.at(Channel.STATE)

    def _signal(self, fault: Fault) -> None:
        name, _, victim = fault.kind.partition("-")
        number = getattr(signal, name.upper())

        def strike() -> None:
            # Due between two runs, or at the start of one, it waits until there are processes.
            if not self._under_way.is_set():
                self._under_way.wait()
                time.sleep(fault.after / 100)
            if self._run is None or not self._run.signal(victim, number):
                self._moments.take_back(fault)
            else:
                self._strikes += 1

        timer = threading.Timer(fault.after / 1000, strike)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    @property
    def _letters_file(self) -> Path:
        return self._folder / DEAD_LETTERS

    def _letters(self) -> list[dict[str, Any]]:
        if not self._letters_file.exists():
            return []
        lines = self._letters_file.read_bytes().split(b"\n")
        return [json.loads(line) for line in lines[:-1]]

    def _evidence(self, truth: Mapping[checks.Key, sandbox.Occurrence]) -> checks.Evidence:
        swallowed = self._segment.swallowed
        evidence = checks.Evidence(
            truth=truth,
            received=list(self._segment.accepted),
            again=[event for event, why in swallowed if why == "duplicate"],
            dropped=[why for _, why in swallowed if why != "duplicate"],
            letters=[letter["event"] for letter in self._letters() if "event" in letter],
            states=list(self._states),
            overlap=OVERLAP if self.schedule.world.live else timedelta(0),
        )
        if self.schedule.world.source != "reports":
            evidence = checks.exact_by_rest(evidence)
        self.verdict.received_again = len(evidence.again)
        self.verdict.states = len(evidence.states)
        return evidence

    def _look_for_left_overs(self, run: PairRun) -> None:
        """Temporary files are gone with the run, unless it had no time to."""
        temporary = self._folder / "tmp"
        if run.statuses.get("tap") != -signal.SIGKILL and any(temporary.iterdir()):
            self.verdict.violations.append("temporary files are left")
        shutil.rmtree(temporary)

    def _leaks(self, texts: list[str]) -> Iterator[str]:
        scan = LeakScan({"token": TOKEN, "write key": WRITE_KEY}, texts, self._freshchat.answers)
        self.verdict.wanted_leaks = len(scan)
        for log in self.logs:
            yield from scan.leaks("a log", log)
        for line in self._state_lines:
            yield from scan.leaks("a STATE", line.decode())
        for line in self._command_lines:
            yield from scan.leaks("the process list", line)
        for each in self._segment.received:
            if TOKEN in str(each.headers) or TOKEN in json.dumps(each.body):
                yield "the token was sent to Segment"


def _catalog() -> dict[str, Any]:
    catalog = TapFreshchat(config={"api_url": "sandbox://"}, validate_config=False).catalog_dict
    for stream in catalog["streams"]:
        whole = next(each for each in stream["metadata"] if not each["breadcrumb"])
        whole["metadata"]["selected"] = stream["tap_stream_id"] in EVENT_STREAMS
    return catalog


CATALOG = _catalog()
