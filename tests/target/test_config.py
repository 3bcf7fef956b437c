"""Settings as users write them, and the error line of an invalid one."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from singer_sdk.exceptions import ConfigValidationError

from target_segment.config_schema import CONFIG_SCHEMA
from target_segment.target import TargetSegment


def track(**more):
    return {"user_id": "user", **more}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"write_key": None}, "write_key: is missing"),
        ({"write_key": ""}, "write_key: is missing"),
        ({"write_key": "schlüssel"}, "write_key: contains invalid characters"),
        ({"region": "mars"}, "region: 'mars' is not one of ['us', 'eu']"),
        ({"write_kye": "x"}, "write_kye: unknown setting; did you mean write_key?"),
        ({"batch_max_events": 2501}, "batch_max_events: 2501 is greater than"),
        ({"batch_max_bytes": 500_001}, "batch_max_bytes: 500001 is greater than"),
        ({"max_concurrency": 0}, "max_concurrency: 0 is less than"),
        ({"include_events": []}, "include_events: is empty; leave it out"),
        (
            {"streams": {"orders": track(rename={"a": "c", "b": "c"})}},
            "streams.orders.rename: two fields have the same new name",
        ),
        ({"api_url": "api.segment.io/v1"}, "api_url: must be a URL such as https://"),
        ({"api_url": "https://user:pass@host/v1"}, "api_url: must be a URL"),
        ({"api_url": "https://api.segment.io:abc/v1"}, "api_url: must be a URL"),
        ({"api_url": "https://api.segment.io:99999/v1"}, "api_url: must be a URL"),
        ({"api_url": "https://exa mple.com/v1"}, "api_url: must be a URL"),
        ({"api_url": "https://example.com/v 1"}, "api_url: must be a URL"),
        ({"api_url": "https://.example.com/v1"}, "api_url: must be a URL"),
        ({"api_url": "http://[::1"}, "api_url: must be a URL"),
        ({"cdn_url": "https://cdn.segment.com:abc"}, "cdn_url: must be a URL"),
        ({"preset": "zendesk"}, "preset: 'zendesk' is not one of ['freshchat', 'none']"),
        ({"preset": "freshchat", "event_style": "shouted"}, "event_style: 'shouted' is not one of"),
        ({"event_style": "title_case"}, "event_style: 'title_case' needs a preset"),
        ({"streams": {"a": "track"}}, "streams.a: must be an object"),
        ({"streams": {"a": track(colour="red")}}, "streams.a.colour: unknown setting"),
        ({"streams": {"a": track(call="page")}}, "streams.a.call: must be one of track,"),
        ({"streams": {"a": {}}}, "streams.a: needs user_id or anonymous_id"),
        ({"streams": {"a": track(call="group")}}, "streams.a.group_id: a group call needs it"),
        ({"streams": {"a": track(traits="*")}}, "streams.a.traits: a call of type track has"),
        ({"streams": {"a": track(user_id="b..c")}}, "streams.a.user_id: 'b..c' is not a dotted"),
        ({"streams": {"a": track(user_id=5)}}, "streams.a.user_id: must be a dotted path"),
        ({"streams": {"a": track(event={"name": "x"})}}, "streams.a.event: must be a dotted"),
        ({"streams": {"a": track(properties=["b.c"])}}, "streams.a.properties: a list must hold"),
        ({"streams": {"a": track(properties="b")}}, "streams.a.properties: must be"),
        (
            {"streams": {"a": track(properties=["id"])}},
            "streams.a.properties: 'id' is a reserved",
        ),
        (
            {"streams": {"a": track(properties={"receivedAt": "x"})}},
            "streams.a.properties: 'receivedAt' is a reserved column",
        ),
        ({"streams": {"a": track(rename={"b": "event"})}}, "'event' is a reserved column"),
        ({"streams": {"a": track(drop="b")}}, "streams.a.drop: must be a list"),
        ({"streams": {"a": track(when=["b"])}}, "streams.a.when: must be {path: value"),
        (
            {"preset": "freshchat", "streams": {"mesage_events": {"call": "track"}}},
            "'mesage_events' is not a stream of the preset; did you mean message_events?",
        ),
        (
            {"preset": "freshchat", "streams": {}, "include_events": ["onMesageCreate"]},
            "include_events: unknown event 'onMesageCreate'; known events: onAgentActivityCreate,",
        ),
        (
            {"preset": "freshchat", "streams": {}, "event_names": {"onMessage": "Message"}},
            "event_names: unknown event 'onMessage'",
        ),
        ({"event_names": {"a": 5}}, "event_names: must be {event: new name}"),
    ],
)
def test_an_invalid_setting_is_one_error_line_that_names_it(run, settings, segment, change, says):
    finished = run({**settings, **change})
    assert finished.status == 1
    [error] = finished.errors
    assert says in error
    assert "\n" not in error
    assert segment.looked_up == segment.received == []
    assert finished.table == ""


@pytest.mark.parametrize("name", ["write_key", "hash_salt"])
def test_a_secret_of_the_wrong_type_is_not_shown(run, settings, name):
    [error] = run({**settings, name: 987654}).errors
    assert error == f"{name}: must be string"


def test_every_setting_is_described_and_secrets_are_marked():
    properties = CONFIG_SCHEMA["properties"]
    assert all(setting["description"] for setting in properties.values())
    assert {name for name, setting in properties.items() if setting.get("secret")} == {
        "write_key",
        "hash_salt",
        "headers",
    }


def test_settings_of_the_sdk_without_an_effect_are_not_offered():
    result = CliRunner().invoke(TargetSegment.get_singer_command(), ["--about", "--format", "json"])
    offered = json.loads(result.output)["settings"]["properties"]
    assert not {"load_method", "add_record_metadata", "batch_size_rows"} & set(offered)
    assert {"stream_maps", "flattening_enabled", "validate_records"} <= set(offered)


def test_objects_and_lists_in_the_environment_are_json_text(monkeypatch):
    environment = {
        "DRY_RUN": "true",
        "PRESET": "none",
        "STREAMS": '{"orders": {"user_id": "user"}}',
        "INCLUDE_EVENTS": '["Orders"]',
        "CONTEXT": '{"app": {"name": "shop"}}',
        "MAX_CONCURRENCY": "2",
    }
    for name, value in environment.items():
        monkeypatch.setenv(f"TARGET_SEGMENT_{name}", value)
    target = TargetSegment(parse_env_config=True)
    assert target.config["streams"] == {"orders": {"user_id": "user"}}
    assert target.config["max_concurrency"] == 2
    assert target.settings.routing.rules.only == {"Orders"}


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_absent_whatever_the_type_of_its_setting(monkeypatch, empty):
    plain = TargetSegment(config={"dry_run": True})
    for name in plain.config_jsonschema["properties"]:
        monkeypatch.setenv(f"TARGET_SEGMENT_{name.upper()}", empty)
    monkeypatch.setenv("TARGET_SEGMENT_DRY_RUN", "true")
    assert dict(TargetSegment(parse_env_config=True).config) == dict(plain.config)


@pytest.mark.parametrize("name", ["dead_letter_path", "output_path", "summary_path"])
def test_every_path_may_begin_with_the_home_directory(monkeypatch, name):
    monkeypatch.setenv("HOME", "/home/ada")
    target = TargetSegment(config={"dry_run": True, name: "~/run/x"})
    assert getattr(target.settings, name) == Path("/home/ada/run/x")
    with pytest.raises(ConfigValidationError) as error:
        TargetSegment(config={"dry_run": True, name: "~nobody-of-that-name/x"})
    [line] = error.value.errors
    assert line.startswith(f"{name}: the home directory")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STREAMS", "{"),
        ("MAX_CONCURRENCY", "abc"),
        ("DRY_RUN", "ture"),
        ("DROP_PROPERTIES", '["mail"'),
    ],
)
def test_invalid_text_in_the_environment_is_one_error_line(run, monkeypatch, name, value):
    monkeypatch.setenv(f"TARGET_SEGMENT_{name}", value)
    finished = run({"dry_run": True}, parse_env=True)
    assert finished.status == 1
    [error] = finished.errors
    assert error.startswith(f"TARGET_SEGMENT_{name}: not a valid ")
    assert value not in error.partition(": ")[2]


@pytest.mark.parametrize("text", [None, "{", "[1", "null"])
def test_a_config_file_that_cannot_be_read_is_an_invalid_option(tmp_path, text):
    path = tmp_path / "config.json"
    if text:
        path.write_text(text)
    result = CliRunner().invoke(TargetSegment.get_singer_command(), ["--config", str(path)])
    assert result.exit_code == 2
    assert "--config" in result.output


def test_objects_in_a_config_file_may_be_json_text():
    target = TargetSegment(config={"dry_run": True, "streams": '{"x": {"user_id": "u"}}'})
    assert "x" in target.settings.routing.streams


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ({}, "https://api.segment.io/v1"),
        ({"region": "eu"}, "https://events.eu1.segmentapis.com/v1"),
        ({"api_url": "https://events.shop.example/v1/"}, "https://events.shop.example/v1"),
        ({"api_url": "https://events.shop.example/v1/batch"}, "https://events.shop.example/v1"),
    ],
)
def test_the_endpoint_follows_the_region_unless_it_is_given(config, url):
    assert TargetSegment(config={"dry_run": True, **config}).settings.receiver.api_url == url


def test_settings_never_show_their_secrets():
    target = TargetSegment(config={"write_key": "very-secret", "hash_salt": "pepper"})
    assert "very-secret" not in repr(target.settings)
    assert "pepper" not in repr(target.settings)


def receiver_of(**config):
    return TargetSegment(config={"write_key": "k", **config}).settings.receiver


@pytest.mark.parametrize(
    ("config", "host"),
    [
        ({}, "https://cdn.segment.com"),
        ({"region": "eu"}, "https://cdn.segment.com"),
        ({"api_url": "https://events.eu1.segmentapis.com/v1"}, "https://cdn.segment.com"),
        (
            {"api_url": "https://shop.example/v1", "cdn_url": "https://cdn.example"},
            "https://cdn.example",
        ),
        ({"api_url": "https://shop.example/v1"}, None),
        ({"api_url": "https://notsegment.io/v1"}, None),
        ({"check_write_key": False}, None),
    ],
)
def test_the_write_key_is_looked_up_at_segment_or_where_cdn_url_says(config, host):
    url = receiver_of(**config).key_check_url
    assert url == (host and f"{host}/v1/projects/k/settings")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000/v1", "http://[::1]/v1", "http://localhost/v1", "http://a.localhost"],
)
def test_plain_http_to_this_host_is_allowed(url):
    assert receiver_of(api_url=url).api_url == url


@pytest.mark.parametrize("name", ["api_url", "cdn_url"])
@pytest.mark.parametrize("host", ["jitsu", "10.0.0.5", "localhost.example.com", "127.0.0.1.nip.io"])
def test_plain_http_to_another_host_needs_allow_http(name, host):
    config = {name: f"http://{host}:8080"}
    with pytest.raises(ConfigValidationError) as caught:
        receiver_of(**config)
    [error] = caught.value.errors
    assert error.startswith(f"{name}: http sends the write key and the events unencrypted")
    assert receiver_of(allow_http=True, **config)


def test_extra_headers_are_texts_and_numbers():
    headers = {"X-Strict-Mode": 1, "Authorization": "Bearer s3cret"}
    receiver = receiver_of(headers=headers)
    assert receiver.headers == {"X-Strict-Mode": "1", "Authorization": "Bearer s3cret"}
    assert "s3cret" not in repr(receiver)
    assert receiver_of(headers=json.dumps(headers)).headers == receiver.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "s3cret\r\nX-B: 1"},
        {"X-A": "s3crét"},
        {"X-A": ["s3cret"]},
        {"X-A": ""},
        {"X A": "s3cret"},
        {"Content-Type": "s3cret"},
        {"content-length": "s3cret"},
        "s3cret",
    ],
)
def test_a_header_that_cannot_be_sent_is_an_error_without_its_value(headers):
    with pytest.raises(ConfigValidationError) as caught:
        receiver_of(headers=headers)
    [error] = caught.value.errors
    assert error.startswith("headers: ")
    assert "s3cr" not in error
