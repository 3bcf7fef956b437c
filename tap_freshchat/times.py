"""Parser of Freshchat's time formats and formatter of the single output format. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

import msgspec

# "2025-07-10T19:47:55.442Z" (REST), "2025-07-10 19:47:55.44" (report CSVs, no zone: UTC),
# "2025-07-10" (settings). Java's Timestamp.toString, whose style the CSVs show, drops trailing
# zeros of the fraction, so ".44" is 440 ms: the digits are a decimal fraction, not a count.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)
_NAMES_A_ZONE = re.compile(r"(Z|UTC|[+-]\d\d:?\d\d)\s*$", re.ASCII | re.IGNORECASE)
# Up to six digits of the fraction, of which all count; msgspec rounds what comes after them.
_LONGEST_EXACT = len("2025-07-10T19:47:55.442123Z")
_SECONDS = len("2025-07-10T19:47:55")
# Clocks change by an hour at most, and in Lord Howe by half an hour (IANA); so a time that is read
# on the wrong side of a change is within an hour of it.
_ZONE_CHANGE_MARGIN = timedelta(hours=2)
_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def parse_time_in(zone: tzinfo, text: str) -> datetime:
    """Read a time that is in `zone` if it has none of its own; else as `parse_time`.

    A time that the zone skips or repeats when clocks change is read as before the change.
    """
    return read_time_in(zone, text)[0]


def read_time_in(zone: tzinfo, text: str) -> tuple[datetime, bool]:
    """Read a time as `parse_time_in`, and whether the zone skips or repeats it."""
    time = parse_time(text)
    if zone is timezone.utc or _NAMES_A_ZONE.search(text):
        return time, False
    local = time.replace(tzinfo=zone)
    is_unclear = local.utcoffset() != local.replace(fold=1).utcoffset()
    return local.astimezone(timezone.utc), is_unclear


def before_zone_change(time: datetime, zone: tzinfo) -> datetime:
    """The time; two hours before a change of the zone's offset, if that is within two hours of it.

    No time that `parse_time_in` reads on the wrong side of a change is on the other side of this.
    """
    if zone is timezone.utc:
        return time
    try:
        before, after = time - _ZONE_CHANGE_MARGIN, time + _ZONE_CHANGE_MARGIN
        old = before.astimezone(zone).utcoffset()
        if old == after.astimezone(zone).utcoffset():
            return time
    except OverflowError:
        return time
    # Zones change at whole minutes (IANA, since 1972).
    first, last = floor_to(before, _MINUTE), floor_to(after, _MINUTE)
    while last - first > _MINUTE:
        middle = floor_to(first + (last - first) / 2, _MINUTE)
        if middle.astimezone(zone).utcoffset() == old:
            first = middle
        else:
            last = middle
    return last - _ZONE_CHANGE_MARGIN


def parse_time(text: str) -> datetime:
    """Read a time, in UTC if it has no zone; ValueError, without the text, if it is not a time."""
    # The two usual forms, in one native call: every row has a time.
    zoned = text if text.endswith("Z") else f"{text}Z"
    if len(zoned) <= _LONGEST_EXACT:
        try:
            found = msgspec.convert(zoned, datetime)
        except ValueError:  # msgspec's own, and that of a lone surrogate
            pass
        else:
            # It ends reading at a NUL, before the zone.
            if found.tzinfo is not None:
                return found
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a date or time in ISO 8601")
    day, clock, fraction, zone = match.groups()
    seconds = "" if clock and len(clock) > len("hh:mm") else ":00"
    micros = (fraction or "").ljust(6, "0")[:6]
    offset = f"{zone[:3]}:{zone[-2:]}" if zone and zone[0] in "+-" else "+00:00"
    try:
        time = datetime.fromisoformat(f"{day}T{clock or '00:00'}{seconds}.{micros}{offset}")
        return time.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("outside of the years 1 to 9999") from None
    except ValueError:
        raise ValueError("not a day of the calendar or not a time of any zone") from None


def parse_time_or_none(value: object) -> datetime | None:
    """Parse a time from any value; None if it is not one."""
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


def from_epoch_ms(milliseconds: int) -> datetime:
    """The exact time for milliseconds since 1970; ValueError outside of the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise ValueError("outside of the years 1 to 9999") from None


def format_time(time: datetime) -> str:
    """Format a time in the single, fixed-width UTC format of the output.

    The SDK compares bookmarks as strings, so equal width and zone make string order time
    order: `2026-11-22T10:55:22.220000+00:00`.
    """
    if time.tzinfo is not timezone.utc:
        time = time.astimezone(timezone.utc)
    # Python's own isoformat takes six times as long; this leaves out a fraction of nothing.
    text: str = msgspec.to_builtins(time)
    return f"{text[:_SECONDS]}{text[_SECONDS:-1] or '.000000'}+00:00"


def format_request_time(time: datetime) -> str:
    """The form in requests: ISO 8601, milliseconds, `Z`, as Freshchat's own examples have it."""
    return time.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"


def interaction_start_time(interaction_id: str | None) -> datetime | None:
    """Start time of an interaction, from its id: `<conversation number>-<epoch ms>`.

    Inferred from three public samples (docs/assumptions.md); None when the id has another form.
    """
    _, _, suffix = (interaction_id or "").rpartition("-")
    if not (suffix.isascii() and suffix.isdigit() and len(suffix) == 13):  # noqa: PLR2004
        return None
    return from_epoch_ms(int(suffix))


def floor_to(time: datetime, step: timedelta) -> datetime:
    """Round a time down to a whole number of steps since 1970."""
    return time - (time - _EPOCH) % step
