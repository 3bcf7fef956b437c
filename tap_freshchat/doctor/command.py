"""Command of the doctor: prints the findings and writes them to a file for a bug report."""

from __future__ import annotations

import json
import os
import platform
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from tap_freshchat.doctor.examination import Examination

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from tap_freshchat.run_context import RunContext

# Settings that explain findings, and name neither the account nor a file.
_SHOWN_SETTINGS = (
    *("activity_source", "user_scope", "enrich_conversations", "exclude_pii", "skip_reports"),
    *("report_columns", "report_time_zone", "report_delay_minutes", "lookback_minutes"),
    *("report_window_days", "report_jobs_per_minute", "page_size", "shard_count"),
)


def run_doctor(  # noqa: PLR0913 - the edges of the command
    run: RunContext,
    settings: Mapping[str, Any],
    *,
    version: str,
    declared: Mapping[str, Collection[str]],
    output: TextIO,
    progress: TextIO,
    path: Path,
) -> bool:
    """Examine an account, print the findings and write the file; returns whether events are missed.

    Args:
        run: the run context.
        settings: the settings as they were given.
        version: the tap's version.
        declared: the columns that each report is known to have.
        output: takes the findings.
        progress: takes a line about what is waited for.
        path: the file, which only its owner can read; it holds no personal data.
    """
    url = urlsplit(run.config.base_url)
    host = url.netloc
    print(f"tap-freshchat {version} examines {host}.", file=output, flush=True)
    examination = Examination(run, declared, lambda line: print(line, file=progress, flush=True))
    findings = examination.examine()
    for line in findings.lines():
        print(line, file=output)
    shown = {name: settings[name] for name in _SHOWN_SETTINGS if name in settings}
    about = {"tap_version": version, "python": platform.python_version(), "settings": shown}
    try:
        _write(path, {**about, **findings.to_dict()}, url.hostname or host)
        print(f"{path} has the details, for a bug report. It has no personal data.", file=output)
    except OSError as error:
        print(f"{path} cannot be written ({error.strerror}).", file=output)
    return findings.misses_events


def _write(path: Path, content: Mapping[str, Any], host: str) -> None:
    # The host is the account's name.
    text = json.dumps(content, indent=2).replace(host, "<host>")
    # A link could lead to another file, which would get this mode.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(f"{text}\n")
