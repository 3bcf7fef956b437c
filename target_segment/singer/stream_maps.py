"""Records through stream maps: failures named as the user's to mend, dates as JSON has them."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MapExpressionError
from singer_sdk.mapper import CustomStreamMap

from target_segment.errors import TargetSegmentError

if TYPE_CHECKING:
    from singer_sdk.mapper import StreamMap


def apply_stream_map(stream_map: StreamMap, record: dict[str, Any]) -> dict[str, Any] | None:
    """Let a stream map make of a record what it does; None if it leaves the record out.

    Raises:
        TargetSegmentError: An expression of the user's cannot take the record.
    """
    if not isinstance(stream_map, CustomStreamMap):
        return stream_map.transform(record)
    try:
        result = stream_map.transform(record)
    except MapExpressionError as error:
        kind, what = type(error.__cause__).__name__, str(error).rstrip(".")
    except Exception as error:  # noqa: BLE001 - an expression can fail in any way
        kind, what = type(error).__name__, "an expression failed"
    else:
        return None if result is None else {name: _dates_as_text(result[name]) for name in result}
    raise TargetSegmentError(
        f"stream_maps.{stream_map.stream_name}: {what} on a record ({kind}); let it allow for what "
        "the tap sends, such as null or a number with decimals"
    )


def _dates_as_text(value: Any) -> Any:
    """Write a date or time that an expression has made as a tap would have sent it."""
    return value.isoformat() if isinstance(value, (date, time)) else value
