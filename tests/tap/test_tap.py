"""Tap as an executable, run by Singer and by users."""

import json
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timezone

import pytest
from fakes.services import serving
from singer_sdk.testing import SuiteConfig, get_tap_test_class

import freshchat_sandbox as sandbox
from tap_freshchat.tap import TapFreshchat

TestSinger = get_tap_test_class(
    TapFreshchat,
    config={"api_url": "sandbox://"},
    suite_config=SuiteConfig(max_records_limit=200),
)


def run(tmp_path, config, *arguments, state=None):
    """Run the executable in its own process."""
    (tmp_path / "config.json").write_text(json.dumps(config))
    if state:
        (tmp_path / "state.json").write_text(json.dumps(state))
        arguments = (*arguments, "--state", "state.json")
    return subprocess.run(
        [sys.executable, "-m", "tap_freshchat", "--config", "config.json", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def errors(finished):
    """Return the line that a user reads as the reason."""
    assert "Traceback" not in finished.stderr
    return [
        line for line in finished.stderr.splitlines() if "| ERROR" in line or "| CRITICAL" in line
    ]


def ids_of_events(output):
    """Return the events among the records of a run."""
    messages = (json.loads(line) for line in output.splitlines() if '"RECORD"' in line)
    return {each["record"]["id"] for each in messages if "event" in each["record"]}


@contextmanager
def freshchat_with(faults=None):
    """Serve the sandbox on a real socket; one second here is two minutes there."""
    began = datetime.now(timezone.utc)
    server = sandbox.serve(
        sandbox.Sandbox(
            sandbox.Options(),
            lambda: began + 120 * (datetime.now(timezone.utc) - began),
            faults=faults,
        )
    )
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def freshchat():
    with freshchat_with() as url:
        yield url


@pytest.mark.e2e
def test_the_url_of_a_portal_ends_in_one_line_that_names_the_setting(tmp_path):
    page = sandbox.Response(
        status=200, headers={"Content-Type": "text/html"}, body=b"<!doctype html><title>Desk"
    )
    with freshchat_with(lambda _: page) as portal:
        finished = run(tmp_path, {"api_url": portal, "api_token": "t"})
    [line] = errors(finished)
    assert "portal" in line
    assert "api_url" in line
    assert finished.returncode == 1


def test_a_wrong_token_ends_in_one_line_that_names_the_setting(tmp_path, freshchat):
    finished = run(tmp_path, {"api_url": freshchat, "api_token": "stolen-token"})
    [line] = errors(finished)
    assert "api_token" in line
    assert finished.returncode == 1
    assert "stolen-token" not in finished.stderr + finished.stdout


def test_a_missing_token_ends_in_one_line_that_names_the_setting(tmp_path, freshchat):
    finished = run(tmp_path, {"api_url": freshchat})
    [line] = errors(finished)
    assert "api_token" in line
    assert finished.returncode == 1


@pytest.mark.e2e
def test_an_invalid_sandbox_url_is_one_line_that_names_the_setting(tmp_path):
    finished = run(tmp_path, {"api_url": "sandbox://?speed=9"})
    [line] = errors(finished)
    assert "api_url" in line
    assert "speed" in line
    assert finished.returncode == 1


@pytest.mark.e2e
def test_a_sandbox_that_is_not_installed_is_one_line_that_names_the_setting(tmp_path):
    (tmp_path / "config.json").write_text('{"api_url": "sandbox://"}')
    program = (
        "import runpy, sys; sys.modules['freshchat_sandbox'] = None; "
        "runpy.run_module('tap_freshchat', run_name='__main__', alter_sys=True)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program, "--config", "config.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    [line] = errors(finished)
    assert "api_url" in line
    assert "freshchat_sandbox" in line
    assert finished.returncode == 1


@pytest.mark.e2e
def test_the_tap_reads_the_sandbox_over_a_real_socket(tmp_path, freshchat):
    catalog = json.loads(run(tmp_path, {"api_url": freshchat}, "--discover").stdout)
    for stream in catalog["streams"]:
        stream["metadata"][-1]["metadata"]["selected"] = stream["stream"] == "agent_activity"
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    config = {"api_url": freshchat, "api_token": "sandbox"}
    finished = run(tmp_path, config, "--catalog", "catalog.json")
    assert finished.returncode == 0, finished.stderr
    messages = [json.loads(line) for line in finished.stdout.splitlines()]
    assert sum(message["type"] == "RECORD" for message in messages) > 50


@pytest.mark.e2e
def test_a_run_from_the_state_of_another_reports_no_event_twice(tmp_path):
    first = run(tmp_path, {"api_url": "sandbox://"})
    states = [json.loads(line) for line in first.stdout.splitlines() if '"STATE"' in line]
    again = run(tmp_path, {"api_url": "sandbox://"}, state=states[-1]["value"])
    assert again.returncode == 0, again.stderr
    once, more = (ids_of_events(each.stdout) for each in (first, again))
    assert len(once) > 1000
    assert not once & more


@pytest.mark.e2e
def test_the_connection_test_passes_on_the_sandbox(tmp_path):
    finished = run(tmp_path, {"api_url": "sandbox://"}, "--test")
    assert finished.returncode == 0, finished.stderr


@pytest.mark.e2e
def test_the_connection_test_names_the_one_stream_that_fails_and_tests_the_others(tmp_path):
    config = {"api_url": "sandbox://?conversations_per_day=5", "historical_metrics": ["no.metric"]}
    finished = run(tmp_path, config, "--test")
    assert finished.returncode == 1
    [line] = errors(finished)
    assert "Stream historical_metrics failed: " in line
    assert "failed the test: historical_metrics. All other streams passed." in finished.stderr
    messages = [json.loads(line) for line in finished.stdout.splitlines()]
    tested = {message["stream"] for message in messages if message["type"] == "RECORD"}
    assert len(tested) > 20
    # An alphabetical order puts these after the one that fails.
    assert {"instant_metrics", "message_events", "users"} <= tested


def test_the_test_of_schemas_makes_no_request(tmp_path):
    config = {"api_url": "https://x.invalid", "api_token": "t", "historical_metrics": ["no.metric"]}
    finished = run(tmp_path, config, "--test=schema")
    assert finished.returncode == 0, finished.stderr
    assert all(json.loads(line)["type"] == "SCHEMA" for line in finished.stdout.splitlines())


@pytest.mark.e2e
def test_the_connection_test_fails_in_one_line_with_a_wrong_token(tmp_path, freshchat):
    finished = run(tmp_path, {"api_url": freshchat, "api_token": "wrong"}, "--test")
    [line] = errors(finished)
    assert "api_token" in line
    assert finished.returncode == 1


def test_streams_are_discovered_without_an_account(tmp_path):
    finished = run(tmp_path, {}, "--discover")
    catalog = json.loads(finished.stdout)
    assert {stream["tap_stream_id"] for stream in catalog["streams"]} >= {
        *("agent_activity", "conversation_events", "message_events", "messages"),
        *("users", "user_conversations", "agents", "agent_statuses", "groups", "channels"),
        *("roles", "account", "conversation_fields", "outbound_messages"),
        *("historical_metrics", "instant_metrics", "report_csat_score", "report_chat_transcript"),
    }


def test_settings_are_described_in_markdown(tmp_path):
    finished = run(tmp_path, {}, "--about", "--format=markdown")
    assert "| api_token" in finished.stdout
    assert finished.returncode == 0
