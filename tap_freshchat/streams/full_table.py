"""Base of the streams that are read in full on every run."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from singer_sdk import SchemaDirectory, Stream, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_freshchat import schemas
from tap_freshchat.api import pagination
from tap_freshchat.conform import conform_record
from tap_freshchat.pii import redact_pii
from tap_freshchat.sharding import shard_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_freshchat.run_context import RunContext


class FullTableStream(Stream):
    """Reads a whole list via REST; a subclass returns its items.

    Args:
        tap: for the SDK.
        start_run: starts the run when first called; returns what its streams share.
    """

    primary_keys: Sequence[str] = ("id",)
    schema = StreamSchema(SchemaDirectory(schemas))
    # Records are built to the schema here; conforming each again would only take time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: Tap, start_run: Callable[[], RunContext]) -> None:
        super().__init__(tap)
        self._start_run = start_run

    @abstractmethod
    def items(self) -> Iterable[Mapping[str, Any]]:
        """The items as Freshchat returns them."""

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        properties = self.schema["properties"]
        redact = self.run.config.exclude_pii
        for item in self.items():
            record = conform_record(item, properties)
            if not self.run.in_shard(shard_key(record, self.primary_keys)):
                continue
            yield redact_pii(record, properties) if redact else record

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: there is no replication key.

        `sync` is final and asks for this first, before its own error handling begins: here the
        run begins too, so that a wrong host or token is one line and not an unhandled error.
        """
        self._start_run()

    @property
    def run(self) -> RunContext:
        """What all streams of the run share."""
        return self._start_run()

    def paginate(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        """Items of a list in pages, each once even when pages shift."""
        seen = set()
        page_size = self.run.config.page_size
        for item in pagination.paginate(self.run.client, path, key, page_size=page_size):
            if item["id"] not in seen:
                seen.add(item["id"])
                yield item
