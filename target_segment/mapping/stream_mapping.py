"""Mapping of one stream: record to event, pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from target_segment.mapping.expressions import decimal_text, is_blank
from target_segment.mapping.properties import PrivacyRules, Properties
from target_segment.segment_spec import NO_EVENT_NAME, InvalidEvent

if TYPE_CHECKING:
    from target_segment.mapping.expressions import Expression, Record
    from target_segment.mapping.message_ids import IdParts

_NO_TIME = "the time of the event is not an ISO 8601 time"
# An ISO 8601 time with a zone that is in RFC 3339 as well.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
# ISO 8601, or SQL's blank in place of the T. `fromisoformat` reads more: any character between date
# and time, a colon before the fraction of a second.
_ISO_8601 = re.compile(
    r"(\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d(-?\d)?)"
    r"([Tt ]\d\d(:?\d\d(:?\d\d([.,]\d*)?)?)?( ?([Zz]|[+-]\d\d(:?\d\d(:?\d\d)?)?))?)?",
    re.ASCII,
)
# Digits of a second that a `datetime` does not keep.
_FRACTION = re.compile(r"[.,]([0-9]{7,})")

MessageId: TypeAlias = Callable[[Sequence[Any]], str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why a record, or a whole stream, is not an event by the user's or the preset's decision."""

    reason: str

    def map(self, _: Record) -> Skipped:
        """Skip a record of a stream that is skipped."""
        return self


class Condition(NamedTuple):
    """A compiled condition of `when`: a record passes if its value is (not) among the values."""

    value: Expression
    values: tuple[Any, ...]
    not_in: bool
    skipped: Skipped
    path: str


class Mapped(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record's event, before it is encoded: a batch item as Segment's documentation shapes it.

    `name` and `identity` are `Event`'s; without `time`, Segment uses the time of receipt.
    """

    event: dict[str, Any]
    name: str
    identity: str
    time: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedRules:
    """Settings that apply to all streams.

    `names` are the new event names by old ones, `only` the events to send under either name, and
    `truncate` the paths of texts that may be cut when an event is too large. `preset_context` is
    for the streams that the preset maps, `preset_streams`.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    integrations: Mapping[str, Any] = field(default_factory=dict)
    privacy: PrivacyRules = field(default_factory=PrivacyRules)
    truncate: Sequence[str] = ()
    preset_context: Mapping[str, Any] = field(default_factory=dict)
    preset_streams: frozenset[str] = frozenset()

    def context_of(self, stream: str) -> Mapping[str, Any]:
        """Return the part of the context that a stream's events share."""
        if stream in self.preset_streams:
            return {**self.preset_context, **self.context}
        return self.context


@dataclass(frozen=True, kw_only=True)
class StreamInfo:
    """A stream as its SCHEMA message describes it."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    keys: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamMapping:
    """A compiled mapping; `config` is what it was compiled from.

    `checks` are the conditions as plain tuples, which Python unpacks faster.
    """

    stream: StreamInfo
    config: Mapping[str, Any]
    call: str
    rules: SharedRules
    payload_name: str
    event: Expression
    event_is_optional: bool
    user_id: Expression | None
    anonymous_ids: Sequence[tuple[Expression, str]]
    group_id: Expression | None
    timestamp: Expression | None
    message_id: MessageId
    id_parts: IdParts
    when: Sequence[Condition]
    checks: Sequence[tuple[Expression, tuple[Any, ...], bool, Skipped]]
    payload: Properties
    context: Expression | None
    fixed_context: msgspec.Raw
    integrations: msgspec.Raw | None

    def map(self, record: Record) -> Mapped | Skipped:
        """Turn a record into an event, or return why it is skipped.

        Raises `InvalidEvent`, and `NotEncodableError` if a part of its id is NaN or Infinity.
        """
        for value, values, not_in, skipped in self.checks:
            if (value(record) in values) is not_in:
                return skipped
        name = self.call
        event: dict[str, Any] = {"type": name}
        if name == "track":
            own_name = self.event(record)
            if own_name is None and self.event_is_optional:
                return Skipped("no event name is mapped to its value")
            rules = self.rules
            try:
                name = rules.names.get(own_name, own_name)
            except TypeError:  # a list or an object
                raise InvalidEvent("no_event_name", NO_EVENT_NAME) from None
            if rules.only is not None and name not in rules.only and own_name not in rules.only:
                return Skipped("not among the events to send")
            event["event"] = name
        identity = self._identify(record, event)
        if self.group_id:
            event["groupId"] = _id_as_string(self.group_id(record))
        payload = self.payload(record)
        event["messageId"] = self.message_id(self.id_parts(record, payload))
        time = None
        if self.timestamp:
            event["timestamp"], time = _timestamp(self.timestamp(record))
        event[self.payload_name] = payload
        event["context"] = self.context(record) if self.context else self.fixed_context
        if self.integrations is not None:
            event["integrations"] = self.integrations
        return Mapped(event=event, name=name, identity=identity, time=time)

    def _identify(self, record: Record, event: dict[str, Any]) -> str:
        """Put the ids into the event and return what identifies it.

        A fallback for `anonymousId` is used only without a `userId`: next to one, it would tie a
        conversation's id to a person permanently.
        """
        user = _id_as_string(self.user_id(record)) if self.user_id else None
        if user is not None:
            event["userId"] = user
        for value, label in self.anonymous_ids:
            anonymous = _id_as_string(value(record))
            if anonymous is not None:
                event["anonymousId"] = anonymous
                return label if user is None else "userId"
            if user is not None:
                break
        return "userId"


def _id_as_string(value: Any) -> str | None:
    """Format an id as a string: warehouses and identity graphs keep ids as strings.

    A blank text is no id: all records that have one would belong to the same person.
    """
    if type(value) is str:
        return None if is_blank(value) else value
    if value is None:
        return None
    if isinstance(value, Decimal) and (text := decimal_text(value)):
        return text
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidEvent("bad_identity", "an id must be a string or a number")
    return str(value)


def _timestamp(value: Any) -> tuple[str, datetime]:
    """Return a time as RFC 3339, with all its digits; one without a zone is UTC, as in Singer."""
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        parsed = _parse_datetime(value)
    if isinstance(value, str):
        if parsed.tzinfo is not None and _RFC_3339.fullmatch(value):
            return value, parsed
        if not _ISO_8601.fullmatch(value):
            raise InvalidEvent("bad_timestamp", _NO_TIME)
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=timezone.utc)
    return _format_timestamp(value, parsed), parsed


def _format_timestamp(value: Any, parsed: datetime) -> str:
    """Write a time in RFC 3339, with more digits of a second than a `datetime` has."""
    if parsed.utcoffset() % timedelta(minutes=1):  # type: ignore[operator]  # it has a zone
        try:
            parsed = parsed.astimezone(timezone.utc)
        except OverflowError:
            raise InvalidEvent("bad_timestamp", _NO_TIME) from None
    text = parsed.isoformat()
    digits = _FRACTION.search(value) if isinstance(value, str) else None
    return f"{text[:19]}.{digits[1]}{text[-6:]}" if digits else text


def _parse_datetime(value: Any) -> datetime:
    """Parse what `fromisoformat` does not: in Python 3.10 also `Z`, and all but 3 or 6 digits."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the caller adds one
    try:
        return msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        text = "the time of the event is missing" if value is None else _NO_TIME
        raise InvalidEvent("bad_timestamp", text) from None
