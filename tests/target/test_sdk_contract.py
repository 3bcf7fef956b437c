"""The private parts of singer_sdk that target_segment/sdk.py builds on, one test each."""

import inspect
import io
import json
import signal
from typing import Any, ClassVar

import pytest
from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError, RecordsWithoutSchemaException
from singer_sdk.plugin_base import PluginBase
from singer_sdk.sinks import Sink

from target_segment.sdk import ConfigInput, DefaultsValidator, parse_environment_config
from target_segment.target import TargetSegment

SCHEMA = {
    "type": "SCHEMA",
    "stream": "orders",
    "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
    "key_properties": ["id"],
}


class PlainSink(Sink):
    """The SDK's own sink."""

    def process_record(self, record, context):
        pass

    def process_batch(self, context):
        pass


class PlainTarget(Target):
    """The SDK's own target."""

    name = "target-plain"
    config_jsonschema: ClassVar = {"type": "object", "properties": {}}
    default_sink_class = PlainSink


@pytest.fixture
def target(settings):
    return TargetSegment(config={**settings, "dry_run": True})


def test_the_sdk_passes_the_messages_that_we_ignore_to_the_handler_that_we_override():
    seen = []
    handler = {"_process_activate_version_message": lambda _, message: seen.append(message)}
    message = {"type": "ACTIVATE_VERSION", "stream": "s"}
    type("Spy", (PlainTarget,), handler)().listen(io.StringIO(json.dumps(message) + "\n"))
    assert seen == [message]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "SCHEMA", "stream": "s", "schema": {}},
        {"type": "RECORD", "stream": "s", "record": {}},
        {"type": "STATE", "value": {}},
        {"type": "BATCH", "stream": "s", "encoding": {}, "manifest": []},
    ],
)
def test_the_sdk_lets_the_reader_choose_who_handles_a_message(target, message):
    seen: list[Any] = []
    target.message_reader.handlers[message["type"]] = seen.append
    target.listen(io.BytesIO(json.dumps(message).encode() + b"\n"))
    assert seen == [message]


def test_the_sdk_keeps_a_replaced_sink_in_the_list_that_we_empty():
    target = PlainTarget()
    target._process_schema_message(SCHEMA)
    first = target.get_sink("orders")
    target._process_schema_message({**SCHEMA, "key_properties": []})
    assert target._sinks_to_clear == [first]


def test_a_schema_that_replaces_another_leaves_no_sink_behind(target):
    target.handle_schema(SCHEMA)
    target.handle_schema({**SCHEMA, "key_properties": []})
    assert target._sinks_to_clear == []


def test_the_sdk_names_a_record_without_a_schema(target):
    with pytest.raises(RecordsWithoutSchemaException, match="'orders'"):
        target.require_schema("orders")


def test_signals_reach_the_handler_that_we_override():
    seen = []
    type("Spy", (PlainTarget,), {"_handle_termination": lambda _, *signals: seen.append(signals)})()
    signal.raise_signal(signal.SIGTERM)
    assert seen[0][0] == signal.SIGTERM


def test_the_sdk_checks_settings_in_the_hook_that_we_override(settings):
    with pytest.raises(ConfigValidationError) as error:
        TargetSegment(config={**settings, "regoin": "eu"})
    assert error.value.errors == ["regoin: unknown setting; did you mean region?"]
    assert TargetSegment(config={**settings}).config["region"] == "us"


def test_the_sdk_reads_the_environment_through_the_property_that_we_override(monkeypatch):
    monkeypatch.setenv("TARGET_SEGMENT_DRY_RUN", "true")
    monkeypatch.setenv("TARGET_SEGMENT_REGION", "eu")
    target = TargetSegment(parse_env_config=True)
    assert (target.config["dry_run"], target.config["region"]) == (True, "eu")


def test_the_sdk_parses_one_variable_by_its_type(monkeypatch):
    monkeypatch.setenv("X_COUNT", "5")
    schema = {"properties": {"count": {"type": ["integer", "null"]}}}
    assert parse_environment_config(schema, "X_") == {"count": 5}
    monkeypatch.setenv("X_COUNT", "five")
    with pytest.raises(ValueError, match="five"):
        parse_environment_config(schema, "X_")


def test_the_sdk_reads_configuration_files_and_the_value_env(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1, "b": 1}')
    (tmp_path / "b.json").write_text('{"b": 2}')
    read = ConfigInput.from_cli_args(str(tmp_path / "a.json"), "ENV", str(tmp_path / "b.json"))
    assert (read.config, read.parse_env) == ({"a": 1, "b": 2}, True)


def test_the_sdks_validator_fills_in_defaults():
    config: dict[str, Any] = {}
    schema = {"type": "object", "properties": {"n": {"type": "integer", "default": 4}}}
    assert list(DefaultsValidator(schema).iter_errors(config)) == []
    assert config == {"n": 4}


def test_the_settings_that_we_leave_out_are_those_of_tables(settings):
    ours = TargetSegment(config=settings).config_jsonschema["properties"]
    theirs: dict[str, Any] = {"properties": {}}
    PlainTarget.append_builtin_config(theirs)
    only_theirs = set(theirs["properties"]) - set(ours)
    assert only_theirs <= {
        "add_record_metadata",
        "load_method",
        "batch_size_rows",
        "process_activate_version_messages",
        "batch_config",
    }
    assert {"add_record_metadata", "load_method", "batch_size_rows"} <= only_theirs


def test_the_command_line_calls_invoke_with_what_the_options_give():
    command = PlainTarget.get_singer_command()
    names = set(inspect.signature(Target.invoke).parameters)
    assert {parameter.name for parameter in command.params} - {"version", "help"} <= names
    assert command.callback == PlainTarget.invoke
    # What we call in its place does nothing but `--about`.
    assert PluginBase.invoke.__func__(PlainTarget, about=False) is None  # type: ignore[attr-defined]


def test_the_sdk_asks_the_sink_for_a_validator_when_it_is_made():
    class Asked(PlainSink):
        def get_validator(self):
            raise LookupError("asked")

    with pytest.raises(LookupError, match="asked"):
        Asked(PlainTarget(), "orders", {"properties": {}}, [])
