"""Schedule runner: runs tap and target under the faults of one schedule and checks the result."""

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
from fakes.pipeline import expected_events
from fakes.runs import EVENT_STREAMS
from fakes.segment import FakeSegment

import freshchat_sandbox as sandbox
from fault_injection import checks, content_checks
from fault_injection.fault_kinds import Channel
from fault_injection.fork_server import TESTS
from fault_injection.freshchat_server import FaultyFreshchat
from fault_injection.injector import FaultInjector
from fault_injection.leaks import LeakScan
from fault_injection.pipeline_run import PipelineRun, Start
from fault_injection.programs import FastClock
from fault_injection.segment_server import WRITE_KEY, SegmentFaults
from tap_freshchat.tap import TapFreshchat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from fault_injection.fork_server import ForkServer
    from fault_injection.schedules import Fault, Schedule

TOKEN = "tok-b83f6a1d52e94c07"
# Seconds of the sandbox in one second of the host.
SPEED = 1000.0
HISTORY = timedelta(days=2)
OPENED = (NOON - timedelta(days=5)).date()
# How much a run reads again, by default.
OVERLAP = timedelta(minutes=60)
MAX_RUNS = 30
STATES_RESUMED = 3
DEAD_LETTERS = "dead_letters.jsonl"
# Room for half a dead letter.
LITTLE_ROOM = 700
NO_ROOM_FOR_REPORTS = 200
DEBUG = ("LOGLEVEL", "TAP_FRESHCHAT_LOGLEVEL", "TARGET_SEGMENT_LOGLEVEL")


@dataclass(frozen=True)
class Poll:
    """A series of runs that starts at a time and reads everything before an end."""

    begins: datetime
    end: datetime


# A past period: all rows are there, and the second poll reads the overlap again.
PAST = tuple(Poll(NOON, NOON - timedelta(hours=hours)) for hours in (20, 2))
# The present: rows arrive between the polls; at the last poll even late rows are there.
LIVE = tuple(Poll(NOON + timedelta(minutes=minutes), NOON) for minutes in (-60, -25, 5, 75))


@dataclass
class ScheduleResult:
    """The result of a schedule.

    Attributes:
        runs: Number of starts of tap and target.
        injected: Kinds of the faults injected.
        endings: Counts of each combination of exit statuses.
        violations: What must not happen; empty if the schedule passes.
    """

    seed: int
    schedule: str
    drawn: list[str]
    runs: int = 0
    injected: list[str] = field(default_factory=list)
    endings: dict[str, int] = field(default_factory=dict)
    events: int = 0
    received_again: int = 0
    dead_letters: int = 0
    states: int = 0
    log_bytes: int = 0
    searched_texts: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As an object for the file of results."""
        return asdict(self)


class ScheduleRunner:
    """Runs one schedule.

    Args:
        schedule: Environment and faults.
        fork_server: Starts programs.
        folder: Empty; for all files of tap and target.
    """

    def __init__(self, schedule: Schedule, fork_server: ForkServer, folder: Path) -> None:
        self.schedule = schedule
        self.result = ScheduleResult(
            seed=schedule.seed,
            schedule=str(schedule),
            drawn=[fault.kind for fault in schedule.faults],
        )
        self.logs: list[str] = []
        self._fork_server = fork_server
        self._folder = folder
        begins = (LIVE if schedule.environment.live else PAST)[0].begins
        self._clock = FastClock(begins.isoformat(), time.monotonic(), SPEED)
        self._injector = FaultInjector(schedule.faults, self._signal)
        self._run: PipelineRun | None = None
        self._under_way = threading.Event()
        self._timers: list[threading.Timer] = []
        self._signals_sent = 0
        self._state_lines: list[bytes] = []
        self._states: list[checks.StateLine] = []
        self._command_lines: set[str] = set()

    def run(self) -> ScheduleResult:
        """Run until everything is read, then check."""
        began = time.monotonic()
        environment = self.schedule.environment
        url = (
            f"sandbox://?seed={environment.seed}&conversations_per_day={environment.conversations_per_day}"
            f"&header_style={environment.header_style}&requests_per_minute={environment.requests_per_minute}"
            f"&report_latency={environment.report_latency}&opened={OPENED}&token={TOKEN}"
            f"&report_jobs_per_minute=30&report_jobs_per_day=100000"
            f"&extract_available={str(environment.source == 'reports').lower()}"
        )
        polls = LIVE if environment.live else PAST[-environment.polls :]
        truth = expected_events(url, NOON - HISTORY, polls[-1].end)
        service = sandbox.Sandbox(sandbox.Options.from_url(url), self._now)
        self._segment = FakeSegment((WRITE_KEY,))
        self._segment_faults = SegmentFaults(self._segment, self._injector)
        self._freshchat = FaultyFreshchat(service, self._now, self._injector)
        with self._segment, self._freshchat:
            for poll in polls:
                self._clock = self._clock.not_before(poll.begins)
                self._write_settings(poll.end.isoformat())
                if not self._catch_up():
                    break
            else:
                self._replay()
                evidence = self._evidence(truth)
                self.result.violations += checks.violations(evidence)
                received = [*evidence.received, *evidence.again]
                contradictions = Counter(
                    content_checks.contradictions(received, truth, rows_are_late=environment.live)
                )
                self.result.violations += [
                    f"{n} times: {text}" for text, n in contradictions.items()
                ]
                if not environment.live:
                    self._compare_with_unbroken_run(received)
                if self.schedule.resumed:
                    self._resume_from_states(evidence)
        self._run = None
        self._under_way.set()
        for timer in self._timers:
            timer.join()
        self.result.violations += self._segment.complaints
        self.result.violations += sorted(set(self._freshchat.complaints))
        texts = [event_truth.text for event_truth in truth.values() if event_truth.text]
        self.result.violations += sorted(set(self._leaks(texts)))
        self.result.injected = [fault.kind for fault in self._injector.injected]
        self.result.events = len(truth)
        self.result.seconds = round(time.monotonic() - began, 2)
        return self.result

    def _now(self) -> datetime:
        return self._clock.now()

    # Runs.

    def _catch_up(self) -> bool:
        """Run from the last STATE until both programs succeed; whether they do."""
        for _ in range(MAX_RUNS):
            before = self._faults_so_far
            disk = self._injector.next_fault(Channel.RUN)
            if disk is not None and disk.kind.startswith("dead-letters"):
                self._segment_faults.poison = True
            run = self._run_pipeline(disk)
            if self._ends_well(run, before):
                return True
        self.result.violations.append(f"not done after {MAX_RUNS} runs")
        return False

    @property
    def _faults_so_far(self) -> int:
        """Number of faults injected and signals sent so far."""
        return len(self._injector.injected) + self._signals_sent

    def _run_pipeline(self, disk: Fault | None) -> PipelineRun:
        kind = disk.kind if disk else ""
        arguments = ["--config", "tap.json", "--catalog", "catalog.json"]
        if self._state_lines:
            (self._folder / "state.json").write_bytes(self._state_lines[-1])
            arguments += ["--state", "state.json"]
        environ = self._environ()
        written = self._dead_letter_file.stat().st_size if self._dead_letter_file.exists() else 0
        elsewhere = {"TARGET_SEGMENT_DEAD_LETTER_PATH": "/dev/full"}
        full = kind == "dead-letters-no-space"
        secrets = ["--config=ENV"]
        run = self._start(
            tap=Start(
                arguments=(*arguments, *secrets),
                environ=environ,
                max_file_bytes=NO_ROOM_FOR_REPORTS if kind == "spool-no-space" else None,
            ),
            target=Start(
                arguments=("--config", "target.json", *secrets),
                environ={**environ, **(elsewhere if full else {})},
                max_file_bytes=written + LITTLE_ROOM if kind == "dead-letters-cut-short" else None,
            ),
        )
        if disk is not None:
            temp_full = kind == "spool-no-space"
            took_effect = (
                run.statuses["tap"] if temp_full else b"dead-letter file" in run.logs["target"]
            )
            if not took_effect:
                self._injector.withdraw(disk)
        return run

    def _start(self, **starts: Start) -> PipelineRun:
        run = PipelineRun(self._fork_server, self._folder, self._on_state, self.schedule.executed)
        run.start(starts)
        self._run = run
        self._under_way.set()
        run.wait()
        self._under_way.clear()
        self.result.runs += 1
        self._command_lines.update(run.command_lines)
        for name, log in run.logs.items():
            self.logs.append(log.decode(errors="replace"))
            self.result.log_bytes += len(log)
            # Before a program installs its handlers, Python handles the signal with a traceback.
            too_early = run.statuses[name] == -signal.SIGINT
            if "Traceback" in self.logs[-1] and not too_early:
                self.result.violations.append(f"{name} shows a traceback")
        for name, status in run.statuses.items():
            if status is None:
                self.result.violations.append(f"{name} hung")
        self._check_leftovers(run)
        return run

    def _ends_well(self, run: PipelineRun, faults_before: int) -> bool:
        statuses = tuple(run.statuses.values())
        ending = " ".join(f"{name} {status}" for name, status in run.statuses.items())
        self.result.endings = dict(Counter(self.result.endings) + Counter([ending]))
        well = not any(statuses)
        without_faults = self._faults_so_far == faults_before
        if without_faults and not well:
            self.result.violations.append(f"failed without a fault: {ending}")
        return well

    def _replay(self) -> None:
        """Replay the dead letters, without faults."""
        self._segment_faults.poison = False
        if not self._dead_letter_file.exists():
            return
        dead_letters = self._dead_letters()
        self.result.dead_letters = len(dead_letters)
        mode = self._dead_letter_file.stat().st_mode & 0o777
        if mode != 0o600:
            self.result.violations.append(f"the dead-letter file has mode {mode:o}")
        if any("event" not in dead_letter for dead_letter in dead_letters):
            self.result.violations.append("the dead letters hold a record, not an event")
        self._segment.next_answers.clear()
        run = self._start(
            target=Start(
                arguments=("--config", "target.json", "--config=ENV", "--replay", DEAD_LETTERS),
                environ=self._environ(),
            ),
        )
        received = {event["messageId"] for event in self._segment.accepted}
        if any(run.statuses.values()) or not received >= {
            dead_letter["event"]["messageId"] for dead_letter in dead_letters
        }:
            self.result.violations.append("the replay did not deliver all dead letters")

    def _resume_from_states(self, evidence: checks.Evidence) -> None:
        """Resume from several STATEs, without faults; the rest must arrive at a separate server."""
        lines = list(self._state_lines)
        for number in range(0, len(lines), max(1, len(lines) // STATES_RESUMED)):
            line, state = lines[number], evidence.states[number]
            delivered = [
                *evidence.received[: state.received],
                *evidence.dead_letters[: state.dead_letters],
            ]
            with FakeSegment((WRITE_KEY,)) as segment:
                self._state_lines = [line]
                self._write_settings(None, segment)
                run = self._run_pipeline(None)
                keys = {checks.key_of_event(event) for event in [*delivered, *segment.accepted]}
            if any(run.statuses.values()):
                self.result.violations.append(f"resumed from STATE {number}: {run.statuses}")
            if lost := evidence.truth.keys() - keys:
                self.result.violations.append(f"resumed from STATE {number}: {len(lost)} lost")

    def _compare_with_unbroken_run(self, received: list[dict[str, Any]]) -> None:
        """Read the whole period once, without faults; the content of all events must be equal."""
        with FakeSegment((WRITE_KEY,)) as segment:
            self._state_lines, lines = [], self._state_lines
            self._write_settings(None, segment)
            run = self._run_pipeline(None)
            self._state_lines = lines
            if any(run.statuses.values()):
                self.result.violations.append(f"unbroken run: {run.statuses}")
            found = Counter(content_checks.differences(received, segment.accepted))
        self.result.violations += [f"{n} times: {text}" for text, n in found.items()]

    # Settings.

    def _write_settings(self, end: str | None, segment: FakeSegment | None = None) -> None:
        environment = self.schedule.environment
        server = segment or self._segment
        tap_path, target_path = self._folder / "tap.json", self._folder / "target.json"
        tap = {
            "api_url": self._freshchat.api_url,
            "start_date": (NOON - HISTORY).isoformat(),
            "activity_source": "rest" if environment.source == "rest" else "auto",
            "user_scope": "all",
            "end_date": end or json.loads(tap_path.read_text())["end_date"],
            "report_window_days": 1,
            "report_jobs_per_minute": 30,
            "max_concurrency": environment.concurrency,
            "report_timeout_minutes": 10,
        }
        target = {
            "api_url": server.api_url,
            "cdn_url": server.cdn_url,
            "batch_max_events": environment.batch_events,
            "max_concurrency": environment.concurrency,
            "max_events_per_second": 0,
            "max_retry_seconds": 36_000,
            "state_flush_seconds": environment.state_flush_seconds,
        }
        if not environment.secrets_in_environment:
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
            **(secrets if self.schedule.environment.secrets_in_environment else {}),
        }

    # Output.

    def _on_state(self, line: bytes) -> None:
        received = len(self._segment.accepted)
        self._states.append(checks.StateLine(json.loads(line), received, len(self._dead_letters())))
        self._state_lines.append(line)
        self._injector.next_fault(Channel.STATE)

    def _signal(self, fault: Fault) -> None:
        name, _, victim = fault.kind.partition("-")
        number = getattr(signal, name.upper())

        def send() -> None:
            # A signal that is due between two runs waits until there are processes.
            if not self._under_way.is_set():
                self._under_way.wait()
                time.sleep(fault.after / 100)
            if self._run is None or not self._run.signal(victim, number):
                self._injector.withdraw(fault)
            else:
                self._signals_sent += 1

        timer = threading.Timer(fault.after / 1000, send)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    @property
    def _dead_letter_file(self) -> Path:
        return self._folder / DEAD_LETTERS

    def _dead_letters(self) -> list[dict[str, Any]]:
        if not self._dead_letter_file.exists():
            return []
        lines = self._dead_letter_file.read_bytes().split(b"\n")
        return [json.loads(line) for line in lines[:-1]]

    def _evidence(self, truth: Mapping[checks.Key, sandbox.GroundTruthEvent]) -> checks.Evidence:
        swallowed = self._segment.swallowed
        evidence = checks.Evidence(
            truth=truth,
            received=list(self._segment.accepted),
            again=[event for event, why in swallowed if why == "duplicate"],
            dropped=[why for _, why in swallowed if why != "duplicate"],
            dead_letters=[
                dead_letter["event"]
                for dead_letter in self._dead_letters()
                if "event" in dead_letter
            ],
            states=list(self._states),
            overlap=OVERLAP if self.schedule.environment.live else timedelta(0),
        )
        if self.schedule.environment.source != "reports":
            evidence = checks.exact_by_rest(evidence)
        self.result.received_again = len(evidence.again)
        self.result.states = len(evidence.states)
        return evidence

    def _check_leftovers(self, run: PipelineRun) -> None:
        """Temporary files are gone after a run, unless the tap was killed."""
        temporary = self._folder / "tmp"
        if run.statuses.get("tap") != -signal.SIGKILL and any(temporary.iterdir()):
            self.result.violations.append("temporary files are left")
        shutil.rmtree(temporary)

    def _leaks(self, texts: list[str]) -> Iterator[str]:
        scan = LeakScan({"token": TOKEN, "write key": WRITE_KEY}, texts, self._freshchat.responses)
        self.result.searched_texts = len(scan)
        for log in self.logs:
            yield from scan.leaks("a log", log)
        for line in self._state_lines:
            yield from scan.leaks("a STATE", line.decode())
        for command_line in self._command_lines:
            yield from scan.leaks("the process list", command_line)
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
