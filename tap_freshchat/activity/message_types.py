"""Decision on a message's type from all its signs. Pure.

A private note must never be taken for a message to the customer: without any sign there is no
type, and of two signs that contradict each other the more private one counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tap_freshchat.enumerations import (
    DETAILED_MESSAGE_TYPE,
    MESSAGE_TYPE,
    NORMAL,
    PART_KINDS,
    PRIVATE,
    SYSTEM,
    comparable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Columns of the transcript that can hold the type.
COLUMNS = ("message_type", "detailed_message_type")
# Details of one type only: what message_type says of the same message counts more.
_WEAK = frozenset({"awaymessage", "offlinemessage", "freshdeskticketcreatemessage"})
_STATUS_CHANGE = "statuschange"
# In a value that no table has; such a message may be for agents only.
_PRIVATE_WORDS = re.compile("private|internal|note")
_BY_PRIVACY = (PRIVATE, SYSTEM, NORMAL)
# Pairs of values that are cached, and characters of a pair: enumerations have a few short ones.
MAX_DECIDED = 200


class MessageType(NamedTuple):
    """Type of a message: normal, private, system, an unknown value as it is, or None.

    `contradicted`: whether another sign gave another type.
    """

    name: str | None
    contradicted: bool = False


def decide(signs: Iterable[str | None]) -> MessageType:
    """The type that signs agree on; the more private one if they contradict each other.

    Signs are types, unknown values, and None. An unknown value counts without a known one only.
    """
    given = {sign for sign in signs if sign}
    known = [name for name in _BY_PRIVACY if name in given]
    if known:
        return MessageType(known[0], contradicted=len(known) > 1)
    return MessageType(min(given, default=None))


class RowTypes:
    """Types that transcript rows show, each pair of values in the two columns decided once."""

    def __init__(self) -> None:
        self._decided: dict[tuple[str, str], tuple[MessageType, Sequence[tuple[str, str]]]] = {}

    def of(self, row: Mapping[str, str]) -> tuple[MessageType, Sequence[tuple[str, str]]]:
        """What `type_from_row` and `unknown_types` say of a row."""
        key = row.get("message_type") or "", row.get("detailed_message_type") or ""
        found = self._decided.get(key)
        if found is None:
            found = type_from_row(row), tuple(unknown_types(row))
            # A column of free text has no end of values.
            if len(self._decided) < MAX_DECIDED and sum(map(len, key)) < MAX_DECIDED:
                self._decided[key] = found
        return found


def type_from_row(row: Mapping[str, str]) -> MessageType:
    """The type that a transcript row shows; None if its columns are blank or name part kinds."""
    plain, detailed = (row.get(column) or "" for column in COLUMNS)
    signs = [type_from_text(plain)]
    weak = comparable(detailed) in _WEAK
    if not (weak and MESSAGE_TYPE.find(plain)):
        signs.append(type_from_text(detailed))
    return decide(signs)


def type_from_text(value: object) -> str | None:
    """The type in a value of either column or of REST; None if it is blank or a kind of part."""
    text = comparable(value)
    if text.startswith(_STATUS_CHANGE):
        return SYSTEM
    if text in PART_KINDS:
        return None
    is_private = DETAILED_MESSAGE_TYPE.is_unknown(value) and _PRIVATE_WORDS.search(text)
    # An unknown value that speaks of a note is private.
    return PRIVATE if is_private else DETAILED_MESSAGE_TYPE.read(value)


def unknown_types(row: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Columns and values of a row that name neither a type nor a kind of part."""
    for column in COLUMNS:
        value = row.get(column) or ""
        if DETAILED_MESSAGE_TYPE.is_unknown(value) and comparable(value) not in PART_KINDS:
            yield column, value.strip()
