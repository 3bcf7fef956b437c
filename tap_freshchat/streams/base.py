"""Base of all streams: what they share of the run, how records are filtered and written."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk import SchemaDirectory, Stream, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from tap_freshchat import schemas
from tap_freshchat.message_writer import BufferedMessageWriter
from tap_freshchat.pii import redact_pii
from tap_freshchat.sharding import shard_key

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_freshchat.run_context import RunContext


class FreshchatStream(Stream):
    """Stream of Freshchat records, built to their schema.

    Args:
        tap: for the SDK.
        start_run: starts the run at its first call; returns what all streams share.
    """

    primary_keys: Sequence[str] = ("id",)
    schema = StreamSchema(SchemaDirectory(schemas))
    # Records are built to the schema; conforming each again would only take time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: Tap, start_run: Callable[[], RunContext]) -> None:
        super().__init__(tap)
        self._start_run = start_run

    @property
    def run(self) -> RunContext:
        """What all streams of the run share."""
        return self._start_run()

    @abstractmethod
    def build_records(self) -> Iterable[dict[str, Any]]:
        """Records to emit."""

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        return self.build_records()

    def in_shard(self, records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The records of this run's shard, without personal data if that is excluded."""
        declared = self.schema["properties"]
        sharded = self.run.config.shard_count > 1
        redact = self.run.config.exclude_pii
        for record in records:
            if sharded and not self.run.in_shard(shard_key(record, self.primary_keys)):
                continue
            yield redact_pii(record, declared) if redact else record

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """No signpost: bookmarks are window ends.

        `sync` is final and calls this first, before its own error handling. Starting the run here
        makes a wrong host or token one line instead of an unhandled error.
        """
        self._start_run()

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[Record, None, None]:
        """Write each record as it comes.

        The SDK's loop checks every record for children, partitions, order and bookmarks, which
        these streams do not have, and takes longer than reading the record.
        """
        with self.get_record_counter() as counter, self.get_sync_timer():
            for number, record in enumerate(self.build_records()):
                self._check_max_record_limit(number)
                if write_messages:
                    self._write_record_message(record)
                counter.increment()
                yield record
        if write_messages:
            self._write_state_message()

    @override
    def _write_record_message(self, record: Record) -> None:
        """Write the record as it is, unless a field is deselected or mapped.

        The SDK checks the selection of every field of every record, which takes as long as all
        else that it does with a record.
        """
        writer = self._tap.message_writer
        if self._needs_sdk_transforms or not isinstance(writer, BufferedMessageWriter):
            super()._write_record_message(record)
            return
        writer.write_record(self.name, record)
        self.state_manager.is_flushed = False

    @cached_property
    def _needs_sdk_transforms(self) -> bool:
        """Whether a catalog deselects fields, or stream maps or flattening change records."""
        unmapped = len(self.stream_maps) == 1 and isinstance(
            self.stream_maps[0], SameRecordTransform
        )
        return (
            not unmapped
            or self.stream_maps[0].flattening_enabled
            or not all(self.mask.values())
            or self._stream_version is not None
        )
