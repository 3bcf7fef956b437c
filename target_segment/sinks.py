"""One stream's records on their way from Singer to the intake: held to their schema and key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MissingKeyPropertiesError
from singer_sdk.mapper import RemoveRecordTransform
from singer_sdk.sinks import Sink
from typing_extensions import override

from target_segment.mapping.stream_mapping import Skipped, StreamInfo, StreamMapping
from target_segment.outlet import Outlet
from target_segment.preview.explanation import explain
from target_segment.segment_spec import Reason
from target_segment.singer.validation import CompiledValidator
from target_segment.stream_pipeline import StreamPipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from singer_sdk import Target

    from target_segment.mapping.routing import Routing
    from target_segment.run import Run


def _mapping_of(target: Target, routing: Routing, stream: StreamInfo) -> StreamMapping | Skipped:
    maps = [
        each
        for maps in target.mapper.stream_maps.values()
        for each in maps
        if each.stream_alias == stream.name
    ]
    if maps and all(isinstance(each, RemoveRecordTransform) for each in maps):
        return Skipped("removed by stream_maps")
    return routing.mapping_of(stream)


def close_replaced_sinks(sinks: list[Sink]) -> None:
    """Be done with sinks that others have followed: what they took is the delivery's by now."""
    for sink in sinks:
        sink.record_counter_metric.increment(sink.current_size)
        sink.clean_up()
    sinks.clear()


class SegmentSink(Sink):
    """Hands one stream's records to the delivery that all streams share.

    Args:
        target: Has the stream maps.
        stream_name: As in the stream's messages.
        schema: As in its SCHEMA message.
        key_properties: As in its SCHEMA message.
        routing: Which mapping the stream has.
        run: Gives what all streams share, which is made for the first stream without a fault.
    """

    def __init__(  # noqa: PLR0913 - the SDK's four, and two of our own
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
        *,
        routing: Routing,
        run: Callable[[], Run],
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._validator: CompiledValidator | None = None
        self._keys = tuple(key_properties or ())
        stream = StreamInfo(name=stream_name, schema=self.original_schema, keys=self._keys)
        mapping = _mapping_of(target, routing, stream)
        if isinstance(mapping, Skipped):
            # What is no event may break its schema, and lack its key.
            self._keys = ()
        elif self.validate_schema:
            # The original schema: the SDK takes Singer's own columns out of the other one.
            self._validator = CompiledValidator(self.original_schema, stream_name)
        shared = run()
        if shared.dry_run and isinstance(mapping, StreamMapping):
            shared.dry_run.preview.explain(stream_name, explain(mapping))
        self._outlet = Outlet(stream, shared, truncate=routing.rules.truncate)
        self._pipeline = StreamPipeline(stream, mapping, self._outlet, shared.now)
        self._delivery = shared.delivery

    def process(self, record: dict[str, Any] | None) -> None:
        """Validate a record and process it: the short form of what the SDK does with one.

        Args:
            record: The record; None if stream maps have left it out.

        Raises:
            MissingKeyPropertiesError: The record lacks a key: the tap is at fault.
            TargetSegmentError: The delivery has failed, or a dead letter cannot be kept.
        """
        if record is None:
            self._pipeline.count_filtered()
            return
        self.tally_record_read()
        if self._validator is not None and not self._validator.is_valid(record):
            fault = self._validator.describe_error(record)
            self._outlet.reject(record, Reason("invalid_record", fault))
            return
        for key in self._keys:
            if key not in record:
                raise MissingKeyPropertiesError(
                    f"Stream '{self.stream_name}': a record lacks its key property '{key}'"
                )
        self._pipeline.process(record)

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        self.process(record)

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Settle everything handed over: what the SDK takes for drained is durable."""
        self._delivery.flush()
        self.record_counter_metric.increment(self.current_size)

    @override
    def get_validator(self) -> None:
        # Too early: the schema of a stream that is no events may be no schema at all.
        return None

    @property
    @override
    def is_full(self) -> bool:
        # Bodies are cut by the delivery, over all streams.
        return False
