"""One run of a Meltano pipeline: its process, its log, and how it ended."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.dagster.closing import Closing, read_closing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deploy.dagster.accounts import Account
    from deploy.dagster.shares import Share

# How long Meltano, the tap and the target may take to end when they are told to.
_GRACE_SECONDS = 30


class PipelineError(Exception):
    """The tap or the target failed; the text is its own one line."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A closed piece of history, `[start, end)`, as ISO 8601 times."""

    start: str
    end: str


def settings_of(
    account: Account, share: Share, window: Window | None, folder: Path
) -> dict[str, str]:
    """The environment variables by which Meltano gives one run's settings to the plugins.

    Args:
        account: whose run it is.
        share: what it may ask of the account.
        window: None for a run that reads on from its state up to now.
        folder: for the dead letters.
    """
    tap, target = (name.replace("-", "_").upper() for name in (account.tap, account.target))
    settings = {
        f"{tap}_REQUESTS_PER_MINUTE": str(share.requests_per_minute),
        f"{tap}_REPORT_JOBS_PER_MINUTE": str(share.report_jobs_per_minute),
        f"{target}_DEAD_LETTER_PATH": str(folder / "dead_letters.jsonl"),
    }
    if window is not None:
        settings |= {
            f"{tap}_START_DATE": window.start,
            f"{tap}_END_DATE": window.end,
            # What happened long ago is not what somebody does now.
            f"{target}_HISTORICAL": "true",
        }
    return settings


def run_pipeline(  # noqa: PLR0913 - each is one fact about the run
    *,
    meltano: str,
    project: Path,
    account: Account,
    suffix: str,
    full_refresh: bool,
    settings: Mapping[str, str],
    tell: Callable[[str], None],
) -> Closing:
    """Run the account's tap into its target, with a state of its own.

    Args:
        meltano: the program.
        project: the folder of meltano.yml.
        account: whose run it is.
        suffix: of the state id.
        full_refresh: leave the state aside and read everything again.
        settings: environment variables over those of this process.
        tell: takes each line of the log.

    Raises:
        PipelineError: the tap or the target did not end well.
    """
    command = [meltano, "run", account.tap, account.target, f"--state-id-suffix={suffix}"]
    command += ["--full-refresh"] if full_refresh else []
    with _own_run_folder(project) as system:
        environment = {
            **os.environ,
            **settings,
            "MELTANO_SYS_DIR_ROOT": str(system),
            # One line, one JSON object: who says what, and how bad it is.
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
                closing, faults = _follow(process, tell)
                status = process.wait()
            finally:
                _end(process)
    if status:
        raise PipelineError(faults[-1] if faults else f"meltano run ended with status {status}")
    return closing


def _follow(
    process: subprocess.Popen[str], tell: Callable[[str], None]
) -> tuple[Closing, list[str]]:
    """Pass the log on; the target's table, and what the tap and the target say went wrong."""
    table: list[str] = []
    faults: list[str] = []
    others: list[str] = []
    assert process.stderr is not None  # noqa: S101 - for mypy: it is a pipe
    for line in process.stderr:
        try:
            said = json.loads(line)
            text, who = str(said["event"]), str(said.get("string_id") or "meltano")
        except (ValueError, TypeError, KeyError):
            said, text, who = {}, line.rstrip(), "meltano"
        tell(f"{who} | {text}")
        if said.get("consumer"):
            table.append(text)
        if said.get("level") in {"error", "critical"} or not said:
            # The SDK announces a tap's error before the tap itself says what it is.
            (faults if said.get("level") == "critical" or said.get("consumer") else others).append(
                f"{who}: {text}"
            )
    return read_closing(table), faults or others[:1]


def _end(process: subprocess.Popen[str]) -> None:
    """See to it that nothing goes on when Dagster ends the run early."""
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
    """Meltano's system folder, with a `run` of this run's own.

    Meltano hands state and catalog to the tap in files that all runs of a plugin share: runs at
    the same time would read each other's.
    """
    shared = Path(os.environ.get("MELTANO_SYS_DIR_ROOT", project / ".meltano"))
    shared.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scale-out-") as own:
        folder = Path(own)
        # The database is linked to before there is one, so that the first run makes it there.
        names = {entry.name for entry in shared.iterdir()} | {"meltano.db"}
        for name in names - {"run"}:
            (folder / name).symlink_to(shared.resolve() / name)
        yield folder
