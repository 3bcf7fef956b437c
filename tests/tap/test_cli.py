"""Command line: an invalid option or file is one line that names it, without a traceback."""

import io
import json
import os
import subprocess
import sys

import pytest
from fakes.clock import NOON
from fakes.runs import run_tap
from singer_sdk.exceptions import ConfigValidationError

from tap_freshchat.errors import ConfigError
from tap_freshchat.sdk import check_json_file, read_environment
from tap_freshchat.tap import TapFreshchat

SECRET = "s3cret-t0ken"


def reason(tmp_path, *arguments, **environment):
    """Run the executable with the sandbox; return its error lines."""
    known = {"TAP_FRESHCHAT_API_URL": "sandbox://", **environment}
    ended = subprocess.run(
        [sys.executable, "-m", "tap_freshchat", *arguments],
        cwd=tmp_path,
        env={**os.environ, **known},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode
    assert not ended.stdout
    assert "Traceback" not in ended.stderr
    assert "bug" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize("option", ["state", "catalog"])
@pytest.mark.parametrize("text", ["", '{"bookmarks": '])
def test_a_file_that_is_not_json_is_an_error_that_names_its_option(tmp_path, option, text):
    (tmp_path / "file.json").write_text(text)
    said = reason(tmp_path, "--config=ENV", f"--{option}=file.json")
    assert f"option --{option} is" in said


def test_a_state_with_a_byte_order_mark_is_read():
    assert check_json_file("state", io.StringIO("\ufeff{}")).read() == "{}"


def test_a_connection_test_names_an_invalid_setting(tmp_path):
    (tmp_path / "config.json").write_text('{"api_url": "sandbox://", "exclude_pi": true}')
    assert "exclude_pi: unknown setting" in reason(tmp_path, "--config=config.json", "--test")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "cannot be read"),
        ("not: JSON", "cannot be read"),
        ("null", "must hold a JSON object"),
    ],
)
def test_a_config_that_cannot_be_read_is_reported_as_such(tmp_path, text, fault):
    if text:
        (tmp_path / "config.json").write_text(text)
    assert f"the file {fault}" in reason(tmp_path, "--config=config.json")


def test_a_variable_that_cannot_be_read_is_reported_by_its_name(tmp_path):
    said = reason(tmp_path, "--config=ENV", TAP_FRESHCHAT_PAGE_SIZE="fifty")
    assert "TAP_FRESHCHAT_PAGE_SIZE: not a valid integer" in said
    assert "fifty" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("EXCLUDE_PII", "ture"), ("REPORT_COLUMNS", '{"a'), ("LOOKBACK_MINUTES", "1h")],
)
def test_each_kind_of_value_in_the_environment_is_checked(monkeypatch, name, value):
    monkeypatch.setenv(f"TAP_FRESHCHAT_{name}", value)
    with pytest.raises(ConfigValidationError) as error:
        read_environment(TapFreshchat.config_jsonschema, "TAP_FRESHCHAT_")
    [line] = error.value.errors
    assert line.startswith(f"TAP_FRESHCHAT_{name}: ")
    assert value not in line


@pytest.mark.parametrize(("reported", "meant"), [("true", True), ("Yes", True), ("0", False)])
def test_a_boolean_in_the_environment_is_read_in_any_usual_form(monkeypatch, reported, meant):
    monkeypatch.setenv("TAP_FRESHCHAT_EXCLUDE_PII", reported)
    config = read_environment(TapFreshchat.config_jsonschema, "TAP_FRESHCHAT_")
    assert config == {"exclude_pii": meant}


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_absent_whatever_the_type_of_its_setting(monkeypatch, empty):
    for name in TapFreshchat.config_jsonschema["properties"]:
        monkeypatch.setenv(f"TAP_FRESHCHAT_{name.upper()}", empty)
    assert read_environment(TapFreshchat.config_jsonschema, "TAP_FRESHCHAT_") == {}


def test_an_unknown_setting_is_an_error_that_suggests_a_known_one():
    with pytest.raises(ConfigValidationError) as error:
        TapFreshchat(config={"api_url": "sandbox://", "exclude_pi": True, "api_tokens": SECRET})
    assert error.value.errors == [
        "api_tokens: unknown setting; did you mean api_token?",
        "exclude_pi: unknown setting; did you mean exclude_pii?",
    ]
    assert SECRET not in json.dumps(error.value.errors)


def test_columns_of_an_unknown_stream_are_an_error():
    with pytest.raises(ConfigError, match="report_columns has unknown streams.*conversation_event"):
        run_tap(NOON, report_columns={"conversation_event": {"status": ["State"]}})


@pytest.mark.parametrize("log", ["2>&-", "2>/dev/full"])
def test_without_a_log_the_tap_ends_as_with_one(tmp_path, log):
    ended = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m tap_freshchat --config=ENV --discover {log}'],
        cwd=tmp_path,
        env={**os.environ, "TAP_FRESHCHAT_API_URL": "sandbox://"},
        stdout=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["streams"]


def test_a_closed_output_is_reported_as_such(tmp_path):
    command = f"{sys.executable} -m tap_freshchat --config=ENV >&-"
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "TAP_FRESHCHAT_API_URL": "sandbox://"},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "stdout is closed" in ended.stderr
    assert "Traceback" not in ended.stderr
