"""Checker of the Singer state that a run is given: one line for what cannot be read. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_freshchat.bookmarks import REPORTS, REST
from tap_freshchat.errors import FreshchatError
from tap_freshchat.settling import DROPPED, HASHES, SETTLED, read_hashes
from tap_freshchat.times import parse_time
from tap_freshchat.windows import FRESHCHAT_EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
# Keys that the SDK reads in any stream's state, and that no stream of this tap has.
_SDK_KEYS = ("partitions", "progress_markers", "replication_key_signpost")


class StateError(FreshchatError):
    """A state cannot be read; the text names stream and key."""


def check_state(state: Any, streams: Collection[str]) -> dict[str, Any]:
    """The readable state, `{"bookmarks": {stream: {…}}}`; null counts as absent.

    Unknown keys, and streams that the tap does not have, are passed on or ignored. Raises
    StateError for a value of the wrong kind.
    """
    bookmarks = _object(state, "The state").get("bookmarks")
    if bookmarks is None:
        return {}
    found = _object(bookmarks, "Key bookmarks of the state")
    return {
        "bookmarks": {
            name: _stream_state(value, name)
            for name, value in found.items()
            if isinstance(value, dict) or (value is not None and name in streams)
        }
    }


def misplaced_state(state: Any) -> str | None:
    """What to say of a state that has keys but no bookmarks; None if nothing is odd."""
    if not isinstance(state, dict) or not state or "bookmarks" in state:
        return None
    if "singer_state" in state:
        return (
            "The state is wrapped in singer_state and is ignored, so every stream starts at "
            "start_date. Pass the object in singer_state instead."
        )
    return (
        "The state has no key bookmarks and is ignored, so every stream starts at start_date. Pass "
        "the value of a STATE message of this tap."
    )


def _stream_state(value: Any, stream: str) -> dict[str, Any]:
    place = f"State of stream {stream}"
    found = _without_null(_object(value, place))
    for key in _SDK_KEYS:
        found.pop(key, None)
    if "replication_key_value" in found:
        _check_time(found["replication_key_value"], f"{place}: replication_key_value")
    for source in (REPORTS, REST):
        if source in found:
            found[source] = _source_state(found[source], f"{place}: {source}")
    return found


def _source_state(value: Any, place: str) -> dict[str, Any]:
    found = _without_null(_object(value, place))
    for key, check in _CHECKS.items():
        if key in found:
            check(found[key], f"{place}.{key}")
    return found


def _check_time(value: Any, place: str) -> None:
    if not isinstance(value, str):
        raise _error(place, value, "a time in ISO 8601")
    try:
        time = parse_time(value)
    except ValueError as error:
        raise StateError(f"{place} is {error}. {_REMEDY}") from None
    if time < FRESHCHAT_EPOCH:
        raise StateError(f"{place} is before 2010, when Freshchat did not exist. {_REMEDY}")


def _check_texts(value: Any, place: str) -> None:
    if not isinstance(value, list):
        raise _error(place, value, "a list of texts")
    for item in value:
        if not isinstance(item, str):
            raise _error(f"{place}: an item", item, "a text")


def _check_text_by_name(value: Any, place: str) -> None:
    for item in _object(value, place).values():
        if not isinstance(item, str):
            raise _error(f"{place}: a value", item, "a text")


def _check_hashes(value: Any, place: str) -> None:
    for hour, text in _object(value, place).items():
        _check_time(hour, f"{place}: a key")
        if not isinstance(text, str):
            raise _error(f"{place}: a value", text, "a text")
        try:
            read_hashes(text)
        except ValueError:
            raise StateError(f"{place}: a value is not a list of hashes. {_REMEDY}") from None


def _check_unread(value: Any, place: str) -> None:
    for times in _object(value, place).values():
        for time in _object(times, f"{place}: a value").values():
            _check_time(time, f"{place}: a value")


def _check_minutes(value: Any, place: str) -> None:
    for minutes in _object(value, place).values():
        is_number = isinstance(minutes, int) and not isinstance(minutes, bool)
        if not is_number or not _HOUR <= minutes <= _MONTH:
            raise StateError(f"{place}: a value is not 60 to 44640 minutes. {_REMEDY}")


# The parts of a source's sub-state.
_CHECKS: dict[str, Callable[[Any, str], None]] = {
    "start": _check_time,
    "end": _check_time,
    "overlap_since": _check_time,
    "overlap_ids": _check_texts,
    "reports_read": _check_texts,
    "assignees": _check_text_by_name,
    "agent_statuses": _check_text_by_name,
    "unread": _check_unread,
    "shared_job_limit_since": _check_time,
    "accepted_window_minutes": _check_minutes,
    SETTLED: _check_time,
    DROPPED: _check_time,
    HASHES: _check_hashes,
}
_HOUR, _MONTH = 60, 31 * 24 * 60
_REMEDY = "Correct it, or remove the stream from the state; the stream then starts at start_date."


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _error(place, value, "an object")
    return value


def _without_null(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not None}


def _error(place: str, value: Any, expected: str) -> StateError:
    kind = "null" if value is None else _KINDS.get(type(value), "a number")
    return StateError(f"{place} is {kind}, and {expected} is expected. {_REMEDY}")
