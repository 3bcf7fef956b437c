"""JSON of the service, as it comes: unreadable characters, numbers out of range."""

import msgspec
import pytest

from tap_freshchat.api.responses import decode_json

MARK = "\ufffd"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'["hello \ud83d"]', [f"hello {MARK}"]),
        (rb'{"\uDE00x": 1}', {f"{MARK}x": 1}),
        (rb'["\ud83d\ude00 \ud83d"]', [f"\U0001f600 {MARK}"]),
        (rb'["\\ud83d \ud83d"]', [rf"\ud83d {MARK}"]),
        (rb'["\ud83d\ud83d\ude00"]', [f"{MARK}\U0001f600"]),
        ('["\ud83d"]', [MARK]),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('["Jos\xe9"]'.encode("latin-1"), [f"Jos{MARK}"]),
        (b"[NaN, Infinity, -Infinity, 1e999, -1e999]", [None] * 5),
        (b"[1" + b"0" * 400 + b", NaN]", [10**400, None]),
        (b"[1" + b"0" * 9000 + b", NaN]", [None, None]),
        (b'["a\x00b", "\\u0000"]', ["a\x00b", "\x00"]),
    ],
)
def test_an_unreadable_character_or_number_costs_only_itself(text, value):
    assert decode_json(text) == value
    msgspec.json.encode(decode_json(text))


@pytest.mark.parametrize(
    "text", ["NaN", "hello", "", "\ufeff", b"\xff", b'{"a": ', b"[NaN" + b"[" * 100_000, b"<p>"]
)
def test_what_is_not_json_is_an_error(text):
    with pytest.raises(ValueError, match="not JSON"):
        decode_json(text)
