"""Reversible identifiers: ids that look random and encode what they identify."""

from __future__ import annotations

import hashlib
import re
from enum import IntEnum

_NUMBER_BITS = 22
_PART_BITS = 19
_INDEX_BITS = 16 + _NUMBER_BITS  # a day and a number in it
_LOW_BITS = (1 << 62) - 1  # what the variant bits of a UUID leave of its second half
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_MULTIPLIER = 0x5DEECE66D  # odd, hence invertible modulo any power of two
_INTERNAL_BITS = 48
_INTERNAL_BASE = 487_000_000_000_000  # 15 digits, as in the webhook samples Freshchat publishes
_CODE_BITS = 40
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Kind(IntEnum):
    """Kinds of things that have an identifier."""

    ACCOUNT = 1
    CUSTOMER = 2
    CONVERSATION = 3
    MESSAGE = 4
    AGENT = 5
    GROUP = 6
    CHANNEL = 7
    ROLE = 8
    STATUS = 9
    SYSTEM_USER = 10
    JOB = 11
    RATING = 12
    OUTBOUND = 13
    CAMPAIGN = 14
    FIELD = 15


class Identifiers:
    """Identifiers of one account: the same seed gives the same ids."""

    def __init__(self, seed: int) -> None:
        self._key = hashlib.blake2b(str(seed).encode(), digest_size=16).digest()

    def uuid(self, kind: Kind, day: int = 0, number: int = 0, part: int = 0) -> str:
        """Return the UUID of one thing: the `number`-th of its day, or a `part` of it."""
        name = ((kind << 16 | day) << _NUMBER_BITS | number) << _PART_BITS | part
        tag = self._tag(name)
        low = (name ^ self._mask(tag)) & _LOW_BITS | 1 << 63
        text = f"{tag.hex()}{low:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def parse_uuid(self, kind: Kind, text: str) -> tuple[int, int, int] | None:
        """Return the day, number and part encoded in a UUID, or None if it is not one of these."""
        if not _UUID.fullmatch(text):
            return None
        raw = bytes.fromhex(text.replace("-", ""))
        tag = raw[:8]
        name = (int.from_bytes(raw[8:], "big") ^ self._mask(tag)) & _LOW_BITS
        if self._tag(name) != tag:
            return None
        part = name & (1 << _PART_BITS) - 1
        number = name >> _PART_BITS & (1 << _NUMBER_BITS) - 1
        day = name >> _PART_BITS + _NUMBER_BITS & 0xFFFF
        found = name >> _PART_BITS + _INDEX_BITS
        return (day, number, part) if found == kind else None

    def internal(self, kind: Kind, day: int = 0, number: int = 0) -> int:
        """Return the numeric id that Freshworks' databases use beside the UUID."""
        return _INTERNAL_BASE + self._scatter(kind, day << _NUMBER_BITS | number, _INTERNAL_BITS)

    def parse_internal(self, kind: Kind, value: int) -> tuple[int, int] | None:
        """Return the day and number encoded in a numeric id, or None."""
        return self._gather(kind, value - _INTERNAL_BASE, _INTERNAL_BITS)

    def code(self, kind: Kind, day: int, number: int) -> str:
        """Return an id of eight characters."""
        rest = self._scatter(kind, day << _NUMBER_BITS | number, _CODE_BITS)
        text = ""
        while rest:
            rest, digit = divmod(rest, len(_DIGITS))
            text = _DIGITS[digit] + text
        return text.rjust(8, "0")

    def parse_code(self, kind: Kind, text: str) -> tuple[int, int] | None:
        """Return the day and number encoded in a code, or None."""
        if not re.fullmatch(r"[0-9a-z]{8}", text):
            return None
        return self._gather(kind, int(text, len(_DIGITS)), _CODE_BITS)

    def _tag(self, name: int) -> bytes:
        digest = hashlib.blake2b(name.to_bytes(8, "big"), key=self._key, digest_size=8).digest()
        return digest[:6] + bytes((digest[6] & 0x0F | 0x40, digest[7]))  # version 4

    def _mask(self, tag: bytes) -> int:
        digest = hashlib.blake2b(tag, key=self._key, digest_size=8).digest()
        return int.from_bytes(digest, "big")

    def _scatter(self, kind: Kind, index: int, bits: int) -> int:
        return (index * _MULTIPLIER + self._offset(kind)) % (1 << bits)

    def _gather(self, kind: Kind, value: int, bits: int) -> tuple[int, int] | None:
        if not 0 <= value < 1 << bits:
            return None
        inverse = pow(_MULTIPLIER, -1, 1 << bits)
        index = (value - self._offset(kind)) * inverse % (1 << bits)
        if index >> _INDEX_BITS:
            return None
        return index >> _NUMBER_BITS, index & (1 << _NUMBER_BITS) - 1

    def _offset(self, kind: Kind) -> int:
        return int.from_bytes(self._key[:8], "big") * (2 * kind + 1)
