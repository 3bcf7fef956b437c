"""Pipeline folder: settings, environment and output files of tap and target under a schedule."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fakes.clock import NOON
from fakes.runs import EVENT_STREAMS

from fault_injection.fork_server import TESTS
from fault_injection.segment_server import WRITE_KEY
from tap_freshchat.tap import TapFreshchat

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.segment import FakeSegment

    from fault_injection.programs import FastClock
    from fault_injection.schedules import Environment

TOKEN = "tok-b83f6a1d52e94c07"
HISTORY = timedelta(days=2)
OPENED = (NOON - timedelta(days=5)).date()
DEAD_LETTERS = "dead_letters.jsonl"
DEBUG = ("LOGLEVEL", "TAP_FRESHCHAT_LOGLEVEL", "TARGET_SEGMENT_LOGLEVEL")


def sandbox_url(environment: Environment) -> str:
    """Return the URL of the sandbox account of an environment."""
    return (
        f"sandbox://?seed={environment.seed}&conversations_per_day={environment.conversations_per_day}"
        f"&header_style={environment.header_style}&requests_per_minute={environment.requests_per_minute}"
        f"&report_latency={environment.report_latency}&opened={OPENED}&token={TOKEN}"
        f"&max_row_delay={environment.row_delay}&{urlencode(environment.readings)}"
        f"&report_jobs_per_minute=30&report_jobs_per_day=100000"
        f"&extract_available={str(environment.source == 'reports').lower()}"
    )


class PipelineFolder:
    """Folder in which tap and target run.

    Args:
        path: Empty folder.
        environment: Of the schedule.

    Attributes:
        dead_letter_file: Where the target writes dead letters.
    """

    def __init__(self, path: Path, environment: Environment) -> None:
        self.path = path
        self.dead_letter_file = path / DEAD_LETTERS
        self._environment = environment
        self._temp = path / "tmp"

    def write_settings(self, freshchat_url: str, segment: FakeSegment, end: str | None) -> None:
        """Write settings and catalog.

        Args:
            freshchat_url: API URL of Freshchat.
            segment: Where the target sends events.
            end: End date of the run; None for that of the previous settings.
        """
        environment = self._environment
        tap_path, target_path = self.path / "tap.json", self.path / "target.json"
        tap = {
            "api_url": freshchat_url,
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
            "api_url": segment.api_url,
            "cdn_url": segment.cdn_url,
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
        (self.path / "catalog.json").write_text(json.dumps(CATALOG))

    def environ(self, clock: FastClock) -> dict[str, str]:
        """Return the environment variables of both programs."""
        self._temp.mkdir(exist_ok=True)
        secrets = {"TAP_FRESHCHAT_API_TOKEN": TOKEN, "TARGET_SEGMENT_WRITE_KEY": WRITE_KEY}
        return {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(TESTS),
            "HOME": str(self.path),
            "TMPDIR": str(self._temp),
            **dict.fromkeys(DEBUG, "DEBUG"),
            **clock.to_environment(),
            **(secrets if self._environment.secrets_in_environment else {}),
        }

    def dead_letters(self) -> list[dict[str, Any]]:
        """Read the complete lines of the dead-letter file."""
        if not self.dead_letter_file.exists():
            return []
        lines = self.dead_letter_file.read_bytes().split(b"\n")
        return [json.loads(line) for line in lines[:-1]]

    def dead_letter_events(self) -> list[dict[str, Any]]:
        """Return the events of the dead letters that contain one."""
        return [each["event"] for each in self.dead_letters() if "event" in each]

    @property
    def dead_letter_bytes(self) -> int:
        """Size of the dead-letter file; 0 without one."""
        return self.dead_letter_file.stat().st_size if self.dead_letter_file.exists() else 0

    def remove_temp_files(self) -> bool:
        """Remove the temporary directory; return whether it contained files."""
        has_files = any(self._temp.iterdir())
        shutil.rmtree(self._temp)
        return has_files


def _catalog() -> dict[str, Any]:
    catalog = TapFreshchat(config={"api_url": "sandbox://"}, validate_config=False).catalog_dict
    for stream in catalog["streams"]:
        whole = next(each for each in stream["metadata"] if not each["breadcrumb"])
        whole["metadata"]["selected"] = stream["tap_stream_id"] in EVENT_STREAMS
    return catalog


CATALOG = _catalog()
