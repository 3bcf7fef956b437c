"""Suite selection: options of the suites, and what the default run leaves out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis

if TYPE_CHECKING:
    import pytest

HERE = Path(__file__).parent
# Suites whose packages the default environment does not have.
FOLDERS = {HERE / "e2e" / name: name for name in ("browser", "composition", "container", "dagster")}
# Left out unless -m names them.
SLOW = {*FOLDERS.values(), "e2e", "fault_injection", "fuzz", "readings"}

# A slow machine is not a failure. The mutation tests have a profile of their own.
if hypothesis.settings.get_current_profile_name() in {"default", "ci"}:
    hypothesis.settings.register_profile("untimed", deadline=None)
    hypothesis.settings.load_profile("untimed")

# Prefixes of the variables that could lead a test to an account of the person who runs it.
SETTINGS = ("MELTANO_", "TAP_FRESHCHAT", "TARGET_SEGMENT")


def pytest_configure() -> None:
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]


def pytest_addoption(parser: pytest.Parser) -> None:
    faults = parser.getgroup("fault injection")
    faults.addoption("--schedules", type=int, default=100, help="number of schedules to run")
    faults.addoption("--first", type=int, default=1, help="seed of the first schedule")
    faults.addoption("--seed", type=int, help="run only the schedule of this seed, keep its logs")
    faults.addoption(
        "--results",
        type=Path,
        default=Path("fault_injection.jsonl"),
        help="file of results, one line each; schedules that it holds are not run again",
    )
    readings = parser.getgroup("readings")
    readings.addoption("--combinations", type=int, default=50, help="number of combinations")
    fuzz = parser.getgroup("fuzzing")
    fuzz.addoption("--seconds", type=int, default=60, help="seconds for each fuzz target")
    fuzz.addoption("--fuzz-target", action="append", help="fuzz only this target; repeatable")
    browser = parser.getgroup("browser")
    browser.addoption("--pictures", type=Path, help="folder for pictures of every page")
    browser.addoption("--readme-picture", type=Path, help="file for the picture of the README")


def _selects(config: pytest.Config, marker: str) -> bool:
    return re.search(rf"\b{marker}\b", config.option.markexpr) is not None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    marker = FOLDERS.get(collection_path)
    return True if marker and not _selects(config, marker) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    excluded = [
        item
        for item in items
        if any(
            mark.name in SLOW and not _selects(config, mark.name) for mark in item.iter_markers()
        )
    ]
    if excluded:
        config.hook.pytest_deselected(items=excluded)
        items[:] = [item for item in items if item not in set(excluded)]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if _selects(config, "fault_injection") and config.option.seed is None:
        from fault_injection import results  # noqa: PLC0415 - other runs do not need it

        terminalreporter.write_line(results.table(results.read(config.option.results)))
