"""Bases of all streams, and of those that read a complete list in every run."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from singer_sdk import SchemaDirectory, StreamSchema
from typing_extensions import override

from tap_freshchat import schemas
from tap_freshchat.conform import conform_record
from tap_freshchat.pii import redact_pii
from tap_freshchat.sdk import SdkStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context

    from tap_freshchat.run_context import RunContext


class FreshchatStream(SdkStream):
    """Stream of Freshchat records, built to their schema.

    `start_run` starts the run at its first call and returns what all streams share.
    """

    primary_keys: Sequence[str] = ("id",)
    schema = StreamSchema(SchemaDirectory(schemas))

    def __init__(self, tap: Tap, start_run: Callable[[], RunContext]) -> None:
        super().__init__(tap)
        self._start_run = start_run

    @property
    def run(self) -> RunContext:
        """What all streams of the run share."""
        return self._start_run()

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        # Bookmarks are window ends, so there is no signpost. But `sync`, which is final, asks for
        # it first, before its own error handling, which logs a traceback.
        self._start_run()

    @override
    def isolated_records(self) -> Iterator[dict[str, Any]]:
        try:
            yield from self.build_records()
        except Exception as error:  # noqa: BLE001 - one that concerns the whole run is raised again
            self.run.failures.add(self.name, error)

    def in_shard(self, records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The records of this run's shard, without personal data if that is excluded."""
        declared = self.schema["properties"]
        sharded = self.run.config.shard_count > 1
        redact = self.run.config.exclude_pii
        for record in records:
            if sharded and not self.run.in_shard(shard_key(record, self.primary_keys)):
                continue
            yield redact_pii(record, declared) if redact else record


class FullTableStream(FreshchatStream):
    """Stream of one list. A subclass says where its items are."""

    @abstractmethod
    def items(self) -> Iterable[Mapping[str, Any]]:
        """The items as the service returns them."""

    @override
    def build_records(self) -> Iterator[dict[str, Any]]:
        properties = self.schema["properties"]
        return self.in_shard(conform_record(item, properties) for item in self.items())


def shard_key(record: Mapping[str, Any], primary_keys: Sequence[str]) -> str:
    """The id that decides a record's shard: its conversation, its agent, or its first key."""
    owner = record.get("conversation_id") or record.get("agent_id")
    return str(owner or record[primary_keys[0]])
