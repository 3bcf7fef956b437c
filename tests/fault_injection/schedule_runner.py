"""Schedule runner: runs tap and target under the faults of one schedule and checks the result."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fakes.clock import NOON
from fakes.pipeline import expected_events
from fakes.segment import FakeSegment

import freshchat_sandbox as sandbox
from fault_injection import checks, content_checks
from fault_injection.allowances import Allowances
from fault_injection.fault_kinds import Channel
from fault_injection.freshchat_server import FaultyFreshchat
from fault_injection.injector import FaultInjector
from fault_injection.leaks import LeakScan
from fault_injection.pipeline_folder import (
    DEAD_LETTERS,
    HISTORY,
    TOKEN,
    PipelineFolder,
    sandbox_url,
)
from fault_injection.pipeline_run import PipelineRun, Start
from fault_injection.polls import polls_of
from fault_injection.programs import FastClock
from fault_injection.schedule_result import ScheduleResult
from fault_injection.segment_server import WRITE_KEY, SegmentFaults
from fault_injection.signal_timers import SignalTimers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from fault_injection.fork_server import ForkServer
    from fault_injection.schedules import Fault, Schedule

# Seconds of the sandbox in one second of the host.
SPEED = 1000.0
# How much a run reads again, by default.
OVERLAP = timedelta(minutes=60)
MAX_RUNS = 30
STATES_RESUMED = 3


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
        self._folder = PipelineFolder(folder, schedule.environment)
        self._polls = polls_of(schedule.environment)
        self._clock = FastClock(self._polls[0].begins.isoformat(), time.monotonic(), SPEED)
        self._injector = FaultInjector(schedule.faults, self._signal)
        self._signals = SignalTimers()
        self._state_lines: list[bytes] = []
        self._states: list[checks.StateLine] = []
        self._command_lines: set[str] = set()

    def run(self) -> ScheduleResult:
        """Run until everything is read, then check."""
        began = time.monotonic()
        environment = self.schedule.environment
        url = sandbox_url(environment)
        truth = expected_events(url, NOON - HISTORY, self._polls[-1].end)
        service = sandbox.Sandbox(sandbox.Options.from_url(url), self._now)
        self._segment = FakeSegment((WRITE_KEY,))
        self._segment_faults = SegmentFaults(self._segment, self._injector)
        self._freshchat = FaultyFreshchat(service, self._now, self._injector)
        self._allowances = Allowances(
            self._freshchat.odd_rows.rows,
            self._freshchat.refusals,
            has_reports=environment.source == "reports",
        )
        with self._segment, self._freshchat:
            for poll in self._polls:
                self._clock = self._clock.not_before(poll.begins)
                self._write_settings(self._segment, poll.end.isoformat())
                if not self._catch_up():
                    break
            else:
                self._replay()
                evidence = self._evidence(truth)
                self.result.violations += checks.violations(evidence)
                received = [*evidence.received, *evidence.again]
                self.result.count_violations(
                    content_checks.contradictions(received, truth, rows_are_late=environment.live)
                )
                if not environment.live:
                    self._compare_with_unbroken_run(received)
                arrived = [*evidence.received, *evidence.dead_letters]
                self.result.violations += self._allowances.violations(
                    evidence.truth, arrived, self._folder.rejected_rows(), self.logs
                )
                if self.schedule.resumed:
                    self._resume_from_states(evidence)
        self._signals.close()
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
        blocked = self._freshchat.blocked
        return len(self._injector.injected) + self._signals.sent + blocked

    def _run_pipeline(self, disk: Fault | None) -> PipelineRun:
        state = self._state_lines[-1] if self._state_lines else None
        kind = disk.kind if disk else ""
        run = self._start(**self._folder.starts(self._clock, state, kind))
        if disk is not None:
            temp_full = kind == "spool-no-space"
            took_effect = (
                run.statuses["tap"] if temp_full else b"dead-letter file" in run.logs["target"]
            )
            if not took_effect:
                self._injector.withdraw(disk)
        return run

    def _start(self, **starts: Start) -> PipelineRun:
        run = PipelineRun(
            self._fork_server, self._folder.path, self._on_state, self.schedule.executed
        )
        run.start(starts)
        self._signals.run_started(run)
        run.wait()
        self._signals.run_ended()
        self.result.runs += 1
        self._command_lines.update(run.command_lines)
        self.logs += [log.decode(errors="replace") for log in run.logs.values()]
        self.result.log_bytes += sum(map(len, run.logs.values()))
        self.result.violations += checks.run_violations(run.statuses, run.logs)
        # A killed tap cannot remove its temporary files.
        is_killed = run.statuses.get("tap") == -signal.SIGKILL
        if self._folder.remove_temp_files() and not is_killed:
            self.result.violations.append("temporary files are left")
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
        if not self._folder.dead_letter_file.exists():
            return
        dead_letters = self._folder.dead_letters()
        self.result.dead_letters = len(dead_letters)
        mode = self._folder.dead_letter_file.stat().st_mode & 0o777
        if mode != 0o600:
            self.result.violations.append(f"the dead-letter file has mode {mode:o}")
        if any("event" not in dead_letter for dead_letter in dead_letters):
            self.result.violations.append("the dead letters hold a record, not an event")
        self._segment.next_answers.clear()
        run = self._start(
            target=Start(
                arguments=("--config", "target.json", "--config=ENV", "--replay", DEAD_LETTERS),
                environ=self._folder.environ(self._clock),
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
                self._write_settings(segment)
                run = self._run_pipeline(None)
                keys = {checks.key_of_event(event) for event in [*delivered, *segment.accepted]}
            if any(run.statuses.values()):
                self.result.violations.append(f"resumed from STATE {number}: {run.statuses}")
            if lost := evidence.truth.keys() - keys - evidence.unread:
                self.result.violations.append(f"resumed from STATE {number}: {len(lost)} lost")

    def _compare_with_unbroken_run(self, received: list[dict[str, Any]]) -> None:
        """Read the whole period once, without faults; the content of all events must be equal."""
        self._injector.disarm()
        with FakeSegment((WRITE_KEY,)) as segment:
            self._state_lines, lines = [], self._state_lines
            self._write_settings(segment)
            run = self._run_pipeline(None)
            self._state_lines = lines
            if any(run.statuses.values()):
                self.result.violations.append(f"unbroken run: {run.statuses}")
            self.result.count_violations(
                content_checks.differences(received, segment.accepted, self._allowances.hit)
            )

    def _write_settings(self, segment: FakeSegment, end: str | None = None) -> None:
        self._folder.write_settings(self._freshchat.api_url, segment, end)

    def _on_state(self, line: bytes) -> None:
        received = len(self._segment.accepted)
        self._states.append(
            checks.StateLine(json.loads(line), received, len(self._folder.dead_letters()))
        )
        self._state_lines.append(line)
        self._injector.next_fault(Channel.STATE)

    def _signal(self, fault: Fault) -> None:
        self._signals.start(fault, self._injector.withdraw)

    def _evidence(self, truth: Mapping[checks.Key, sandbox.GroundTruthEvent]) -> checks.Evidence:
        swallowed = self._segment.swallowed
        evidence = checks.Evidence(
            truth=truth,
            received=list(self._segment.accepted),
            again=[event for event, why in swallowed if why == "duplicate"],
            dropped=[why for _, why in swallowed if why != "duplicate"],
            dead_letters=self._folder.dead_letter_events(),
            states=list(self._states),
            overlap=OVERLAP if self.schedule.environment.live else timedelta(0),
            rows_are_late=bool(self.schedule.environment.row_delay),
            unread=self._allowances.unread(truth),
            refused=self._freshchat.refusals.ids,
        )
        if self.schedule.environment.source != "reports":
            evidence = checks.exact_by_rest(evidence)
        self.result.received_again = len(evidence.again)
        self.result.states = len(evidence.states)
        return evidence

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
