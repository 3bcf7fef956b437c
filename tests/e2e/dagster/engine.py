"""Dagster, started by `dagster dev` and controlled by the GraphQL calls of its web pages."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from fakes.services import LOOPBACK, LocalService, free_port

from e2e.dagster.project import BIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from e2e.dagster.project import Project

START_SECONDS = 120
BACKFILL_SECONDS = 1200
POLL_SECONDS = 2
FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}

RUNS = """query Runs { runsOrError(limit: 1000) { __typename ... on Runs { results {
  runId status startTime endTime jobName tags { key value }
  assetMaterializations { metadataEntries {
    __typename label ... on IntMetadataEntry { intValue } } }
} } } }"""
EVENTS = """query Log($runId: ID!) { logsForRun(runId: $runId, limit: 1000) {
  ... on EventConnection { events { __typename
    ... on ExecutionStepFailureEvent { error { message errorChain { error { message } } }
      failureMetadata { label description } } } } } }"""
BACKFILL = """mutation Launch($assets: [AssetKeyInput!]!, $partitions: [String!]!) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $partitions})
  { __typename ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message } } }"""
AGAIN = """mutation Again($run: String!) {
  launchRunReexecution(reexecutionParams: {parentRunId: $run, strategy: FROM_FAILURE})
  { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
LIMIT = """mutation Limit($pool: String!, $slots: Int!) {
  setConcurrencyLimit(concurrencyKey: $pool, limit: $slots) }"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of one partition; times are Unix times, None before they are known."""

    id: str
    status: str
    account: str
    window: str
    started: float | None
    ended: float | None
    events: int
    again: bool


class Engine(LocalService):
    """Web server and daemon of Dagster for a project, until the `with` block ends."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def _start(self, opened: ExitStack) -> None:
        port = free_port()
        self._address = f"http://{LOOPBACK}:{port}/graphql"
        where = ("-h", LOOPBACK, "-p", str(port))
        self._log = opened.enter_context((self._project.folder / "dagster.log").open("wb"))
        self._process = subprocess.Popen(
            [BIN / "dagster", "dev", "-m", "deploy.dagster.definitions", *where],
            cwd=self._project.folder,
            env=self._project.environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            # Its runs share its process group, so that they end with it.
            start_new_session=True,
        )
        opened.callback(self._stop)
        self._wait_until_ready()

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(START_SECONDS)
        # Runs that were not finished.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def give_slots(self, account: str, slots: int) -> None:
        """Set the limit of an account's pool, as the page Deployment → Concurrency does."""
        self._query(LIMIT, pool=f"freshchat_{account}", slots=slots)

    def backfill(self, account: str, windows: list[str]) -> None:
        """Launch a backfill of windows of an account's history, as the asset's page does."""
        keys = [f"{account}|{window}" for window in windows]
        found = self._query(BACKFILL, assets=[{"path": [account, "history"]}], partitions=keys)
        if found["launchPartitionBackfill"]["__typename"] != "LaunchBackfillSuccess":
            raise RuntimeError(f"No backfill: {found}")

    def retry(self, run: Run) -> None:
        """Retry the failed steps of a run, as its page does."""
        found = self._query(AGAIN, run=run.id)
        if found["launchRunReexecution"]["__typename"] != "LaunchRunSuccess":
            raise RuntimeError(f"Not run again: {found}")

    def runs(self) -> list[Run]:
        """All runs, the latest first."""
        return [_run(found) for found in self._query(RUNS)["runsOrError"]["results"]]

    def wait_for(self, count: int) -> list[Run]:
        """All runs, once there are `count` of them and all are finished.

        Raises:
            RuntimeError: it took too long.
        """
        runs: list[Run] = []

        def finished() -> bool:
            runs[:] = self.runs()
            return len(runs) >= count and all(run.status in FINISHED for run in runs)

        if not self.wait_until(finished):
            raise RuntimeError(f"Not finished after {BACKFILL_SECONDS} s; see {self._log.name}")
        return runs

    def wait_until(self, holds: Callable[[], bool]) -> bool:
        """Whether a condition holds before the timeout of a backfill."""
        until = time.monotonic() + BACKFILL_SECONDS
        while not holds():
            if time.monotonic() > until:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def why(self, run: Run) -> str:
        """The error of the failed step of a run."""
        events = self._query(EVENTS, runId=run.id)["logsForRun"]["events"]
        failures = [event for event in events if event.get("error")]
        return str(failures[-1]["error"]) if failures else ""

    def _query(self, query: str, **variables: Any) -> Any:
        body: dict[str, Any] = {"query": query, "variables": variables}
        response = requests.post(self._address, json=body, timeout=60).json()
        if response.get("errors"):
            raise RuntimeError(f"Dagster: {response['errors']}")
        return response["data"]

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while not self._responds():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Dagster did not start; see {self._log.name}")
            time.sleep(1)

    def _responds(self) -> bool:
        try:
            self.runs()
        except (requests.RequestException, ValueError):
            return False
        return True


def _run(found: dict[str, Any]) -> Run:
    tags = {tag["key"]: tag["value"] for tag in found["tags"]}
    entries = [
        entry
        for materialization in found["assetMaterializations"]
        for entry in materialization["metadataEntries"]
    ]
    return Run(
        id=found["runId"],
        status=found["status"],
        account=tags.get("dagster/partition/account", ""),
        window=tags.get("dagster/partition/window", ""),
        started=found["startTime"],
        ended=found["endTime"],
        events=sum(entry["intValue"] for entry in entries if entry["label"] == "events"),
        again="dagster/parent_run_id" in tags,
    )
