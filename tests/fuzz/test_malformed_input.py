"""Malformed input: a parser returns its content or raises its documented error."""

import io
import zipfile
from functools import cache
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib.exceptions import InvalidInputLine

from fuzz import targets
from fuzz.mutation import mutated
from tap_freshchat.api import responses
from tap_freshchat.api.pagination import PagedList, paginate_messages
from tap_freshchat.api.rate_limiting import MAX_PAUSE_SECONDS, pause_after
from tap_freshchat.conform import conform_record
from tap_freshchat.errors import FreshchatError, ReportError
from tap_freshchat.reports.csv_files import rows, save
from tap_freshchat.times import from_epoch_ms, parse_time
from target_segment import json_codec
from target_segment.delivery.responses import retry_after as segment_retry_after
from target_segment.singer.message_checks import check_record, check_schema
from target_segment.target import TargetSegment

NOON = targets.NOON
# Cheap ones are tried more often.
EXAMPLES = {"cell": 300, "segment_response": 300, "report": 100, "head": 40, "shapes": 100}
DEEP = b"[" * 100_000
TOO_LARGE = "1 Jan 99999999999999999999 00:00:00"

seeds = cache(targets.seeds)


@pytest.mark.parametrize("name", targets.TARGETS)
def test_a_parser_raises_only_documented_errors_for_any_input(name):
    parse = targets.TARGETS[name]

    @settings(
        max_examples=EXAMPLES.get(name, 25),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def anything(data):
        if data.draw(st.booleans()):
            parse(data.draw(st.binary(max_size=200)))
            return
        seed = data.draw(st.sampled_from(seeds(name)))
        parse(mutated(seed, Random(data.draw(st.integers(0, 2**32)))))

    anything()


@pytest.mark.parametrize("name", targets.TARGETS)
def test_what_tap_and_target_write_and_read_passes_every_parser(name):
    for seed in seeds(name):
        targets.TARGETS[name](seed)


@pytest.mark.parametrize("text", [DEEP, b'"\xff"', b'"\\ud800"', b"9" * 5000, b"1e999", b"\0", b""])
def test_json_that_cannot_be_read_is_one_kind_of_error(text):
    with pytest.raises(ValueError, match="not JSON"):
        responses.decode_json(text)


@pytest.mark.parametrize("text", [DEEP, b"\xff", b"9" * 5000, b"1e99999999999999999999", b"\0"])
def test_a_singer_line_that_cannot_be_read_is_one_kind_of_error(text):
    with pytest.raises(json_codec.NotJSONError):
        json_codec.decode(b'{"a":' + text + b"}")


def test_a_lone_surrogate_does_not_stop_an_event():
    assert json_codec.decode(rb'{"a\udc00":["cut \ud83d",1.50]}') == json_codec.decode(
        '{"a\ufffd":["cut \ufffd",1.50]}'
    )


def test_a_state_that_json_cannot_represent_is_an_error():
    with pytest.raises(json_codec.NotEncodableError):
        json_codec.encode(json_codec.decode(b'{"a":NaN}'))


@pytest.mark.parametrize("text", ["0001-01-01T00:00+00:01", "9999-12-31T23:59-00:01"])
def test_a_time_outside_the_calendar_is_not_a_valid_time(text):
    with pytest.raises(ValueError, match="years"):
        parse_time(text)


@pytest.mark.parametrize("zone", ["+24:00", "-24:00", "+9959"])
def test_an_offset_of_a_day_or_more_is_not_a_valid_time_zone(zone):
    with pytest.raises(ValueError, match="zone"):
        parse_time(f"2026-11-22T00:00{zone}")


def test_milliseconds_outside_the_calendar_are_not_a_valid_time():
    with pytest.raises(ValueError, match="years"):
        from_epoch_ms(10**20)


@pytest.mark.parametrize(
    "config",
    [b'{"context":{"a":NaN}}', b'{"streams":{"a":{"event":{"value":NaN}}}}'],
)
def test_a_setting_that_json_cannot_represent_is_an_error_that_names_it(config):
    with pytest.raises(ConfigValidationError) as refused:
        TargetSegment(config={"dry_run": True, **json_codec.decode(config)})
    assert refused.value.errors == [
        f"{config[2:9].decode()}: contains NaN, Infinity or too many levels"
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "SCHEMA", "stream": [], "schema": {"properties": {}}},
        {"type": "SCHEMA", "stream": "orders", "schema": []},
        {"type": "SCHEMA", "stream": "orders", "schema": {"properties": {}}, "key_properties": 1},
        {"type": "RECORD", "stream": {}, "record": {}},
        {"type": "RECORD", "stream": "orders", "record": ["what a person wrote"]},
    ],
)
def test_a_malformed_singer_message_is_an_error_without_its_content(message):
    check = check_schema if message["type"] == "SCHEMA" else _check_record
    with pytest.raises(InvalidInputLine, match=message["type"]) as error:
        check(message)
    assert "person" not in str(error.value)


def _check_record(message):
    check_record(message["stream"], message["record"])


def test_a_number_of_any_length_in_a_header_is_a_wait_within_bounds():
    assert pause_after(429, {"X-RateLimit-Reset": "9" * 5000}, NOON) == MAX_PAUSE_SECONDS
    assert pause_after(200, {"Retry-After": TOO_LARGE}, NOON) == 0.0
    assert segment_retry_after({"Retry-After": TOO_LARGE}, NOON) is None


def test_a_number_too_large_for_a_float_is_unchanged():
    properties = {"count": {"type": ["integer", "null"]}, "share": {"type": ["number", "null"]}}
    values = {"count": 10**400, "share": "9" * 5000}
    assert conform_record(values, properties) == values


@pytest.mark.parametrize(
    "page",
    [
        b"[]",
        b'{"roles":[1]}',
        b'{"roles":[{}]}',
        b'{"roles":[{"id":[]}]}',
        b'{"roles":[],"pagination":[1]}',
        b'{"roles":[],"pagination":{"total_pages":"many"}}',
        b'{"roles":[],"pagination":{"total_pages":' + b"9" * 300 + b"}}",
    ],
)
def test_a_malformed_page_is_an_error_that_names_its_path(page):
    client = targets.freshchat_responses.client_of([(200, {}, page)])
    with pytest.raises(FreshchatError, match="/roles"):
        list(PagedList(client, "/roles", "roles").items())


def test_an_invalid_link_is_an_error_without_a_traceback():
    first = b'{"messages":[],"link":{"href":"https://["}}'
    client = targets.freshchat_responses.client_of([(200, {}, first)])
    with pytest.raises(FreshchatError, match="not a URL"):
        list(paginate_messages(client, "c"))


def test_a_redirect_without_a_valid_location_is_reported_as_a_redirect():
    client = targets.freshchat_responses.client_of([(302, {"Location": "https://["}, b"")])
    with pytest.raises(FreshchatError, match="a redirect, which the tap does not follow"):
        client.get("/agents")


def test_a_row_without_an_end_is_set_aside_and_not_taken_into_memory(tmp_path):
    path = tmp_path / "1.report"
    save(iter([b"a,b\n", *([b"," * 1024**2] * 64)]), path)
    rejected = []
    assert list(rows(path, list, lambda *row: rejected.append(row))) == []
    assert rejected


def packed_in(path, *, name="a.csv", method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name), "a\n1\n", method)
    save(iter([packed.getvalue()]), path)
    return rows(path, list, lambda *_: pytest.fail("a row is set aside"))


def test_an_archive_with_another_compression_is_not_unpacked(tmp_path):
    with pytest.raises(ReportError, match="unknown compression method"):
        list(packed_in(tmp_path / "1.report", method=zipfile.ZIP_LZMA))


def test_an_archive_whose_file_has_no_name_is_an_error_without_a_traceback(tmp_path):
    path = tmp_path / "1.report"
    list(packed_in(path, name="x"))
    # The same archive with nothing where the name was.
    whole = path.read_bytes()
    central = whole.index(b"PK\x01\x02")
    nameless = bytearray(whole[: central + 46] + whole[central + 47 :])
    nameless[central + 28] = 0
    end = nameless.index(b"PK\x05\x06")
    nameless[end + 12] -= 1
    save(iter([bytes(nameless)]), path)
    with pytest.raises(ReportError, match="cannot be read"):
        list(rows(path, list, lambda *_: None))
