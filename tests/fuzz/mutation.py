"""Mutation of JSON values, which flipped bits of its text do not reach."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

# Values that break parsers, in place of another value.
DEEP = b"[" * 3000 + b"]" * 3000
NUMBERS = (0, -1, 2**63, 2**64, 10**400, 10**12, 0.5, 1e308)
TEXTS = (
    *("", "0", "true", "null", "a.b", "\x00", "\ufeff", "\ud800", "x" * 40_000, "=1+1", "٣", "*"),
    *("9" * 5000, "1e999999999", "NaN", "http://[", "https://a.b/\u2028", "/v2/a", "//evil"),
    *("0000-01-01", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00+23:59"),
    *(
        "2026-11-22T11:30:00Z",
        "1-1795348800000",
        "track",
        "identify",
        "skip",
        "COMPLETED",
        "FAILED",
    ),
)
HOSTILE: tuple[Any, ...] = (None, True, False, [], {}, [[]], [{}], [None], {"id": "x"}, {"": ""})
VALUES = (*HOSTILE, *NUMBERS, *TEXTS)
# What no value of Python's writes.
RAW = (b"NaN", b"-Infinity", b"1e99999999999999999999", b"-0", b'"\\ud83d"', b'{"a":1,"a":2}', DEEP)
MARK = '"raw value"'


def mutated(data: bytes, dice: Random) -> bytes:
    """The data with one part of one of its JSON lines gone, doubled or of another value."""
    lines = data.split(b"\n")
    number = dice.randrange(len(lines))
    # Where a first byte says who reads the rest, it stays.
    first = 1 if lines[number][:1].isascii() and lines[number][:1] < b" " else 0
    text = lines[number][first:]
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return data
    lines[number] = lines[number][:first] + _written(tree, dice)
    return b"\n".join(lines)


def _written(tree: Any, dice: Random) -> bytes:
    holders = list(_holders([tree]))
    holder, key = dice.choice(holders)
    raw = dice.choice(RAW)
    what = dice.randrange(8)
    if what == 0 and isinstance(holder, dict):
        del holder[key]
    elif what == 1 and isinstance(holder, dict):
        holder[dice.choice(TEXTS)] = holder[key]
    elif what == 2:
        holder[key] = json.loads(MARK)
    elif what == 3:
        other, name = dice.choice(holders)
        holder[key] = json.loads(json.dumps(other[name]))
    else:
        holder[key] = dice.choice(VALUES)
    top = holders[0][0]
    return json.dumps(top[0]).encode().replace(MARK.encode(), raw)


def _holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value, as what holds it and the key or index there."""
    for key, each in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(each, (dict, list)):
            yield from _holders(each)
