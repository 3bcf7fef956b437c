"""Scenarios of backfills, and the table of their measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.checks import check, say
from e2e.dagster.engine import Engine
from e2e.dagster.environment import ACME, GLOBEX, Limits, Scenario, Span
from e2e.dagster.event_comparison import differences
from e2e.dagster.fake_services import REPORT_JOBS_PER_MINUTE, TOO_MANY, UNAUTHORIZED

if TYPE_CHECKING:
    from e2e.dagster.engine import Run

Events = dict[str, dict[str, Any]]

WORKERS = 4
# Seconds before each response of Freshchat.
LATENCY = 0.4
# So low that four unlimited workers exceed it.
LOW = 60
WEEKS = 4
FEWER_WEEKS = 2
# Index of the window that fails.
BROKEN = 2


class Scenarios:
    """Scenarios that compare their events with those of the first one."""

    def __init__(self) -> None:
        self._span = Span.until_lately(WEEKS)
        self._fewer = Span(FEWER_WEEKS, self._span.start)
        self._wholes: dict[str, Events] = {}
        self._seconds: dict[str, float] = {}
        self._rows: list[tuple[str, str]] = []

    def whole(self) -> None:
        """One process for each account over its whole history: the reference for the others."""
        say(f"One tap process over {WEEKS} weeks, without Dagster; {LATENCY} s a response")
        with Scenario("whole", self._span, latency=LATENCY, limits=Limits()) as scenario:
            scenario.project.run(
                "dagster",
                "definitions",
                "validate",
                "-m",
                "deploy.dagster.definitions",
            )
            say("  ok  the definitions load")
            self._seconds["process"] = scenario.run_whole(ACME, self._span)
            self._wholes[ACME] = self._events_by_id(scenario, ACME)
            scenario.accounts[GLOBEX].latency = 0
            scenario.run_whole(GLOBEX, self._fewer)
            self._wholes[GLOBEX] = self._events_by_id(scenario, GLOBEX)
        events = f"{len(self._wholes[ACME])} and {len(self._wholes[GLOBEX])} events"
        say(f"  {events}; the longer one took {self._seconds['process']:.0f} s")

    def workers(self, slots: int) -> None:
        """The same by windows, `slots` of them at once."""
        say(f"{WEEKS} windows, {slots} at once")
        with Scenario(f"workers-{slots}", self._span, latency=LATENCY, limits=Limits()) as scenario:
            with Engine(scenario.project) as engine:
                engine.give_slots(ACME, slots)
                engine.backfill(ACME, self._span.windows)
                runs = engine.wait_for(WEEKS)
                if slots > 1:
                    before = len(scenario.events(ACME))
                    scenario.project.follow("dagster asset materialize", self._span.windows[0])
                    check("a completed window sends nothing", before, len(scenario.events(ACME)))
            check("every window succeeds", {"SUCCESS"}, {run.status for run in runs})
            check("no more at once than the pool has slots", slots, _most_at_once(runs))
            self._same(scenario, ACME)
            self._within(scenario, ACME)
            found = sum(run.events for run in runs)
            check("materialisations state the number of events", len(self._wholes[ACME]), found)
        self._seconds[f"{slots}"] = _seconds(runs)
        say(f"  {self._seconds[f'{slots}']:.0f} s")

    def two_accounts(self) -> None:
        """Both accounts at once, at a limit that binds, one window of one of them broken."""
        say(f"Two accounts at once, {LOW} requests a minute each, one window of {ACME} broken")
        limits = Limits(requests=LOW)
        settings = {"SCALE_OUT_RETRIES": "0"}
        broken = self._span.windows[BROKEN]
        with Scenario(
            "two", self._span, latency=LATENCY, limits=limits, settings=settings
        ) as scenario:
            with Engine(scenario.project) as engine:
                scenario.accounts[ACME].break_window(broken)
                scenario.project.follow("dagster instance concurrency set")
                engine.give_slots(GLOBEX, WORKERS // 2)
                engine.backfill(ACME, self._span.windows)
                engine.backfill(GLOBEX, self._fewer.windows)
                runs = engine.wait_for(WEEKS + FEWER_WEEKS)
                failed = [run for run in runs if run.status == "FAILURE"]
                lost = [(run.account, run.window) for run in failed]
                check("only the broken window fails", [(ACME, broken)], lost)
                why = engine.why(failed[0])
                check("it says why", True, "made to fail" in why or "returned 400" in why)
                before = self._events_by_id(scenario, ACME)
                scenario.accounts[ACME].break_window(None)
                engine.retry(failed[0])
                again = engine.wait_for(len(runs) + 1)
            retried = [(run.window, run.status) for run in again if run.again]
            check("only that window is run again", [(broken, "SUCCESS")], retried)
            missing = sum(run.events for run in again if run.again)
            check("it delivers the missing events", len(self._wholes[ACME]), len(before) + missing)
            for account in (ACME, GLOBEX):
                self._same(scenario, account)
                self._within(scenario, account)
            both = (
                self._events_by_id(scenario, ACME).keys()
                & self._events_by_id(scenario, GLOBEX).keys()
            )
            check("no event is of both accounts", set(), set(both))

    def without_shares(self) -> None:
        """The same limit, but every worker claims all of it: without shares it is exceeded."""
        say("The same limit, not shared")
        limits = Limits(requests=LOW, claimed=WORKERS)
        with Scenario("unshared", self._span, latency=LATENCY, limits=limits) as scenario:
            statuses = scenario.accounts[ACME].log.statuses
            with Engine(scenario.project) as engine:
                engine.give_slots(ACME, WORKERS)
                engine.backfill(ACME, self._span.windows)
                # Rejected runs wait long, so the scenario does not wait for their end.
                refused = engine.wait_until(lambda: TOO_MANY in statuses)
        check("Freshchat refuses requests then", True, refused)

    def table(self) -> str:
        """All measurements."""
        one, many = self._seconds["1"], self._seconds[f"{WORKERS}"]
        process = self._seconds["process"]
        rows = [
            (f"{WORKERS} workers against 1, {WEEKS} windows", f"{one / many:.2f} times as fast"),
            (f"{WORKERS} workers against one tap process", f"{process / many:.2f} times as fast"),
            *self._rows,
        ]
        width = max(len(what) for what, _ in rows)
        return "\n".join(f"{what:<{width}}  {figure}" for what, figure in rows)

    def _events_by_id(self, scenario: Scenario, account: str) -> Events:
        events = scenario.events(account)
        found = {event["messageId"]: event for event in events}
        check(f"{account}: no event is sent twice", len(events), len(found))
        return found

    def _same(self, scenario: Scenario, account: str) -> None:
        whole, parts = self._wholes[account], self._events_by_id(scenario, account)
        check(f"{account}: the same message ids as of one run", set(whole), set(parts))
        check(f"{account}: the same content", set(), differences(whole, parts))

    def _within(self, scenario: Scenario, account: str) -> None:
        log = scenario.accounts[account].log
        limit = scenario.accounts[account].options.requests_per_minute
        refused = {TOO_MANY, UNAUTHORIZED} & set(log.statuses)
        check(f"{account}: no 429, no wrong token", set(), refused)
        check(f"{account}: never over the limit", True, log.busiest_span() <= limit)
        jobs = log.busiest_jobs() <= REPORT_JOBS_PER_MINUTE
        check(f"{account}: nor over the limit of report jobs", True, jobs)
        what = f"{scenario.name}: busiest minute of {account}, requests of those allowed"
        self._note(what, f"{log.busiest} of {limit}")
        what = f"{scenario.name}: the same of jobs of one report"
        self._note(what, f"{log.busiest_jobs()} of {REPORT_JOBS_PER_MINUTE}")

    def _note(self, what: str, figure: str) -> None:
        self._rows.append((what, figure))
        say(f"      {what}: {figure}")


def _seconds(runs: list[Run]) -> float:
    """From the first start to the last end."""
    starts = [run.started for run in runs if run.started]
    return max(run.ended or 0 for run in runs) - min(starts)


def _most_at_once(runs: list[Run]) -> int:
    times = [(run.started or 0, 1) for run in runs] + [(run.ended or 0, -1) for run in runs]
    now = most = 0
    for _, change in sorted(times):
        now += change
        most = max(most, now)
    return most
