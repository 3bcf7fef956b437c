"""Stream maps: applies them to records and names the expression that fails."""

from __future__ import annotations

from datetime import date, time
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MapExpressionError
from singer_sdk.mapper import CustomStreamMap

from target_segment.errors import TargetSegmentError

if TYPE_CHECKING:
    from singer_sdk.mapper import StreamMap


def apply_stream_map(stream_map: StreamMap, record: dict[str, Any]) -> dict[str, Any] | None:
    """Apply a stream map; None if it filters out, `TargetSegmentError` if it fails."""
    if not isinstance(stream_map, CustomStreamMap):
        return stream_map.transform(record)
    try:
        result = stream_map.transform(record)
    except MapExpressionError as error:
        kind, what = type(error.__cause__).__name__, str(error).rstrip(".")
    except Exception as error:  # noqa: BLE001 - an expression can fail in any way
        kind, what = type(error).__name__, "an expression failed"
    else:
        if result is None:
            return None
        # An expression may return a date or time; a tap sends it as text.
        dates = {name: each for name, each in result.items() if isinstance(each, (date, time))}
        return {**result, **{name: each.isoformat() for name, each in dates.items()}}
    raise TargetSegmentError(
        f"stream_maps.{stream_map.stream_name}: {what} on a record ({kind}); change it to "
        "accept what the tap sends, such as null or a decimal number"
    )
