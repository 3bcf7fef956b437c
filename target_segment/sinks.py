"""Sink of one stream: the SDK's view of a stream pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import Sink
from typing_extensions import override

from target_segment.mapping.sent_fields import sent_fields, sent_through
from target_segment.mapping.stream_mapping import Skipped, StreamInfo, StreamMapping
from target_segment.preview.explanation import describe_mapping
from target_segment.singer.validation import RecordValidator
from target_segment.stream_pipeline import StreamPipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from singer_sdk import Target
    from singer_sdk.mapper import StreamMap

    from target_segment.mapping.path_usage import PathUsage
    from target_segment.mapping.routing import Routing
    from target_segment.run import Run
    from target_segment.segment_spec import Reason

# Default of the SDK's setting flattening_separator.
FLATTENING_SEPARATOR = "__"

_REMOVED = Skipped("removed by stream_maps")


class SegmentSink(Sink):
    """Passes one stream's records to its pipeline.

    `start_run` is called once the stream is known to be valid. `is_unmapped` says that no stream
    map changes the records, so that they have the schema of the tap; `is_removed`, that a stream
    map removes all of them.
    """

    def __init__(  # noqa: PLR0913 - the SDK's four, and five of ours
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
        *,
        routing: Routing,
        path_usage: PathUsage,
        start_run: Callable[[], Run],
        is_unmapped: bool,
        is_removed: bool,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        # The original schema: the SDK removes Singer's own columns from the other one.
        keys = tuple(key_properties or ())
        stream = StreamInfo(name=stream_name, schema=self.original_schema, keys=keys)
        mapping = _REMOVED if is_removed else routing.mapping_of(stream)
        # Records of a skipped stream may break their schema and lack their key.
        validator, watch = None, None
        if isinstance(mapping, StreamMapping):
            # What stream maps make is not checked against the schema that the SDK derives.
            if self.validate_schema and is_unmapped:
                validator = RecordValidator(self.original_schema, sent_fields(mapping))
            separator = self.config.get("flattening_separator") or FLATTENING_SEPARATOR
            watch, warnings = path_usage.watch(mapping, separator)
            for warning in warnings:
                self.logger.warning(warning)
        run = start_run()
        if run.dry_run and isinstance(mapping, StreamMapping):
            run.dry_run.preview.explanations[stream_name] = describe_mapping(mapping)
        self._delivery = run.delivery
        self._pipeline = StreamPipeline(
            stream,
            mapping,
            run,
            truncate=routing.rules.truncate,
            validator=validator,
            watch=watch,
        )

    def validator_of(self, schema: dict[str, Any], stream_map: StreamMap) -> RecordValidator | None:
        """Return a validator of a tap's records, before stream maps or flattening; None for none.

        `schema` is that of the tap. Records of a skipped stream may break it.
        """
        mapping = self._pipeline.mapping
        if not self.validate_schema or isinstance(mapping, Skipped):
            return None
        maps = (self.config.get("stream_maps") or {}).values()
        texts = [text for each in maps if each for text in each.values() if isinstance(text, str)]
        sent = sent_through(
            sent_fields(mapping),
            schema["properties"],
            stream_map.transformed_schema["properties"],
            "\n".join(texts),
            self.config.get("flattening_separator") or FLATTENING_SEPARATOR,
        )
        return RecordValidator(schema, sent)

    def reject(self, record: dict[str, Any], reason: Reason) -> None:
        """Count and keep a record with a fault, unless its stream is skipped."""
        if isinstance(self._pipeline.mapping, Skipped):
            self.process(record)
            return
        self.tally_record_read()
        self._pipeline.reject(record, reason)

    def process(self, record: dict[str, Any] | None) -> None:
        """Count and process a record; None is one that stream maps filtered out."""
        if record is None:
            self._pipeline.count_filtered()
            return
        self.tally_record_read()
        self._pipeline.process(record)

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        self.process(record)

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Deliver everything in the queue: what the SDK takes as drained must be durable."""
        self._delivery.flush()
        self.record_counter_metric.increment(self.current_size)

    @override
    def get_validator(self) -> None:
        # The SDK's own would refuse the schema of a skipped stream.
        return None
