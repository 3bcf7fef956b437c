"""Records through stream maps: a failure is the user's to mend, and named so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MapExpressionError
from singer_sdk.mapper import CustomStreamMap

from target_segment.errors import TargetSegmentError

if TYPE_CHECKING:
    from singer_sdk.mapper import StreamMap


def transformed(stream_map: StreamMap, record: dict[str, Any]) -> dict[str, Any] | None:
    """Let a stream map make of a record what it does; None if it leaves the record out.

    Raises:
        TargetSegmentError: An expression of the user's cannot take the record.
    """
    if not isinstance(stream_map, CustomStreamMap):
        return stream_map.transform(record)
    try:
        return stream_map.transform(record)
    except MapExpressionError as error:
        kind, what = type(error.__cause__).__name__, str(error).rstrip(".")
    except Exception as error:  # noqa: BLE001 - an expression can fail in any way
        kind, what = type(error).__name__, "an expression failed"
    raise TargetSegmentError(
        f"stream_maps.{stream_map.stream_name}: {what} on a record ({kind}); let it allow for what "
        "the tap sends, such as null or a number with decimals"
    )
