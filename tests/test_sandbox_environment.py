"""Accounts that the shell or .env names, and the sandbox environment, the demo and the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from fakes.meltano import BIN, ROOT, Project, events, shipped
from fakes.services import LOOPBACK, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Account:
    """An account of both services, which counts the connections to it."""

    def __init__(self) -> None:
        self.connections = 0
        account = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                account.connections += 1
                super().setup()

        self.server = ThreadingHTTPServer((LOOPBACK, 0), Handler)

    @property
    def settings(self) -> dict[str, str]:
        """The variables that lead every plugin of the shipped project to this account."""
        url = f"http://{LOOPBACK}:{self.server.server_port}/v2"
        tap = {"API_URL": url, "API_TOKEN": "token", "ACTIVITY_SOURCE": "rest"}
        target = {"API_URL": url, "CDN_URL": url, "WRITE_KEY": "key", "DRY_RUN": "false"}
        plugins = shipped()["plugins"]
        return {
            f"{plugin['name'].upper().replace('-', '_')}_{name}": value
            for kind, settings in (("extractors", tap), ("loaders", target))
            for plugin in plugins[kind]
            for name, value in settings.items()
        }


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account()
    with serving(made.server):
        yield made


JOBS = [job["name"] for job in shipped()["jobs"]]
# Few conversations, and report jobs that need not wait for one another.
OPTIONS = "report_jobs_per_minute=60&conversations_per_day=6"


@pytest.mark.e2e
@pytest.mark.parametrize("place", ["shell", ".env"])
def test_no_job_in_the_sandbox_environment_reaches_an_account(
    tmp_path: Path, account: Account, place: str
) -> None:
    project = Project(tmp_path)
    project.environment["FRESHCHAT_SANDBOX_OPTIONS"] = OPTIONS
    if place == "shell":
        project.environment |= account.settings
    else:
        lines = [f"{name}={value}\n" for name, value in account.settings.items()]
        (tmp_path / ".env").write_text("".join(lines))
    finished = project("--environment=sandbox", "run", *JOBS)
    assert finished.returncode == 0, finished.stderr
    assert account.connections == 0
    assert events(tmp_path)
    assert events(tmp_path, "output/try")


@pytest.mark.e2e
def test_the_same_variables_reach_the_account_in_production(
    tmp_path: Path, account: Account
) -> None:
    project = Project(tmp_path)
    project.environment |= account.settings
    assert project("--environment=prod", "run", "live-events").returncode == 1
    assert account.connections > 0


@pytest.mark.e2e
def test_the_trial_in_production_sends_nothing_and_moves_only_its_own_state(
    tmp_path: Path, account: Account
) -> None:
    project = Project(tmp_path)
    project.environment |= {
        **account.settings,
        "TAP_FRESHCHAT_TRY_API_URL": f"sandbox://?{OPTIONS}",
        "TAP_FRESHCHAT_TRY_API_TOKEN": "sandbox",
        "TAP_FRESHCHAT_START_DATE": "2020-01-01",
    }
    finished = project("--environment=prod", "run", "try")
    assert finished.returncode == 0, finished.stderr
    assert account.connections == 0
    sent = events(tmp_path, "output/try")
    day_ago = datetime.now(timezone.utc) - timedelta(days=1, hours=1)
    assert sent
    assert min(event["timestamp"] for event in sent) > day_ago.isoformat()
    states = project("--environment=prod", "state", "list").stdout.split()
    assert states == ["prod:tap-freshchat-try-to-target-segment-try"]


def test_each_job_has_its_own_files_of_dead_letters() -> None:
    loaders = shipped()["plugins"]["loaders"]
    paths = {each.get("config", {}).get("dead_letter_path") for each in loaders}
    assert len(paths) == len(loaders)


@pytest.mark.e2e
def test_the_demo_reaches_no_account(tmp_path: Path, account: Account) -> None:
    for name in ("dev.py", "meltano.yml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / BIN.name).symlink_to(BIN)
    (tmp_path / "other").mkdir()
    environment = {
        **os.environ,
        **account.settings,
        "FRESHCHAT_SANDBOX_OPTIONS": OPTIONS,
        "MELTANO_ENVIRONMENT": "prod",
        "MELTANO_PROJECT_ROOT": str(tmp_path / "other"),
    }
    subprocess.run(
        [sys.executable, "-c", "import dev; dev.demo()"], cwd=tmp_path, env=environment, check=True
    )
    assert account.connections == 0
    assert events(tmp_path)


def test_every_plugin_has_its_variables_in_the_sandbox_environment() -> None:
    [sandbox] = [each for each in shipped()["environments"] if each["name"] == "sandbox"]
    plugins = shipped()["plugins"]
    names = {
        f"{plugin['name'].upper().replace('-', '_')}_{setting}"
        for kind, settings in (("extractors", ("API_URL", "API_TOKEN")), ("loaders", ("DRY_RUN",)))
        for plugin in plugins[kind]
        for setting in settings
    }
    assert set(sandbox["env"]) == names


def test_a_test_sees_no_settings_of_the_person_who_runs_it(account: Account) -> None:
    """The next test runs this one with such settings."""
    assert not {*account.settings, "MELTANO_ENVIRONMENT"} & {*os.environ}


@pytest.mark.e2e
def test_the_tests_reach_no_account(account: Account) -> None:
    this = f"{__file__}::{test_a_test_sees_no_settings_of_the_person_who_runs_it.__name__}"
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", this],
        cwd=ROOT,
        env={**os.environ, **account.settings, "MELTANO_ENVIRONMENT": "prod"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    assert "1 passed" in finished.stdout
    assert account.connections == 0
