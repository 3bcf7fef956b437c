"""Pipeline run: the process of one `meltano run`, its log and its result."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.dagster.target_summary import TargetSummary, read_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deploy.dagster.accounts import Account
    from deploy.dagster.shares import RateLimitShare

# How long Meltano, the tap and the target may take to end after SIGTERM.
_GRACE_SECONDS = 30


class PipelineError(Exception):
    """The tap or the target failed; the message is its error line."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A half-open period of history, `[start, end)`, as ISO 8601 times."""

    start: str
    end: str


def settings_of(
    account: Account, share: RateLimitShare, window: Window | None, folder: Path
) -> dict[str, str]:
    """The environment variables by which Meltano gives one run's settings to the plugins.

    Args:
        account: whose run it is.
        share: its share of the account's limits.
        window: None for a run from its state up to now.
        folder: for the dead letters, the rejected rows and the target's totals.
    """
    tap, target = (name.replace("-", "_").upper() for name in (account.tap, account.target))
    settings = {
        f"{tap}_REQUESTS_PER_MINUTE": str(share.requests_per_minute),
        f"{tap}_REPORT_JOBS_PER_MINUTE": str(share.report_jobs_per_minute),
        f"{tap}_REJECTED_ROWS_PATH": str(folder / "rejected_rows.jsonl"),
        f"{target}_DEAD_LETTER_PATH": str(folder / "dead_letters.jsonl"),
        f"{target}_SUMMARY_PATH": str(summary_path(folder)),
    }
    if window is not None:
        settings |= {
            f"{tap}_START_DATE": window.start,
            f"{tap}_END_DATE": window.end,
            # Segment must not treat old events as current activity.
            f"{target}_HISTORICAL": "true",
        }
    return settings


def summary_path(folder: Path) -> Path:
    """The file in a run's folder to which the target writes its totals."""
    return folder / "summary.json"


def run_pipeline(  # noqa: PLR0913 - each is one fact about the run
    *,
    meltano: str,
    project: Path,
    account: Account,
    suffix: str,
    full_refresh: bool,
    settings: Mapping[str, str],
    folder: Path,
    log_line: Callable[[str], None],
) -> TargetSummary:
    """Run the account's tap into its target, with a state of its own.

    Args:
        meltano: the program.
        project: the folder of meltano.yml.
        account: whose run it is.
        suffix: the suffix of the state id.
        full_refresh: ignore the state and read everything again.
        settings: environment variables, added to those of this process.
        folder: the run's own, as in `settings_of`.
        log_line: called with each line of the log.

    Raises:
        PipelineError: the tap or the target failed.
    """
    command = [meltano, "run", account.tap, account.target, f"--state-id-suffix={suffix}"]
    command += ["--full-refresh"] if full_refresh else []
    # An earlier run's totals must not be read as this one's.
    summary_path(folder).unlink(missing_ok=True)
    with _own_run_folder(project) as system:
        environment = {
            **os.environ,
            **settings,
            "MELTANO_SYS_DIR_ROOT": str(system),
            # One JSON object a line, with its plugin and level.
            "MELTANO_CLI_LOG_FORMAT": "json",
        }
        with subprocess.Popen(  # noqa: S603 - the user's own settings
            command,
            cwd=project,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                faults = _stream_log(process, log_line)
                status = process.wait()
            finally:
                _end(process)
    if status:
        raise PipelineError(faults[-1] if faults else f"meltano run ended with status {status}")
    return read_summary(summary_path(folder))


def _stream_log(process: subprocess.Popen[str], log_line: Callable[[str], None]) -> list[str]:
    """Pass on the log; return the error lines of tap and target."""
    faults: list[str] = []
    others: list[str] = []
    assert process.stderr is not None  # noqa: S101 - for mypy: it is a pipe
    for line in process.stderr:
        try:
            entry = json.loads(line)
            text, source = str(entry["event"]), str(entry.get("string_id") or "meltano")
        except (ValueError, TypeError, KeyError):
            entry, text, source = {}, line.rstrip(), "meltano"
        log_line(f"{source} | {text}")
        if entry.get("level") in {"error", "critical"} or not entry:
            # The SDK announces a tap's error before the tap itself says what it is.
            (
                faults if entry.get("level") == "critical" or entry.get("consumer") else others
            ).append(f"{source}: {text}")
    return faults or others[:1]


def _end(process: subprocess.Popen[str]) -> None:
    """End the process if Dagster cancels the run."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _own_run_folder(project: Path) -> Iterator[Path]:
    """A copy of Meltano's system folder, with a separate `run` folder.

    Meltano passes state and catalog to the tap in files that all runs of a plugin share, so that
    concurrent runs would read the wrong ones.
    """
    shared = Path(os.environ.get("MELTANO_SYS_DIR_ROOT", project / ".meltano"))
    shared.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scale-out-") as own:
        folder = Path(own)
        # The link to the database exists before the database, so that the first run creates it.
        names = {entry.name for entry in shared.iterdir()} | {"meltano.db"}
        for name in names - {"run"}:
            (folder / name).symlink_to(shared.resolve() / name)
        yield folder
