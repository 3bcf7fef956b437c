"""The last lines of the log, and a reader that has not read them yet."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from fakes.clock import StillClock
from fakes.meltano import Project

from target_segment.shutdown import wait_for_log_reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINE = b"streams: is not an object\n"


class PollingClock(StillClock):
    """A clock whose every sleep gives the reader of the log a turn."""

    def __init__(self, turn: Callable[[], object]) -> None:
        super().__init__()
        self.turn = turn

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.turn()


def test_the_target_ends_only_after_its_log_is_read() -> None:
    reading, writing = os.pipe()
    read: list[bytes] = []
    with open(writing, "w") as log:  # noqa: PTH123 - a descriptor
        os.write(writing, LINE)
        # Half of the line in one turn of the reader, the rest in the next.
        wait_for_log_reader(log, PollingClock(lambda: read.append(os.read(reading, 13))))
    os.close(reading)
    assert b"".join(read) == LINE


def test_a_log_that_nobody_reads_delays_the_end_by_seconds_at_most() -> None:
    reading, writing = os.pipe()
    clock = StillClock()
    with open(writing, "w") as log:  # noqa: PTH123 - a descriptor
        os.write(writing, LINE)
        wait_for_log_reader(log, clock)
    assert 1 < sum(clock.slept) < 3
    assert os.read(reading, 100) == LINE
    os.close(reading)


def test_a_log_in_a_file_or_a_closed_one_delays_nothing(tmp_path: Path) -> None:
    clock = StillClock()
    with (tmp_path / "log").open("w+") as log:
        log.write("line\n")
        log.seek(0)
        wait_for_log_reader(log, clock)
    wait_for_log_reader(log, clock)
    wait_for_log_reader(None, clock)
    assert clock.slept == []


# The error of the program that starts last, the target, while the tap writes already; and the
# error of the tap while the target starts.
ERRORS = {
    "TARGET_SEGMENT_INCLUDE_EVENTS": ('["nope"]', "include_events: unknown event 'nope'"),
    "TAP_FRESHCHAT_PAGE_SIZE": ("0", "0 is less than the minimum of 1 in config['page_size']"),
}


@pytest.mark.e2e
@pytest.mark.parametrize("wrong", [[*ERRORS][:1], [*ERRORS][1:], [*ERRORS]])
def test_meltano_shows_the_settings_error(tmp_path: Path, wrong: list[str]) -> None:
    project = Project(tmp_path)
    project.environment |= {name: ERRORS[name][0] for name in wrong}
    finished = project("run", "live-events")
    assert finished.returncode == 1
    assert ERRORS[wrong[0]][1] in finished.stderr


@pytest.mark.e2e
def test_the_tap_ends_quietly_when_the_target_refuses_its_settings(tmp_path: Path) -> None:
    (tmp_path / "tap.json").write_text('{"api_url": "sandbox://"}')
    (tmp_path / "target.json").write_text('{"dry_run": true, "include_events": ["nope"]}')
    tap, target = f"{sys.executable} -m tap_freshchat", f"{sys.executable} -m target_segment"
    finished = subprocess.run(
        ["bash", "-c", f"{tap} --config tap.json | {target} --config target.json"],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert "include_events: unknown event 'nope'" in finished.stderr
    assert "Traceback" not in finished.stderr
