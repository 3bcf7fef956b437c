"""Private parts of singer_sdk that tap_freshchat/sdk.py builds on, one test each."""

import inspect
import signal
from typing import ClassVar

import click
import pytest
from singer_sdk import Stream, Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib import Catalog, Message, RecordMessage, StateMessage
from singer_sdk.singerlib.encoding import GenericSingerWriter
from singer_sdk.tap_base import CliTestOptionValue

from tap_freshchat.message_writer import BufferedMessageWriter
from tap_freshchat.sdk import SdkStream
from tap_freshchat.tap import TapFreshchat

SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
RECORD = {"id": 1, "name": "x"}


class KeptMessages(GenericSingerWriter[str, Message]):
    """Message writer of the SDK that keeps the messages."""

    def __init__(self):
        self.messages = []

    def serialize_message(self, message):
        return message.to_dict()

    def write_message(self, message):
        self.messages.append(message)


class KeptRecords(KeptMessages, BufferedMessageWriter):
    """Message writer of the tap that keeps records separately."""

    def __init__(self):
        super().__init__()
        self.records = []

    def write_record(self, stream, record):
        self.records.append((stream, record))


class PlainStream(Stream):
    """Stream of the SDK."""

    name = "things"
    schema: ClassVar = SCHEMA

    def get_records(self, _):
        return [dict(RECORD)]


class OurStream(SdkStream):
    """Stream of the base class of the tap."""

    name = "things"
    schema: ClassVar = SCHEMA
    started = 0

    def get_replication_key_signpost(self, *_):
        self.started += 1

    def build_records(self):
        assert self.started
        return [dict(RECORD)]


class PlainTap(Tap):
    """Tap of the SDK, by default with a stream of the tap's base class."""

    name = "tap-plain"
    config_jsonschema: ClassVar = {"type": "object", "properties": {}}
    stream_class: ClassVar = OurStream

    def discover_streams(self):
        return [self.stream_class(self)]


def tap_of(stream_class, writer=None, **options):
    """Return a tap of the SDK with one stream."""
    spy = type("Spy", (PlainTap,), {"stream_class": stream_class})
    return spy(message_writer=writer or KeptRecords(), **options)


def kinds(writer):
    return [type(message).__name__ for message in writer.messages]


def test_the_sdk_starts_the_stream_first_and_writes_its_records_through_what_we_override():
    writer = KeptRecords()
    tap = tap_of(OurStream, writer)
    tap.sync_all()
    assert tap.streams["things"].started == 1
    assert writer.records == [("things", RECORD)]
    assert "RecordMessage" not in kinds(writer)
    assert kinds(writer)[-1] == "StateMessage"


def test_the_signpost_of_a_stream_is_requested_before_anything_else():
    class Refusing(OurStream):
        def get_replication_key_signpost(self, *_):
            raise LookupError("asked")

    writer = KeptRecords()
    with pytest.raises(LookupError, match="asked"):
        tap_of(Refusing, writer).streams["things"].sync()
    assert writer.messages == []


def test_the_sdks_own_record_loop_is_the_method_that_we_override():
    class Spy(PlainStream):
        def _sync_records(self, *_, write_messages=True, **__):
            yield {"seen": write_messages}

    assert list(tap_of(Spy).streams["things"]._sync_records()) == [{"seen": True}]
    writer = KeptMessages()
    tap_of(Spy, writer).streams["things"].sync()
    assert "RecordMessage" not in kinds(writer)


def test_the_sdk_writes_a_record_in_the_method_that_we_call_where_it_must_be_changed():
    writer = KeptMessages()
    PlainStream._write_record_message(tap_of(PlainStream, writer).streams["things"], dict(RECORD))
    [message] = writer.messages
    assert isinstance(message, RecordMessage)
    assert message.record == RECORD


def test_the_sdk_writes_a_final_state_in_the_method_that_we_call():
    writer = KeptMessages()
    stream = tap_of(PlainStream, writer).streams["things"]
    stream.state_manager.is_flushed = False
    stream._write_state_message()
    assert kinds(writer) == ["StateMessage"]
    stream._write_state_message()
    assert kinds(writer) == ["StateMessage"]


def test_the_state_writer_of_the_tap_writes_a_state_at_once():
    writer = KeptRecords()
    tap_of(OurStream, writer).streams["things"].write_state()
    [message] = writer.messages
    assert isinstance(message, StateMessage)


class LongStream(OurStream):
    """A stream with more records than a test reads."""

    def build_records(self):
        return iter([dict(RECORD)] * 3)


def test_a_dry_run_sets_the_limit_that_we_check_and_ends_without_an_error(caplog):
    writer = KeptRecords()
    tap_of(LongStream, writer).run_sync_dry_run(dry_run_record_limit=1)
    assert len(writer.records) == 1
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


def test_a_plain_stream_has_one_map_that_changes_nothing():
    [only] = tap_of(PlainStream).streams["things"].stream_maps
    assert isinstance(only, SameRecordTransform)
    assert only.flattening_enabled is False


def test_the_mask_shows_which_fields_a_catalog_deselects():
    catalog = Catalog.from_dict(tap_of(OurStream).catalog_dict)
    catalog["things"].metadata["properties", "name"].selected = False
    writer = KeptRecords()
    stream = tap_of(OurStream, writer, catalog=catalog).streams["things"]
    assert stream.mask["properties", "name"] is False
    stream._write_record_message(dict(RECORD))
    assert writer.records == []
    assert writer.messages[0].record == {"id": 1}


def test_a_stream_has_a_version_only_if_it_announces_versions():
    writer = KeptRecords()
    stream = tap_of(OurStream, writer).streams["things"]
    assert stream._stream_version is None
    stream._stream_version = 5
    stream._write_record_message(dict(RECORD))
    assert writer.messages[0].version == 5


def test_signals_reach_the_handler_that_we_override():
    seen = []
    spy = {"_handle_termination": lambda _, *arguments: seen.append(arguments)}
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        type("Spy", (PlainTap,), spy)()
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    assert [number for number, _ in seen] == [signal.SIGTERM, signal.SIGINT]


def test_the_sdk_checks_settings_in_the_hook_that_we_override():
    with pytest.raises(ConfigValidationError) as error:
        TapFreshchat(config={"api_url": "sandbox://", "page_sise": 5})
    assert error.value.errors == ["page_sise: unknown setting; did you mean page_size?"]


def test_the_sdk_reads_the_environment_through_the_property_that_we_override(monkeypatch):
    monkeypatch.setenv("TAP_FRESHCHAT_API_URL", "sandbox://")
    monkeypatch.setenv("TAP_FRESHCHAT_PAGE_SIZE", "fifty")
    with pytest.raises(ConfigValidationError) as error:
        TapFreshchat(parse_env_config=True)
    assert error.value.errors == ["TAP_FRESHCHAT_PAGE_SIZE: not a valid integer"]
    monkeypatch.setenv("TAP_FRESHCHAT_PAGE_SIZE", "5")
    assert TapFreshchat(parse_env_config=True).config["page_size"] == 5


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
    read = _ConfigInput.from_cli_args(str(tmp_path / "a.json"), "ENV", str(tmp_path / "b.json"))
    assert (read.config, read.parse_env) == ({"a": 1, "b": 2}, True)


def test_the_options_of_the_command_line_call_what_we_override():
    command = TapFreshchat.get_singer_command()
    callbacks = {parameter.name: parameter.callback for parameter in command.params}
    assert callbacks["config"] == TapFreshchat.cb_config
    assert callbacks["test"] == TapFreshchat.cb_test
    assert command.callback == TapFreshchat.invoke
    assert {"state", "catalog", "config"} <= set(inspect.signature(Tap.invoke).parameters)
    # A run without --test passes through the callback.
    [option] = [each for each in command.params if each.name == "test"]
    assert isinstance(option, click.Option)
    PlainTap.cb_test(click.Context(command), option, CliTestOptionValue.Disabled.value)


def test_the_tap_writes_all_messages_through_the_writer_that_it_is_given():
    writer = KeptMessages()
    tap_of(PlainStream, writer).sync_all()
    assert set(kinds(writer)) == {"SchemaMessage", "RecordMessage", "StateMessage"}
    writers = (GenericSingerWriter, BufferedMessageWriter)
    theirs, ours = ({*inspect.signature(each.write_message).parameters} for each in writers)
    assert ours == theirs
    assert GenericSingerWriter.__abstractmethods__ == {"serialize_message", "write_message"}
