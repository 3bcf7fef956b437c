"""The pair under Meltano, offline, as the repository ships it."""

import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
EVENTS = {
    "onAgentActivityCreate",
    "onConversationCreate",
    "onConversationUpdate",
    "onMessageCreate",
}


@pytest.fixture
def project(tmp_path):
    """A folder with the shipped meltano.yml, and a function that runs Meltano in it."""
    shutil.copy(ROOT / "meltano.yml", tmp_path)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

    def meltano(*arguments):
        return subprocess.run(
            [BIN / "meltano", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    meltano.folder = tmp_path
    meltano.environment = environment
    return meltano


def bodies(folder):
    files = sorted((folder / "output").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_the_main_job_delivers_all_four_events_and_a_second_run_nothing_twice(project):
    first = project("run", "tap-freshchat", "target-segment")
    assert first.returncode == 0, first.stdout + first.stderr
    events = [event for body in bodies(project.folder) for event in body["batch"]]
    assert {event["event"] for event in events} == EVENTS
    shipped = (ROOT / "meltano.yml").read_text()
    assert (project.folder / "meltano.yml").read_text() == shipped

    second = project("run", "live-events")
    assert second.returncode == 0, second.stdout + second.stderr
    again = [event for body in bodies(project.folder) for event in body["batch"]]
    ids = [event["messageId"] for event in again]
    assert len(set(ids)) == len(ids)


def test_every_setting_reaches_its_plugin_from_the_environment(project):
    """Meltano hands settings on as JSON, which not every kind of setting survives."""
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]
    values = {
        "string": "sandbox",
        "integer": "7",
        "boolean": "true",
        "array": "[]",
        "object": "{}",
        "date_iso8601": "2026-11-01",
    }
    for plugin in [*plugins["extractors"], *plugins["loaders"]]:
        prefix = plugin["name"].upper().replace("-", "_")
        for setting in plugin["settings"]:
            value = setting["options"][0]["value"] if "options" in setting else None
            project.environment[f"{prefix}_{setting['name'].upper()}"] = (
                value or values[setting["kind"]]
            )
        finished = project("config", "print", plugin["name"])
        assert finished.returncode == 0, finished.stderr
        config = json.loads(finished.stdout)
        missing = {setting["name"].split(".")[0] for setting in plugin["settings"]} - set(config)
        assert not missing
        # Only a start of the plugin writes the settings down for it.
        assert project("invoke", plugin["name"], "--about").returncode == 0


def test_production_without_an_account_names_the_setting(project):
    finished = project("--environment=prod", "run", "live-events")
    assert finished.returncode == 1
    assert "api_url" in finished.stdout + finished.stderr


def test_the_project_file_fits_meltanos_own_schema():
    schema = json.loads(
        resources.files("meltano.schemas").joinpath("meltano.schema.json").read_text()
    )
    jsonschema.validate(yaml.safe_load((ROOT / "meltano.yml").read_text()), schema)


def test_readme_and_project_file_say_what_the_code_says():
    finished = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], check=False
    )
    assert finished.returncode == 0, "run: python3 dev.py docs"
